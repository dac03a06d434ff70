/**
 * A field of a struct that says how state from before it is read: under which names it may lie
 * there, and what it is where there is none. Elsewhere such a type is what it wraps.
 */
import { Buffer } from 'node:buffer'
import { type ByteReader, ByteWriter } from '../util/bytes.ts'
import type { OptionalType } from './choices.ts'
import { accepts, type Codec, type FormerVersion, invalidType, isCodec } from './codec.ts'
import type { FieldSchema, Type, TypeSchema } from './type.ts'

export interface FieldOptions<T> {
  /** What the field was called before; several names if it was renamed more than once. */
  readonly renamedFrom?: string | readonly string[]
  /** The value where older state has none: for a new field, and for one that was optional. */
  readonly default?: T
}

/** What of the options stands in the schema of the struct. */
export type FieldMarks = Pick<FieldSchema, 'renamedFrom' | 'default'>

export class FieldType<T> implements Codec<T> {
  readonly schema: TypeSchema
  readonly copyOnRead: boolean
  readonly of: Type<T>
  readonly marks: FieldMarks
  readonly parts?: readonly Type<unknown>[]
  readonly former?: FormerVersion
  /** As `OptionalType` says, for types that are. */
  readonly optional: boolean

  constructor(of: Type<T>, marks: FieldMarks) {
    this.of = of
    this.schema = of.schema
    this.copyOnRead = of.copyOnRead
    this.marks = marks
    this.optional = of.schema.kind === 'optional'
    if (isCodec(of)) {
      if (of.parts !== undefined) this.parts = of.parts
      if (of.former !== undefined) this.former = of.former
    }
    Object.freeze(this)
  }

  accepts(value: unknown): boolean {
    return accepts(this.of, value)
  }

  write(value: T, out: ByteWriter): void {
    this.of.write(value, out)
  }

  read(input: ByteReader): T {
    return this.of.read(input)
  }

  isolate(value: T): T {
    return this.of.isolate(value)
  }
}

/** Throws `TYPE_INVALID` for names that are none, and a default that the type does not take. */
export function fieldType<T>(of: Type<T>, options: FieldOptions<T>): FieldType<T> {
  if (of instanceof FieldType) throw invalidType('a field of a field: give all options at once')
  const { renamedFrom } = options
  const names = typeof renamedFrom === 'string' ? [renamedFrom] : (renamedFrom ?? [])
  if (!names.every((name) => typeof name === 'string')) {
    throw invalidType('renamedFrom is a name or a list of names')
  }
  return new FieldType(of, {
    ...(names.length === 0 ? {} : { renamedFrom: Object.freeze([...names]) }),
    ...(options.default === undefined ? {} : { default: encoded(of, options.default) }),
  })
}

function encoded<T>(type: Type<T>, value: T): string {
  const out = new ByteWriter()
  try {
    type.write(value, out)
  } catch (error) {
    throw invalidType(`the default of a field does not fit its type: ${String(error)}`)
  }
  return Buffer.from(out.view()).toString('base64')
}

/** A field's type without what is said of its past, and that. */
export function unwrapField(type: Type<unknown>): {
  readonly of: Type<unknown>
  readonly marks: FieldMarks
} {
  return type instanceof FieldType ? type : { of: type, marks: {} }
}

/** Keeps a field that is optional so. */
export type FieldOf<X> = X extends OptionalType<infer T> ? OptionalType<T> : X
