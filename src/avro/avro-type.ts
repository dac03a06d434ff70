/**
 * An Avro schema as a type of Millrace. Only the schema is Avro's: state keeps the one format that
 * tools read without code, and older state is read by the rules of `docs/guide/evolution.md`, which
 * aliases and defaults of the schema are handed to.
 */
import { invalidType } from '../types/codec.ts'
import { quote } from '../types/mismatch.ts'
import type { Type } from '../types/type.ts'
import { Builder } from './build.ts'
import type { LongAs } from './scalars.ts'
import type { AvroSchema, AvroValue } from './schema.ts'

export interface AvroOptions {
  /**
   * What values of `long` are. `'number'` (the default) takes whole numbers within ±(2^53 − 1) and
   * refuses others; `'bigint'` takes all 64 bits.
   */
  readonly long?: LongAs
}

/**
 * The type that an Avro schema describes, for state and streams like one made by `t`. The schema is
 * a JavaScript value or JSON text.
 *
 * Given as a constant, the TypeScript type follows from it; else it is stated:
 * `avroType<Order>(text)`. Records are plain objects, maps a `Map`, bytes and `fixed` a
 * `Uint8Array`, unions the bare value of the first type that takes it, `timestamp-millis` a number.
 *
 * @throws `TYPE_INVALID`, naming the place, for what is no schema, for types that contain
 * themselves, and for `decimal`.
 *
 * @example
 * const Order = avroType({
 *   type: 'record',
 *   name: 'Order',
 *   fields: [
 *     { name: 'id', type: 'long', aliases: ['nr'] },
 *     { name: 'note', type: ['null', 'string'], default: null },
 *   ],
 * })
 * type Order = Infer<typeof Order> // { id: number; note: string | null }
 */
export function avroType<const S extends AvroSchema>(
  schema: S,
  options: AvroOptions & { readonly long: 'bigint' },
): Type<AvroValue<S, bigint>>
export function avroType<const S extends AvroSchema>(
  schema: S,
  options?: AvroOptions & { readonly long?: 'number' },
): Type<AvroValue<S>>
export function avroType<T>(schema: AvroSchema, options?: AvroOptions): Type<T>
export function avroType(schema: AvroSchema, options: AvroOptions = {}): Type<unknown> {
  const { long = 'number' } = options
  if (long !== 'number' && long !== 'bigint') {
    throw invalidType(`long is 'number' or 'bigint', not ${quote(String(long))}`)
  }
  return new Builder(long).whole(schema)
}
