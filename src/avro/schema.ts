/** Avro schemas as TypeScript sees them, and the values that they describe. */

/**
 * An Avro schema as a JavaScript value: the name of a type, an object, or the list of the types of
 * a union. Checked when the type is made; loose here, so that an imported JSON file is one.
 */
export type AvroSchema = string | AvroObject | readonly unknown[]

interface AvroObject {
  readonly type: unknown
  readonly [attribute: string]: unknown
}

interface Primitives<Long> {
  readonly null: null
  readonly boolean: boolean
  readonly int: number
  readonly long: Long
  readonly float: number
  readonly double: number
  readonly bytes: Uint8Array
  readonly string: string
}

interface Field {
  readonly name: string
  readonly type: unknown
}

type FieldsOf<F extends readonly Field[], Long> = {
  [X in F[number] as X['name']]: AvroValue<X['type'], Long>
} & {}

/**
 * The TypeScript type of the values of a schema that is given as a constant. References to named
 * types are `unknown`, and so is what is not constant: state the type there.
 *
 * @example
 * type Names = AvroValue<{ type: 'array'; items: ['null', 'string'] }> // (string | null)[]
 */
export type AvroValue<S, Long = number> = S extends keyof Primitives<Long>
  ? Primitives<Long>[S]
  : S extends readonly (infer E)[]
    ? AvroValue<E, Long>
    : S extends { readonly type: 'record'; readonly fields: infer F extends readonly Field[] }
      ? FieldsOf<F, Long>
      : S extends { readonly type: 'array'; readonly items: infer I }
        ? AvroValue<I, Long>[]
        : S extends { readonly type: 'map'; readonly values: infer V }
          ? Map<string, AvroValue<V, Long>>
          : S extends { readonly type: 'enum'; readonly symbols: readonly (infer E)[] }
            ? E
            : S extends { readonly type: 'fixed' }
              ? Uint8Array
              : AvroLogical<S, Long>

type AvroLogical<S, Long> = S extends {
  readonly type: 'long'
  readonly logicalType: 'timestamp-millis'
}
  ? number
  : S extends { readonly type: infer T }
    ? AvroValue<T, Long>
    : unknown
