// Random values and types for the tests of codecs: strings with lone surrogates, numbers at every
// edge, plain values of every kind, and types together with values of them.
import fc from 'fast-check'
import { t } from '../../src/types/t.ts'
import type { Type } from '../../src/types/type.ts'

/** Any string, lone surrogates and control characters included. */
export const anyString = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.array(fc.nat(0xffff)).map((units) => String.fromCharCode(...units)),
  fc.string({ unit: fc.constantFrom('a', 'é', '\ud800', '\udc00'), maxLength: 40 }),
)
export const anyNumber = fc.oneof(
  fc.double(),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.integer({ min: -300, max: 300 }),
  fc.constantFrom(-0, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, -(2 ** 31), 32_767, -32_769),
)
const anyName = fc.oneof(anyString, fc.constantFrom('__proto__', 'constructor', 'toString', ''))

/** Any value that a dynamic type takes. */
export const plainValue: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    anyNumber,
    anyString,
    fc.constantFrom(null, undefined, true, false),
    fc.oneof(fc.bigInt(), fc.bigInt({ min: -(2n ** 200n), max: 2n ** 200n })),
    fc.date(),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 20 }),
    fc.dictionary(anyName, tie('value'), { maxKeys: 20 }),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
    fc.array(tie('value')).map((elements) => new Set(elements)),
  ),
})).value

/** A declared type and a value of it. */
export interface Sample {
  readonly type: Type<unknown>
  readonly value: unknown
}

const scalars: readonly fc.Arbitrary<Sample>[] = [
  anyString.map((value) => ({ type: t.string, value })),
  fc.boolean().map((value) => ({ type: t.boolean, value })),
  fc.integer().map((value) => ({ type: t.int32, value })),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => ({ type: t.int64, value })),
  anyNumber.map((value) => ({ type: t.float64, value })),
  fc.double({ noNaN: true }).map((value) => ({ type: t.timestamp, value })),
  fc.date({ noInvalidDate: true }).map((value) => ({ type: t.date, value })),
  fc.uint8Array().map((value) => ({ type: t.bytes, value })),
  fc.constantFrom('a', 1, true, null).map((value) => ({ type: t.literal(value), value })),
  fc.constantFrom('red', 'green').map((value) => ({ type: t.enum('red', 'green'), value })),
  plainValue.map((value) => ({ type: t.dynamic<unknown>(), value })),
  fc.jsonValue({ maxDepth: 3 }).map((value) => ({ type: t.json<unknown>(), value })),
]

const fieldName = fc.oneof(fc.string(), fc.constantFrom('constructor', 'toString', 'a', '1'))

/** Declared types of every kind, nested, each with a value of it. */
export const sample: fc.Arbitrary<Sample> = fc.letrec<{ sample: Sample }>((tie) => ({
  sample: fc.oneof(
    { depthSize: 'small', maxDepth: 4 },
    ...scalars,
    fc.array(tie('sample'), { maxLength: 4 }).map((parts) => ({
      type: t.tuple(...parts.map((part) => part.type)),
      value: parts.map((part) => part.value),
    })),
    fc.tuple(tie('sample'), fc.nat(4)).map(([{ type, value }, count]) => ({
      type: t.list(type),
      value: Array.from({ length: count }, () => value),
    })),
    fc.tuple(tie('sample'), tie('sample')).map(([key, held]) => ({
      type: t.map(key.type, held.type),
      value: new Map([[key.value, held.value]]),
    })),
    fc.tuple(tie('sample'), fc.boolean()).map(([{ type, value }, present]) => ({
      type: t.optional(type),
      value: present ? value : undefined,
    })),
    fc.tuple(tie('sample'), fc.boolean()).map(([{ type, value }, present]) => ({
      type: t.nullable(type),
      value: present ? value : null,
    })),
    fc.tuple(tie('sample'), fc.boolean()).map(([{ type, value }, first]) => ({
      type: first ? t.union(type, t.literal('other')) : t.union(t.literal('other'), type),
      value,
    })),
    fc
      .uniqueArray(fc.tuple(fieldName, tie('sample'), fc.constantFrom('is', 'may', 'lacks')), {
        selector: ([name]) => name,
        maxLength: 12,
      })
      .map(structSample),
  ),
})).sample

function structSample(
  parts: readonly (readonly [name: string, of: Sample, presence: string])[],
): Sample {
  const fields = parts
    .filter(([name]) => name !== '__proto__')
    .map(([name, of, presence]) => ({ name, of, presence, optional: isOptional(presence, of) }))
  const types = fields.map(({ name, of, presence }) => [
    name,
    presence === 'is' ? of.type : t.optional(of.type),
  ])
  const values = fields
    // An optional field that is undefined is absent once it was written.
    .filter(
      ({ of, presence, optional }) => presence !== 'lacks' && !(optional && of.value === undefined),
    )
    .map(({ name, of }) => [name, of.value])
  return { type: t.struct(Object.fromEntries(types)), value: Object.fromEntries(values) }
}

function isOptional(presence: string, of: Sample): boolean {
  return presence !== 'is' || of.type.schema.kind === 'optional'
}
