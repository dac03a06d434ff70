// Damaged and hostile bytes: every reader answers with a value or STORAGE_CORRUPT, in memory
// bounded by its input.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMillraceError } from '../../src/errors.ts'
import { dynamicType } from '../../src/types/dynamic.ts'
import { readKey, skipKey, writeKey } from '../../src/types/keys.ts'
import { t } from '../../src/types/t.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { SeededRandom } from '../../src/util/random.ts'

const FLIPS = 2_000

const Everything = t.struct({
  name: t.string,
  flags: t.list(t.boolean),
  count: t.optional(t.int32),
  big: t.int64,
  at: t.date,
  raw: t.bytes,
  colour: t.enum('red', 'green'),
  marks: t.list(t.literal('x')),
  pairs: t.map(t.string, t.tuple(t.float64, t.nullable(t.timestamp))),
  either: t.union(t.int32, t.struct({ kind: t.literal('k'), json: t.json<unknown>() })),
  rest: t.dynamic<unknown>(),
})
const dynamic = dynamicType<unknown>()

const plain = {
  text: ['short', 'a long text '.repeat(10), 'lone \ud800', 'é€😀'],
  numbers: [1, -1, 300, -70_000, 1.5, 123_456_789_012n, -(2n ** 100n)],
  held: new Map<unknown, unknown>([['k', new Set([1, { a: null }])]]),
  at: new Date(5),
  raw: new Uint8Array(20),
  many: Object.fromEntries(Array.from({ length: 20 }, (_, index) => [`field${index}`, index])),
}
const key = [
  'a\0b',
  'é\ud800',
  -1.5,
  -(2n ** 1100n),
  new Uint8Array([0, 1, 2]),
  { a: [null], b: {} },
]

const encodings: readonly (readonly [string, Buffer, (input: ByteReader) => unknown])[] = [
  ['a dynamic value', encode((out) => dynamic.write(plain, out)), (input) => dynamic.read(input)],
  ['a declared value', encode(writeEverything), (input) => Everything.read(input)],
  ['a key', encode((out) => writeKey(key, out)), readKey],
  ['a key that is skipped', encode((out) => writeKey(key, out)), skipKey],
]

function writeEverything(out: ByteWriter): void {
  Everything.write(
    {
      name: 'a name',
      flags: [true, false],
      count: 5,
      big: 5n,
      at: new Date(5),
      raw: new Uint8Array([1, 2]),
      colour: 'green',
      marks: ['x', 'x'],
      pairs: new Map([['a', [1, null]]]),
      either: { kind: 'k', json: { a: [1] } },
      rest: plain,
    },
    out,
  )
}

function encode(write: (out: ByteWriter) => void): Buffer {
  const out = new ByteWriter()
  write(out)
  return out.copy()
}

/** Reads; true if that gave a value, false for the one permitted error. */
function survives(read: (input: ByteReader) => unknown, bytes: Uint8Array): boolean {
  const input = new ByteReader(bytes)
  try {
    read(input)
    assert.ok(input.position <= bytes.length)
    return true
  } catch (error) {
    if (isMillraceError(error) && error.code === 'STORAGE_CORRUPT') return false
    throw error
  }
}

describe('damaged bytes', () => {
  for (const [name, bytes, read] of encodings) {
    it(`of ${name} that end early are STORAGE_CORRUPT`, () => {
      for (let length = 0; length < bytes.length; length++) {
        // Also with other bytes behind the end, which must not be read.
        assert.ok(!survives(read, bytes.subarray(0, length)))
        const input = new ByteReader(bytes, 0, length)
        assert.throws(() => read(input), { code: 'STORAGE_CORRUPT' })
      }
    })

    it(`of ${name} give a value or STORAGE_CORRUPT`, () => {
      const seed = 20_261_121
      const random = new SeededRandom(seed)
      let values = 0
      for (let flip = 0; flip < FLIPS; flip++) {
        const damaged = Buffer.from(bytes)
        for (let count = random.int(4); count >= 0; count--) {
          damaged[random.int(damaged.length)] = random.int(256)
        }
        try {
          if (survives(read, damaged)) values++
        } catch (error) {
          assert.fail(`seed ${seed}, flip ${flip}, ${damaged.toString('hex')}: ${String(error)}`)
        }
      }
      assert.ok(values > 0 && values < FLIPS, `${values} of ${FLIPS} gave a value`)
    })
  }

  it('that are random give a value or STORAGE_CORRUPT', () => {
    const random = new SeededRandom(7)
    for (let round = 0; round < FLIPS; round++) {
      const bytes = Buffer.from(Array.from({ length: random.int(80) }, () => random.int(256)))
      for (const [, , read] of encodings) survives(read, bytes)
    }
  })
})

describe('hostile bytes', () => {
  const huge = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x07] // a varuint of about 2^45
  const claims: readonly (readonly [string, readonly number[], (input: ByteReader) => unknown])[] =
    [
      ['a dynamic array', [0xcd, ...huge], (input) => dynamic.read(input)],
      ['a dynamic object', [0xd0, ...huge], (input) => dynamic.read(input)],
      ['a dynamic map', [0xce, ...huge], (input) => dynamic.read(input)],
      ['a dynamic set', [0xcf, ...huge], (input) => dynamic.read(input)],
      ['dynamic text', [0xc9, ...huge], (input) => dynamic.read(input)],
      ['dynamic UTF-16', [0xca, ...huge], (input) => dynamic.read(input)],
      ['dynamic bytes', [0xcc, ...huge], (input) => dynamic.read(input)],
      ['a dynamic bigint', [0xc8, ...huge], (input) => dynamic.read(input)],
      ['a string', huge, (input) => t.string.read(input)],
      ['bytes', huge, (input) => t.bytes.read(input)],
      ['a list', huge, (input) => t.list(t.int32).read(input)],
      ['a list of nothing', huge, (input) => t.list(t.literal('x')).read(input)],
      ['a list of empty structs', huge, (input) => t.list(t.struct({})).read(input)],
      ['a map of nothing', huge, (input) => t.map(t.literal(1), t.tuple()).read(input)],
      ['a bigint key', [0x38, 0xff, 0xff, 0xff], readKey],
      ['a negative bigint key', [0x38, 0x00, 0x00, 0x00], readKey],
    ]
  for (const [name, bytes, read] of claims) {
    it(`that claim a huge length of ${name} are refused before memory is taken`, () => {
      const before = process.memoryUsage().heapUsed
      assert.throws(() => read(new ByteReader(Buffer.from(bytes))), { code: 'STORAGE_CORRUPT' })
      assert.ok(process.memoryUsage().heapUsed - before < 8_000_000)
    })
  }

  it('that nest without end are refused before the stack is', () => {
    const arrays = Buffer.alloc(100_000, 0xb1)
    const tuples = Buffer.alloc(100_000, 0x60)
    assert.ok(!survives((input) => dynamic.read(input), arrays))
    assert.ok(!survives(readKey, tuples))
    assert.ok(!survives(skipKey, tuples))
  })

  it('cannot set a prototype', () => {
    const out = new ByteWriter()
    dynamic.write(JSON.parse('{"__proto__":{"polluted":true},"constructor":{"prototype":1}}'), out)
    dynamic.read(new ByteReader(out.copy()))
    assert.ok(!('polluted' in {}))
  })
})
