/** What the two implementations of a struct's functions, generated and looping, have in common. */
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import type { Type } from './type.ts'

export type Fields = Record<string, unknown>

export interface StructField {
  readonly name: string
  /** What its bytes are; for an optional field the type without `optional`. */
  readonly type: Type<unknown>
  readonly optional: boolean
  /** True for names such as `constructor`, which objects have without having the field. */
  readonly inherited: boolean
}

/** What both call for all that is not the common case. */
export interface StructSlowPaths {
  /** Throws unless the value is a plain object with the right fields. */
  readonly check: (value: unknown) => void
  /** The error with the path of the field at this position in front. */
  readonly locate: (position: number, error: unknown) => unknown
}

export interface StructFunctions {
  readonly write: (value: Fields, out: ByteWriter) => void
  readonly read: (input: ByteReader) => Fields
  /** A copy in declared order with isolated fields; not frozen. */
  readonly copy: (value: Fields) => Fields
}
