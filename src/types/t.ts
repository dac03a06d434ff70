/**
 * `t`: types as values. A type is codec, check, schema for snapshots and, through `Infer`, the
 * TypeScript type. Declaring types is optional: what has none is `t.dynamic()`.
 */
import {
  enumType,
  type LiteralValue,
  literalType,
  nullableType,
  type OptionalType,
  optionalType,
  unionType,
} from './choices.ts'
import { listType, mapType, tupleType } from './collections.ts'
import { dynamicType } from './dynamic.ts'
import { type FieldOptions, fieldType } from './field.ts'
import { jsonType } from './json.ts'
import {
  booleanType,
  bytesType,
  dateType,
  float64Type,
  int32Type,
  int64Type,
  stringType,
  timestampType,
} from './scalars.ts'
import { structType } from './struct.ts'
import type { Infer, Type } from './type.ts'
import { type Versioned, versionedType } from './versioned.ts'

export type { OptionalType } from './choices.ts'
export type { FieldOptions } from './field.ts'
export type { Versioned } from './versioned.ts'

type OptionalKeys<F> = { [K in keyof F]: F[K] extends OptionalType<unknown> ? K : never }[keyof F]
type Simplify<X> = { [K in keyof X]: X[K] } & {}
/** The record that fields describe; fields made by `t.optional` may be absent. */
export type Struct<F> = Simplify<
  { -readonly [K in Exclude<keyof F, OptionalKeys<F>>]: Infer<F[K]> } & {
    -readonly [K in OptionalKeys<F>]?: Infer<F[K]>
  }
>
/** The array that element types describe. */
export type Tuple<E extends readonly Type<unknown>[]> = { -readonly [I in keyof E]: Infer<E[I]> }

/** The constructors of types. */
export interface Types {
  /** Any string, lone surrogates included. */
  readonly string: Type<string>
  readonly boolean: Type<boolean>
  /** An integer from −2^31 to 2^31 − 1. */
  readonly int32: Type<number>
  /** A `bigint` from −2^63 to 2^63 − 1. */
  readonly int64: Type<bigint>
  /** Any number; −0, NaN and the infinities are kept. */
  readonly float64: Type<number>
  /** Milliseconds since 1970-01-01 UTC, as a number. */
  readonly timestamp: Type<number>
  /** A valid `Date`; each read from state is a copy. */
  readonly date: Type<Date>
  /** A `Uint8Array`; each read from state is a copy. */
  readonly bytes: Type<Uint8Array>
  /** Exactly this value; tells the options of a union apart. */
  literal<const V extends LiteralValue>(value: V): Type<V>
  /** One of these strings. */
  enum<const V extends readonly string[]>(...values: V): Type<V[number]>
  /**
   * A plain object with exactly these fields.
   *
   * @example
   * const Order = t.struct({ id: t.string, items: t.int32, note: t.optional(t.string) })
   * type Order = Infer<typeof Order>
   */
  struct<const F extends Readonly<Record<string, Type<unknown>>>>(fields: F): Type<Struct<F>>
  /** An array of fixed length with a type for each place. */
  tuple<const E extends readonly Type<unknown>[]>(...elements: E): Type<Tuple<E>>
  /** An array of any length. */
  list<T>(element: Type<T>): Type<T[]>
  /** A JavaScript `Map`; each read from state is a copy. Map state is better for large ones. */
  map<K, V>(key: Type<K>, value: Type<V>): Type<Map<K, V>>
  /** A value of any of the options; the first that takes it is used. */
  union<const O extends readonly Type<unknown>[]>(...options: O): Type<Infer<O[number]>>
  /** A value or `undefined`; as a field of a struct it may be absent. */
  optional<T>(type: Type<T>): OptionalType<T>
  /** A value or `null`. */
  nullable<T>(type: Type<T>): Type<T | null>
  /**
   * A field of a struct that is new, was renamed or was optional: how state from before is read.
   * Keep it for as long as older snapshots may be restored.
   *
   * @example
   * t.struct({
   *   quantity: t.field(t.int32, { renamedFrom: 'qty' }),
   *   unit: t.field(t.string, { default: 'kg' }),
   * })
   */
  field<const X extends Type<unknown>>(type: X, options: FieldOptions<Infer<X>>): X
  /**
   * The type with a number, for changes that no rule covers: `from` says what it was before, and
   * makes a value of it out of one of that. What had no version counts as version 1.
   *
   * @example
   * const V1 = t.struct({ name: t.string })
   * const V2 = t
   *   .versioned(2, t.struct({ first: t.string, last: t.string }))
   *   .from(V1, ({ name }) => {
   *     const [first = '', last = ''] = name.split(' ')
   *     return { first, last }
   *   })
   */
  versioned<T>(version: number, type: Type<T>): Versioned<T>
  /** A value that JSON can carry; `T` is stated, not checked. */
  json<T>(): Type<T>
  /** Any plain value, self-describing; `T` is stated, not checked. */
  dynamic<T>(): Type<T>
}

/**
 * The types that values in state and on streams can be declared with.
 *
 * @example
 * valueState(t.struct({ count: t.int32, seen: t.list(t.string) }))
 */
export const t: Types = Object.freeze<Types>({
  string: stringType,
  boolean: booleanType,
  int32: int32Type,
  int64: int64Type,
  float64: float64Type,
  timestamp: timestampType,
  date: dateType,
  bytes: bytesType,
  literal: literalType,
  enum: <const V extends readonly string[]>(...values: V) => enumType<V[number]>(values),
  // The codecs below are built from values; their TypeScript types restate what those describe.
  struct: <const F extends Readonly<Record<string, Type<unknown>>>>(fields: F) =>
    structType(new Map(Object.entries(fields))) as Type<unknown> as Type<Struct<F>>,
  tuple: <const E extends readonly Type<unknown>[]>(...elements: E) =>
    tupleType(elements) as Type<unknown> as Type<Tuple<E>>,
  list: listType,
  map: mapType,
  union: <const O extends readonly Type<unknown>[]>(...options: O) =>
    unionType(options) as Type<unknown> as Type<Infer<O[number]>>,
  optional: optionalType,
  nullable: nullableType,
  // A field is, whatever wraps it, a type of the same values.
  field: <const X extends Type<unknown>>(type: X, options: FieldOptions<Infer<X>>) =>
    fieldType(type, options) as Type<unknown> as X,
  versioned: versionedType,
  json: <T>() => jsonType as Type<unknown> as Type<T>,
  dynamic: dynamicType,
})
