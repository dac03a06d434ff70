/**
 * The contract of a type: how values of `T` become bytes, are checked, isolated and described.
 * Types are values; `t` in `types/t.ts` lists them. The schema is written into every snapshot, so
 * that state can be read without the job's code and compared before a deploy.
 */
import type { ByteReader, ByteWriter } from '../util/bytes.ts'

/** A type as JSON, complete: `typeFromSchema` builds an equal type from it. */
export type TypeSchema = TypeShape & {
  /** Made by `t.versioned`. */
  readonly version?: number
  /** What the version before was, if there is a function that converts its values. */
  readonly former?: TypeSchema
}

type TypeShape =
  | { readonly kind: SimpleKind }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }
  | {
      readonly kind: 'enum'
      readonly values: readonly string[]
      /** What stands in older state for values that the enum has no more. */
      readonly default?: string
    }
  | { readonly kind: 'struct'; readonly fields: readonly FieldSchema[] }
  | { readonly kind: 'tuple'; readonly elements: readonly TypeSchema[] }
  | { readonly kind: 'list'; readonly element: TypeSchema }
  | { readonly kind: 'map'; readonly key: TypeSchema; readonly value: TypeSchema }
  | { readonly kind: 'union'; readonly options: readonly TypeSchema[] }
  | { readonly kind: 'optional'; readonly of: TypeSchema }
  | { readonly kind: 'nullable'; readonly of: TypeSchema }

export type SimpleKind =
  | 'string'
  | 'boolean'
  | 'int32'
  | 'int64'
  | 'float64'
  | 'timestamp'
  | 'date'
  | 'bytes'
  | 'json'
  | 'dynamic'

export interface FieldSchema {
  readonly name: string
  readonly type: TypeSchema
  /** What the field may be called in state that was written before. */
  readonly renamedFrom?: readonly string[]
  /** The value where such state has none: the bytes that the type writes, in base64. */
  readonly default?: string
}

declare const valueOf: unique symbol

/** Describes how values of `T` are encoded in state, between workers and in snapshots. */
export interface Type<T> {
  readonly [valueOf]?: T
  readonly schema: TypeSchema
  /**
   * True if a value, once isolated, cannot be frozen (bytes, dates, maps), so that each read from
   * state must copy it.
   */
  readonly copyOnRead: boolean
  /** Appends the value. Throws `TYPE_MISMATCH` naming the path if it does not fit. */
  write(value: T, out: ByteWriter): void
  /** Reads what `write` wrote. Throws `STORAGE_CORRUPT` on damaged input; memory stays bounded. */
  read(input: ByteReader): T
  /**
   * A value that shares nothing mutable with `value`: primitives as they are, objects copied and
   * deeply frozen where the language allows it. An already isolated value may be returned as is.
   */
  isolate(value: T): T
}

/** The TypeScript type that a type describes: `type Order = Infer<typeof Order>`. */
export type Infer<X> = X extends Type<infer T> ? T : never
