import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  beginRowKey,
  beginTimeKey,
  compareBytes,
  endScalarRowKey,
  endStateKey,
  readEscaped,
  readOrderedFloat64,
  SECTION_EXPIRY,
  SECTION_TIMERS,
  startsWith,
  writeEscaped,
  writeOrderedFloat64,
  writeRecordKey,
} from '../../../src/state/runs/entry.ts'
import {
  isRowKey,
  readRecordKey,
  readRowKey,
  readTimeKey,
  rowPrefixLength,
} from '../../../src/state/runs/entry-key.ts'
import {
  beginField,
  endField,
  EntryHeader,
  FieldReader,
  writeHeader,
} from '../../../src/state/runs/entry-value.ts'
import { writeKey } from '../../../src/types/keys.ts'
import { ByteReader, ByteWriter } from '../../../src/util/bytes.ts'

const out = new ByteWriter(1)

function bytes(fill: () => void): Buffer {
  out.reset()
  fill()
  return out.copy()
}

const sign = Math.sign
const shortBytes = fc.uint8Array({ maxLength: 8, max: 3 })
const longBytes = fc.uint8Array({ maxLength: 80, max: 1 })

test('bytes are compared as unsigned, a prefix before what it starts', () => {
  fc.assert(
    fc.property(fc.oneof(shortBytes, longBytes), fc.oneof(shortBytes, longBytes), (a, b) => {
      assert.equal(sign(compareBytes(a, b)), Buffer.compare(a, b))
      assert.equal(startsWith(a, b), Buffer.from(a.subarray(0, b.length)).equals(b))
    }),
  )
})

test('escaped bytes come back, keep their order and are never the start of others', () => {
  fc.assert(
    fc.property(shortBytes, shortBytes, (a, b) => {
      const [one, other] = [bytes(() => writeEscaped(out, a)), bytes(() => writeEscaped(out, b))]
      assert.deepEqual(readEscaped(new ByteReader(one)), a)
      assert.equal(sign(one.compare(other)), Buffer.compare(a, b))
      if (!Buffer.from(a).equals(b)) assert.equal(startsWith(other, one), false)
    }),
  )
})

test('a wrong escape is damage', () => {
  for (const damaged of [[1, 3, 0], [1], [2, 2], []]) {
    const input = new ByteReader(new Uint8Array(damaged))
    assert.throws(() => readEscaped(input), { code: 'STORAGE_CORRUPT' })
  }
})

test('times keep their order as bytes, negative and fractional ones too', () => {
  const times = fc.double({ noNaN: true })
  fc.assert(
    fc.property(times, times, (a, b) => {
      const [one, other] = [a, b].map((time) => bytes(() => writeOrderedFloat64(out, time)))
      assert.ok(one !== undefined && other !== undefined)
      assert.equal(readOrderedFloat64(new ByteReader(one)), a + 0)
      assert.equal(sign(one.compare(other)), sign(a === b ? 0 : a - b || (a < b ? -1 : 1)))
    }),
  )
  assert.throws(() => writeOrderedFloat64(out, Number.NaN), { name: 'AssertionError' })
})

test('a row key is taken apart into what it was made of', () => {
  const keys = fc.oneof(fc.string(), fc.double(), fc.bigInt(), fc.tuple(fc.string(), fc.boolean()))
  fc.assert(
    fc.property(
      keys,
      fc.nat(32_767),
      fc.integer({ min: 1, max: 65_535 }),
      shortBytes,
      (key, group, id, space) => {
        const collection = bytes(() => {
          beginRowKey(out, group, id)
          writeKey(key, out)
          endStateKey(out, id, space)
          out.uint32BE(77)
        })
        const read = readRowKey(collection)
        assert.deepEqual([read.keyGroup, read.operatorId, read.stateId], [group, id, id])
        assert.deepEqual(read.namespace, space)
        assert.deepEqual([...read.userKey], [0, 0, 0, 77])
        const scalar = bytes(() => {
          beginRowKey(out, group, id)
          writeKey(key, out)
          endScalarRowKey(out)
        })
        const prefix = rowPrefixLength(scalar)
        assert.equal(prefix, rowPrefixLength(collection))
        assert.ok(scalar.subarray(0, prefix).equals(collection.subarray(0, prefix)))
        assert.ok(compareBytes(scalar, collection) < 0, 'a row comes before its collections')
        assert.ok(isRowKey(scalar))
      },
    ),
  )
})

test('timers are ordered by domain, then time, and taken apart again', () => {
  const name = new TextEncoder().encode('expire\0')
  const timer = (section: 1 | 2, domain: number, timeMs: number, key: string) =>
    bytes(() => {
      beginTimeKey(out, section, 5, 2, domain, timeMs)
      writeKey(key, out)
      writeEscaped(out, name)
    })
  const ordered = [
    timer(SECTION_TIMERS, 0, -5, 'z'),
    timer(SECTION_TIMERS, 0, 10, 'a'),
    timer(SECTION_TIMERS, 0, 10, 'b'),
    timer(SECTION_TIMERS, 1, -5, 'a'),
    timer(SECTION_EXPIRY, 0, -5, 'a'),
  ]
  assert.deepEqual([...ordered].reverse().sort(compareBytes), ordered)
  assert.deepEqual(readTimeKey(timer(SECTION_EXPIRY, 1, 2.5, 'k')), {
    section: SECTION_EXPIRY,
    keyGroup: 5,
    operatorId: 2,
    domain: 1,
    timeMs: 2.5,
    key: 'k',
    name,
  })
  assert.throws(() => readRowKey(ordered[0] as Uint8Array), { code: 'STORAGE_CORRUPT' })
})

test('a timer whose time is no number is damage', () => {
  const timer = bytes(() => {
    beginTimeKey(out, SECTION_TIMERS, 5, 2, 0, Number.POSITIVE_INFINITY)
    writeKey('k', out)
    writeEscaped(out, new TextEncoder().encode('close'))
  })
  assert.equal(readTimeKey(timer).timeMs, Number.POSITIVE_INFINITY)
  // One bit of a fraction makes no number of it.
  const lastOfTime = 5 + 1 + 7
  assert.equal(timer[lastOfTime], 0)
  timer[lastOfTime] = 1
  assert.throws(() => readTimeKey(timer), { code: 'STORAGE_CORRUPT' })
})

test('record keys are taken apart again and lie above all keyed ones', () => {
  const name = new Uint8Array([0, 1, 2])
  const key = bytes(() => writeRecordKey(out, 3, 'channel-data', 9, name, 70_000))
  assert.deepEqual(readRecordKey(key), {
    operatorId: 3,
    kind: 'channel-data',
    subtaskIndex: 9,
    name,
    index: 70_000,
  })
  const row = bytes(() => {
    beginRowKey(out, 32_767, 65_535)
    writeKey('x', out)
  })
  assert.ok(compareBytes(row, key) < 0)
  assert.equal(isRowKey(key), false)
  const unknown = Buffer.from(key).fill(99, 4, 5)
  assert.throws(() => readRecordKey(unknown), { code: 'STORAGE_CORRUPT' })
  const ofKeyGroup = Buffer.from(key).fill(0, 0, 2)
  assert.throws(() => readRecordKey(ofKeyGroup), { code: 'STORAGE_CORRUPT' })
})

test('a header and fields of any length come back', () => {
  const lengths = fc.constantFrom(0, 1, 127, 128, 300, 16_383, 16_384, 70_000)
  const fields = fc.array(fc.tuple(fc.integer({ min: 1, max: 65_535 }), lengths), { maxLength: 5 })
  fc.assert(
    fc.property(fc.constantFrom(-1, 0, 1, 1.9, 1_700_000_000_000), fields, (stampMs, all) => {
      const value = bytes(() => {
        writeHeader(out, 0, 300, stampMs)
        for (const [stateId, length] of all) {
          const start = beginField(out, stateId)
          for (let index = 0; index < length; index++) out.uint8(index)
          endField(out, start)
        }
      })
      const input = new ByteReader(value)
      const header = new EntryHeader().read(input)
      assert.deepEqual(
        [header.flags, header.schemaId, header.stampMs],
        [0, 300, Math.floor(stampMs)],
      )
      const reader = new FieldReader(input)
      for (const [stateId, length] of all) {
        assert.ok(reader.next())
        assert.deepEqual([reader.stateId, reader.end - reader.start], [stateId, length])
        const last = value[reader.end - 1]
        if (length > 0) assert.equal(last, (length - 1) & 0xff)
      }
      assert.equal(reader.next(), false)
    }),
    { numRuns: 300 },
  )
})

test('a field that is longer than its value is damage', () => {
  const value = bytes(() => {
    out.varuint(1)
    out.varuint(10)
    out.uint8(0)
  })
  assert.throws(() => new FieldReader(new ByteReader(value)).next(), { code: 'STORAGE_CORRUPT' })
})
