// Types out of Avro schemas: the values they take, and what is no schema.
import assert from 'node:assert/strict'
import { describe, it, test } from 'node:test'
import { avroType } from 'millrace/avro'
import { type Infer, type Type, t } from '../../src/index.ts'
import { sameSchema } from '../../src/types/describe.ts'
import { typeFromSchema } from '../../src/types/schema.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'

function copied<T>(type: Type<T>, value: T): unknown {
  const out = new ByteWriter()
  type.write(type.isolate(value), out)
  return typeFromSchema(JSON.parse(JSON.stringify(type.schema))).read(new ByteReader(out.copy()))
}

const Order = avroType({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  doc: 'What somebody wants.',
  fields: [
    { name: 'id', type: 'long', aliases: ['nr', 'number'] },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['OPEN', 'PAID'] } },
    { name: 'lines', type: { type: 'array', items: ['null', 'string', 'double'] } },
    { name: 'prices', type: { type: 'map', values: 'float' }, default: { EUR: 1 } },
    { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
    { name: 'day', type: ['null', { type: 'int', logicalType: 'date' }], default: null },
    { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 2 }, default: 'a\u00ff' },
    { name: 'raw', type: 'bytes' },
    { name: 'ok', type: 'boolean', default: false },
  ],
})

const order: Infer<typeof Order> = {
  id: 2 ** 53 - 1,
  state: 'PAID',
  lines: [null, 'a', 0.5],
  prices: new Map([['EUR', 2.5]]),
  at: 1_700_000_000_000,
  day: 19_782,
  hash: Uint8Array.of(1, 2),
  raw: Uint8Array.of(),
  ok: true,
}

test('a record is a struct like one of t, which tools read without Avro', () => {
  const same = t.struct({
    id: t.float64,
    state: t.enum('OPEN', 'PAID'),
    lines: t.list(t.nullable(t.union(t.string, t.float64))),
    prices: t.map(t.string, t.float64),
    at: t.timestamp,
    day: t.nullable(t.int32),
    hash: t.bytes,
    raw: t.bytes,
    ok: t.boolean,
  })
  assert.ok(sameSchema(Order.schema, same.schema))
  assert.deepEqual(copied(Order, order), order)
})

test('JSON text is taken, as a file holds it', () => {
  const text = '{"type": "record", "name": "A", "fields": [{"name": "n", "type": "int"}]}'
  const type = avroType<{ n: number }>(text)
  assert.deepEqual(copied(type, { n: 5 }), { n: 5 })
  assert.deepEqual(avroType('"string"').schema, { kind: 'string' })
  assert.deepEqual(avroType('string').schema, { kind: 'string' })
})

test('a long is a number in the safe range, or a bigint of 64 bits', () => {
  const long = avroType('long')
  for (const value of [2 ** 53, 0.5, Number.NaN]) {
    assert.throws(() => long.isolate(value), { code: 'TYPE_MISMATCH', message: /2\^53/ })
  }
  const Big = avroType(
    { type: 'record', name: 'A', fields: [{ name: 'n', type: ['long', 'null'], default: 5 }] },
    { long: 'bigint' },
  )
  const big: Infer<typeof Big> = { n: 2n ** 63n - 1n }
  assert.deepEqual(copied(Big, big), big)
})

test('what Avro tells apart and t does not is checked when it is written', () => {
  const write = (value: Infer<typeof Order>) => Order.write(value, new ByteWriter())
  const refused = (field: string) => ({ code: 'TYPE_MISMATCH', message: new RegExp(`^${field}:`) })
  assert.throws(() => write({ ...order, id: 2 ** 53 }), refused('id'))
  assert.throws(() => write({ ...order, hash: Uint8Array.of(1) }), refused('hash'))
  assert.throws(() => write({ ...order, at: 0.5 }), refused('at'))
})

test('a union takes the first type that fits, checks included', () => {
  const type = avroType(['null', 'int', 'long', 'double', { type: 'fixed', name: 'F', size: 1 }])
  for (const value of [null, 1, 2 ** 40, 0.5, Uint8Array.of(7)]) {
    assert.deepEqual(copied(type, value), value)
  }
  assert.throws(() => type.isolate(Uint8Array.of(7, 7)), { code: 'TYPE_MISMATCH' })
})

test('a named type is found by its name in its namespace', () => {
  const type = avroType<unknown>({
    type: 'record',
    name: 'a.b.Outer',
    fields: [
      { name: 'one', type: { type: 'record', name: 'Inner', fields: [] } },
      { name: 'two', type: 'Inner' },
      { name: 'three', type: ['null', 'a.b.Inner'] },
      { name: 'four', type: { type: 'enum', name: 'E', namespace: 'c', symbols: ['x'] } },
      { name: 'five', type: { type: 'c.E' } },
    ],
  })
  const empty = t.struct({})
  const same = { one: empty, two: empty, three: t.nullable(empty) }
  const now = t.struct({ ...same, four: t.enum('x'), five: t.enum('x') })
  assert.ok(sameSchema(type.schema, now.schema))
})

test('a default of a record has those of its fields where it lacks them', () => {
  const inner = {
    type: 'record',
    name: 'Inner',
    fields: [
      { name: 'a', type: 'int', default: 1 },
      { name: 'b', type: { type: 'array', items: 'bytes' }, default: ['\u0000'] },
    ],
  }
  const fields = [{ name: 'of', type: inner, default: { a: 2 } }]
  const { schema } = avroType<unknown>({ type: 'record', name: 'Outer', fields })
  const b = t.list(t.bytes)
  const value = { a: 2, b: [Uint8Array.of(0)] }
  const expected = t.struct({ of: t.field(t.struct({ a: t.int32, b }), { default: value }) })
  const marks = (of: typeof schema) => of.kind === 'struct' && of.fields[0]?.default
  assert.equal(marks(schema), marks(expected.schema))
})

const record = (...fields: unknown[]) => ({ type: 'record', name: 'R', fields })

const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
  ['an unknown type', 'integer', /"integer"/],
  ['text that is no JSON', '{"type": ', /no JSON/],
  ['no schema', 5, /no Avro schema/],
  ['an object without a type', {}, /no Avro schema/],
  ['a record without fields', { type: 'record', name: 'R' }, /^R: .*fields/],
  ['a record without a name', { type: 'record', fields: [] }, /no name/],
  ['a name that is none', { type: 'record', name: 'a-b', fields: [] }, /"a-b"/],
  ['a field twice', record({ name: 'a', type: 'int' }, { name: 'a', type: 'int' }), /twice/],
  ['a name of a field that is none', record({ name: 'a.b', type: 'int' }), /"a\.b"/],
  ['a field without a type', record({ name: 'a' }), /^R\.a: /],
  ['the field __proto__', record({ name: '__proto__', type: 'int' }), /^R: .*__proto__/],
  [
    'an alias of two fields',
    record({ name: 'a', type: 'int', aliases: ['b'] }, { name: 'b', type: 'int' }),
    /renamed/,
  ],
  ['aliases that are no list', record({ name: 'a', type: 'int', aliases: 'b' }), /aliases/],
  ['a default of another type', record({ name: 'a', type: 'int', default: 'x' }), /^R\.a: .*"x"/],
  ['null for what is not null', record({ name: 'a', type: 'int', default: null }), /default/],
  ['a default beyond a long', record({ name: 'a', type: 'long', default: 2 ** 53 }), /default/],
  ['an empty union', [], /at least one/],
  ['a union in a union', ['null', ['int']], /union of unions/],
  [
    'a union of two lists',
    [
      { type: 'array', items: 'int' },
      { type: 'array', items: 'long' },
    ],
    /"array" twice/,
  ],
  ['symbols twice', { type: 'enum', name: 'E', symbols: ['a', 'a'] }, /^E: .*twice/],
  ['a default that is no symbol', { type: 'enum', name: 'E', symbols: ['a'], default: 'b' }, /"b"/],
  ['a size that is none', { type: 'fixed', name: 'F', size: -1 }, /size/],
  [
    'a type defined twice',
    [
      { type: 'fixed', name: 'F', size: 1 },
      { type: 'fixed', name: 'F', size: 1 },
    ],
    /twice/,
  ],
  ['a type that contains itself', record({ name: 'next', type: ['null', 'R'] }), /contains itself/],
  ['a decimal', { type: 'bytes', logicalType: 'decimal', precision: 4 }, /decimal.*string/],
  ['a type that is used before it is defined', record({ name: 'a', type: 'S' }), /"S" before/],
]

describe('what is refused, with its place:', () => {
  for (const [what, schema, message] of REFUSED) {
    it(what, () => {
      // Schemas come out of files: any value may be one.
      assert.throws(() => avroType<unknown>(schema as string), { code: 'TYPE_INVALID', message })
    })
  }

  it('nesting without end', () => {
    let schema: unknown = 'int'
    for (let depth = 0; depth < 100_000; depth++) schema = { type: 'array', items: schema }
    assert.throws(() => avroType<unknown>(schema as string), { message: /nested/ })
  })

  it('a long that is neither number nor bigint', () => {
    const options = { long: 'text' } as unknown as { long: 'number' } // from JavaScript
    assert.throws(() => avroType<unknown>('long', options), { code: 'TYPE_INVALID' })
  })
})
