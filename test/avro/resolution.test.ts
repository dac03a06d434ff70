// Whether older records read the same as with another implementation of Avro: whenever both say
// that a reader's schema fits a writer's, the values agree; and where only one of them says so is
// a table, which the guide explains.
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { avroType } from '../../src/avro/index.ts'
import type { Type } from '../../src/index.ts'
import { readerOf } from '../../src/types/conversion.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { evolved, type Pair } from './pairs.ts'

/** The part of avsc that is used here. */
interface Avsc {
  readonly Type: { forSchema(schema: unknown): AvscType }
}
interface AvscType {
  toBuffer(value: unknown): Buffer
  fromBuffer(bytes: Buffer, resolver: object): unknown
  createResolver(writer: AvscType): object
}

/** Of the tools' dependencies; what was installed without them goes without this test. */
const avsc = ((): Avsc | undefined => {
  try {
    return createRequire(import.meta.url)('avsc') as Avsc
  } catch {
    return undefined
  }
})()
const skip = avsc === undefined && 'avsc is not installed (npm ci)'

/** A value in one form for both: maps and records as objects, bytes as text. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `0x${Buffer.from(value).toString('hex')}`
  if (value instanceof Map) return plain(Object.fromEntries(value))
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, plain(held)]))
}

function toAvsc(value: unknown): unknown {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (value instanceof Map) return toAvsc(Object.fromEntries(value))
  if (Array.isArray(value)) return value.map(toAvsc)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [name, toAvsc(held)]))
}

type Outcome = { readonly value: unknown } | 'refused'

const typeOf = (schema: unknown): Type<unknown> => avroType<unknown>(schema as string)

function ours({ writer, reader, value }: Pair): Outcome {
  const before = typeOf(writer)
  const now = typeOf(reader)
  const read = readerOf(before.schema, now)
  if (read === undefined) return 'refused'
  const out = new ByteWriter()
  before.write(before.isolate(value), out)
  const found = read(new ByteReader(out.copy()))
  return { value: plain(found) }
}

function theirs({ writer, reader, value }: Pair): Outcome {
  assert.ok(avsc !== undefined)
  const before = avsc.Type.forSchema(writer)
  const now = avsc.Type.forSchema(reader)
  let resolver: object
  try {
    resolver = now.createResolver(before)
  } catch {
    return 'refused'
  }
  try {
    return { value: plain(now.fromBuffer(before.toBuffer(toAvsc(value)), resolver)) }
  } catch {
    return 'refused' // found out by the value only
  }
}

describe('records of an older Avro schema', { skip }, () => {
  it('read the same after changes that both allow', () => {
    fc.assert(
      fc.property(evolved('R', 3), (pair) => {
        const found = ours(pair)
        assert.notEqual(found, 'refused')
        assert.deepEqual(found, theirs(pair))
      }),
      { numRuns: 400 },
    )
  })

  it('read the same under any other schema, if both read them at all', () => {
    let both = 0
    fc.assert(
      fc.property(evolved('R', 2), evolved('R', 2), (one, other) => {
        const pair = { ...one, reader: other.reader }
        const [found, expected] = [ours(pair), theirs(pair)]
        if (found === 'refused' || expected === 'refused') return
        both++
        assert.deepEqual(found, expected)
      }),
      { numRuns: 1_500 },
    )
    assert.ok(both > 20, `${both} pairs fit`)
  })
})

const named = (type: string, name: string, more: object) => ({ type, name, ...more })
const record = (...fields: object[]) => named('record', 'R', { fields })
const n = (type: unknown, more: object = {}) => ({ name: 'n', type, ...more })
const millis = { type: 'long', logicalType: 'timestamp-millis' }

/** What only Avro's rules read. */
const REFUSED: readonly (readonly [string, unknown, unknown, unknown])[] = [
  ['bytes as string', 'bytes', 'string', Uint8Array.of(97)],
  ['string as bytes', 'string', 'bytes', 'a'],
  ['a union as one of its types', ['int', 'string'], 'int', 1],
  ['a nullable as what it may be', ['null', 'int'], 'int', 1],
]

/** What only our rules read. */
const READ: readonly (readonly [string, unknown, unknown, unknown, unknown])[] = [
  [
    'null as the default',
    record(n(['null', 'int'])),
    record(n('int', { default: 7 })),
    { n: null },
    { n: 7 },
  ],
  ['an enum as string', named('enum', 'E', { symbols: ['a'] }), 'string', 'a', 'a'],
  [
    'a record of another name',
    record(n('int')),
    named('record', 'S', { fields: [n('int')] }),
    { n: 1 },
    { n: 1 },
  ],
  ['double as float', 'double', 'float', 0.1, 0.1],
  ['double as long', 'double', 'long', 3, 3],
  ['a fixed as bytes', named('fixed', 'F', { size: 1 }), 'bytes', Uint8Array.of(1), '0x01'],
  [
    'a fixed of another size',
    named('fixed', 'F', { size: 1 }),
    named('fixed', 'F', { size: 2 }),
    Uint8Array.of(1),
    '0x01',
  ],
]

describe('where Avro differs:', { skip }, () => {
  for (const [what, writer, reader, value] of REFUSED) {
    it(`${what} is refused here`, () => {
      assert.equal(ours({ writer, reader, value }), 'refused')
    })
  }

  for (const [what, writer, reader, value, expected] of READ) {
    it(`${what} is read here`, () => {
      assert.equal(theirs({ writer, reader, value }), 'refused')
      assert.deepEqual(ours({ writer, reader, value }), { value: expected })
    })
  }

  it('a long becomes a timestamp by a function only', () => {
    assert.equal(ours({ writer: 'long', reader: millis, value: 1 }), 'refused')
    assert.deepEqual(ours({ writer: 'int', reader: millis, value: 1 }), { value: 1 })
    assert.deepEqual(ours({ writer: millis, reader: 'double', value: 1 }), { value: 1 })
  })

  it('a bigint becomes no double', () => {
    const big = avroType('long', { long: 'bigint' })
    assert.equal(readerOf(big.schema, typeOf('double')), undefined)
    assert.ok(readerOf(typeOf('int').schema, big) !== undefined)
  })
})
