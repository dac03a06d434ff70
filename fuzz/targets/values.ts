// Values, keys and schemas: what state, records on their way and snapshots are made of.
import { Buffer } from 'node:buffer'
import { schema as schemaCheck } from '../../src/checkpoint/schema-checks.ts'
import { readKey, skipKey, writeKey } from '../../src/types/keys.ts'
import { readerOf } from '../../src/types/conversion.ts'
import { typeFromSchema } from '../../src/types/schema.ts'
import { t } from '../../src/types/t.ts'
import type { Type, TypeSchema } from '../../src/types/type.ts'
import { AssertionError } from '../../src/util/assert.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { type FuzzTarget, json, utf8 } from '../lib/target.ts'

const Item = t.struct({ id: t.string, count: t.int32, price: t.optional(t.float64) })
const Wide = t.struct(
  Object.fromEntries(Array.from({ length: 40 }, (_, at) => [`f${at}`, t.optional(t.int32)])),
)

/** A type and a value of it; the number of a type is the first byte of an input. */
const VALUES: readonly (readonly [type: Type<unknown>, value: unknown])[] = [
  [t.string, 'größer \ud800'],
  [t.boolean, true],
  [t.int32, -7],
  [t.int64, -(2n ** 62n)],
  [t.float64, Number.NaN],
  [t.timestamp, 1_700_000_000_000],
  [t.date, new Date(0)],
  [t.bytes, Uint8Array.of(1, 2, 3)],
  [t.literal('a'), 'a'],
  [t.enum('red', 'green'), 'green'],
  [Item, { id: 'x', count: 3, price: 1.5 }],
  [Wide, { f0: 1, f39: 2 }],
  [t.tuple(t.string, t.int32), ['a', 1]],
  [t.list(t.int64), [1n, 2n]],
  [t.list(t.literal(1)), [1, 1, 1]],
  [t.map(t.string, Item), new Map([['k', { id: 'x', count: 3 }]])],
  [t.map(t.literal(1), t.literal(2)), new Map([[1, 2]])],
  [t.union(t.int32, t.string, t.list(t.boolean)), [true]],
  [t.nullable(t.list(t.nullable(Item))), [null, { id: 'y', count: 0 }]],
  [t.versioned(2, t.struct({ a: t.string })), { a: 'b' }],
  [t.json(), { a: [1, null, { b: 'c' }] }],
  [t.dynamic(), new Map<unknown, unknown>([['a', new Set([1n, new Date(5), -0, undefined])]])],
  [t.tuple(t.tuple(), t.struct({})), [[], {}]],
]

function typeAt(input: Buffer): Type<unknown> {
  const [type] = VALUES[(input[0] ?? 0) % VALUES.length] ?? []
  if (type === undefined) throw new AssertionError('there are types')
  return type
}

function written(type: Type<unknown>, value: unknown, ...head: number[]): Buffer {
  const out = new ByteWriter()
  for (const byte of head) out.uint8(byte)
  type.write(value, out)
  return out.copy()
}

interface Decoded {
  readonly index: number
  readonly value: unknown
}

const values: FuzzTarget = {
  name: 'values',
  decodes: 'values of every `t` (src/types)',
  codes: ['STORAGE_CORRUPT'],
  seeds: () => VALUES.map(([type, value], index) => written(type, value, index)),
  decode(input): Decoded {
    const type = typeAt(input)
    return { index: input[0] ?? 0, value: type.read(new ByteReader(input, 1)) }
  },
  encode(decoded) {
    const { index, value } = decoded as Decoded // of `decode`
    return written(typeAt(Buffer.of(index)), value, index)
  },
}

const keys: FuzzTarget = {
  name: 'keys',
  decodes: 'keys (src/types/keys-read.ts)',
  codes: ['STORAGE_CORRUPT'],
  *seeds() {
    const all = ['a\0\u0001ä\ud800', 5, -1.5, true, null, undefined, 2n ** 80n, -3n, new Date(9)]
    for (const key of [...all, Uint8Array.of(0, 1, 2), all, { a: 1, b: ['c', { d: null }] }]) {
      const out = new ByteWriter()
      writeKey(key, out)
      yield out.copy()
    }
  },
  decode(input) {
    const reader = new ByteReader(input)
    const key = readKey(reader)
    const skipped = new ByteReader(input)
    skipKey(skipped)
    if (skipped.position !== reader.position) throw new AssertionError('skipped another length')
    return key
  },
}

const schemas: FuzzTarget = {
  name: 'schemas',
  decodes: 'schemas of types (src/checkpoint/schema-checks.ts, src/types/schema.ts)',
  codes: ['STORAGE_CORRUPT', 'TYPE_INVALID'],
  seeds: () => VALUES.map(([type]) => json(type.schema)),
  decode: (input) => typeFromSchema(checkedSchema(input.toString('utf8'))).schema,
  encode: (schema) => json(schema),
}

/** As a manifest's, which is JSON before it is a schema. */
function checkedSchema(text: string): TypeSchema {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  return schemaCheck(value, '')
}

const Before = t.struct({ qty: t.int32, old: t.date, tags: t.list(t.string), either: t.int32 })
const Now = t.struct({
  quantity: t.field(t.int64, { renamedFrom: 'qty' }),
  old: t.timestamp,
  tags: t.list(t.enum('a', 'b')),
  either: t.union(t.int32, t.string),
  more: t.field(t.string, { default: 'kg' }),
})
const DECLARED: readonly Type<unknown>[] = [
  Now,
  t.union(t.int64, t.list(t.int64)),
  t.map(t.string, t.nullable(t.int64)),
  t.tuple(t.int64, t.optional(t.string)),
  t
    .versioned(2, t.struct({ sum: t.float64 }))
    .from(t.struct({ a: t.int32, b: t.int32 }), ({ a, b }) => ({ sum: a + b })),
]

const evolution: FuzzTarget = {
  name: 'evolution',
  decodes: 'values of another schema than the declared (src/types/conversion.ts)',
  codes: ['STORAGE_CORRUPT', 'TYPE_INVALID', 'TYPE_MISMATCH'],
  seeds: () => [
    evolved(0, Before, { qty: 3, old: new Date(5), tags: ['a'], either: 4 }),
    evolved(1, t.list(t.int32), [1, 2]),
    evolved(2, t.map(t.string, t.int32), new Map([['a', 1]])),
    evolved(3, t.tuple(t.int32), [1]),
    evolved(4, t.struct({ a: t.int32, b: t.int32 }), { a: 1, b: 2 }),
    evolvedTo(Now, Before, { qty: 3, old: new Date(5), tags: ['a'], either: 4 }),
  ],
  decode(input) {
    const end = input.indexOf(10) < 0 ? input.length : input.indexOf(10)
    const stored = checkedSchema(input.toString('utf8', 1, end))
    const reader = new ByteReader(input, Math.min(end + 1, input.length))
    // Or a schema of the snapshot's own, where there is no code: a block behind the first.
    const declared =
      DECLARED[(input[0] ?? 0) % (DECLARED.length + 1)] ??
      typeFromSchema(checkedSchema(reader.block().toString('utf8')))
    const read = readerOf(stored, declared)
    const value = read?.(reader)
    // Whatever it was, it is a value of the declared type now.
    if (read !== undefined) declared.write(value, new ByteWriter())
    return value
  },
}

function evolved(index: number, type: Type<unknown>, value: unknown): Buffer {
  return Buffer.concat([Buffer.of(index), json(type.schema), utf8('\n'), written(type, value)])
}

function evolvedTo(declared: Type<unknown>, type: Type<unknown>, value: unknown): Buffer {
  const out = new ByteWriter()
  out.block(json(declared.schema))
  const head = Buffer.concat([Buffer.of(DECLARED.length), json(type.schema), utf8('\n')])
  return Buffer.concat([head, out.view(), written(type, value)])
}

export const valueTargets: readonly FuzzTarget[] = [values, keys, schemas, evolution]
