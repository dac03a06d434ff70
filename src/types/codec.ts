/** What the declared types share inside this folder, beyond the contract of `type.ts`. */
import { isMillraceError, MillraceError } from '../errors.ts'
import type { ByteReader } from '../util/bytes.ts'
import { isSealed, seal } from './isolated.ts'
import type { Type, TypeSchema } from './type.ts'

/** A type that can be asked without an error being thrown; unions choose their option by it. */
export interface Codec<T> extends Type<T> {
  /** Whether `write` and `isolate` would take the value. */
  accepts(value: unknown): boolean
  /**
   * As `isolate`, for a value that takes the place of `before`, which the type has isolated: what
   * both have is not copied again.
   */
  isolateAfter?(value: T, before: unknown): T
  /** What it is made of, in the order of its schema; absent if of nothing. */
  readonly parts?: readonly Type<unknown>[]
  /** Made by `t.versioned`. */
  readonly former?: FormerVersion
}

/** The version of a type before, and what makes its values those of the type. */
export interface FormerVersion {
  readonly type: Type<unknown>
  /** Absent where only schemas are at hand. */
  readonly migrate?: (old: unknown) => unknown
}

/** Whether the type takes the value; types from elsewhere are asked by trying. */
export function accepts(type: Type<unknown>, value: unknown): boolean {
  if (isCodec(type)) return type.accepts(value)
  try {
    type.isolate(value)
    return true
  } catch (error) {
    if (isMillraceError(error) && error.code === 'TYPE_MISMATCH') return false
    throw error
  }
}

export function isCodec(type: Type<unknown>): type is Codec<unknown> {
  return 'accepts' in type
}

/** An object that is nothing but its fields. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** True for types all of whose values are zero bytes long. */
export function takesNoBytes(schema: TypeSchema): boolean {
  if (schema.kind === 'literal') return true
  if (schema.kind === 'tuple') return schema.elements.every(takesNoBytes)
  return schema.kind === 'struct' && schema.fields.every((field) => takesNoBytes(field.type))
}

/** True for types all of whose values are primitives. */
export function isPrimitive(schema: TypeSchema): boolean {
  switch (schema.kind) {
    case 'optional':
    case 'nullable':
      return isPrimitive(schema.of)
    case 'union':
      return schema.options.every(isPrimitive)
    case 'date':
    case 'bytes':
    case 'json':
    case 'dynamic':
    case 'struct':
    case 'tuple':
    case 'list':
    case 'map':
      return false
    case 'string':
    case 'boolean':
    case 'int32':
    case 'int64':
    case 'float64':
    case 'timestamp':
    case 'literal':
    case 'enum':
      return true
  }
}

/** A count of elements of at least one byte each, checked before anything is allocated. */
export function readCount(input: ByteReader): number {
  const count = input.varuint()
  if (count > input.remaining) {
    throw corrupt(`${count} elements are claimed, ${input.remaining} bytes are left`)
  }
  return count
}

/** True for a value isolated by `type` that no freezing protects, or that holds such. */
export function isLoose(type: Type<unknown>, isolated: unknown): boolean {
  return type.copyOnRead && typeof isolated === 'object' && isolated !== null && !isSealed(isolated)
}

/** Freezes a fresh copy; seals it too, unless something in it cannot be frozen. */
export function freezeCopy<T extends object>(copy: T, by: unknown, loose: boolean): T {
  return loose ? Object.freeze(copy) : seal(copy, by)
}

export function corrupt(problem: string): MillraceError {
  return new MillraceError('STORAGE_CORRUPT', problem)
}

/** A type that cannot be: what is wrong with its declaration or its stored schema. */
export function invalidType(problem: string): MillraceError {
  return new MillraceError('TYPE_INVALID', problem)
}
