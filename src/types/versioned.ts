/**
 * Types with a version: for changes that no rule covers, a function makes values of the new version
 * out of those of the one before. The bytes are those of the type itself; the number stands in the
 * schema.
 */
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import { accepts, type Codec, type FormerVersion, invalidType, isCodec } from './codec.ts'
import { FieldType } from './field.ts'
import type { Type, TypeSchema } from './type.ts'

const VERSION_MAX = 1_000_000

export interface Versioned<T> extends Type<T> {
  /**
   * The type with a way from the version before, itself one of `t.versioned` or of none.
   * `migrate` is given what `former` reads and must depend on nothing else: it may be called again
   * for the same value.
   *
   * @throws `TYPE_INVALID` if `former` is not older, or `migrate` no function.
   */
  from<F>(former: Type<F>, migrate: (old: F) => T): Type<T>
}

export function versionedType<T>(
  version: number,
  of: Type<T>,
  former?: FormerVersion,
): Codec<T> & Versioned<T> {
  if (!Number.isInteger(version) || version < 1 || version > VERSION_MAX) {
    throw invalidType(`a version is a whole number from 1 to ${VERSION_MAX}`)
  }
  if (of instanceof FieldType) throw invalidType('a version goes inside t.field, not around it')
  const { kind } = of.schema
  if (kind === 'optional') throw invalidType('a version goes inside t.optional, not around it')
  if (of.schema.version !== undefined) throw invalidType('a type of a version has another version')
  const before = former?.type.schema.version ?? 0
  if (before >= version) throw invalidType(`version ${version} comes after version ${before}`)
  if (former !== undefined && before === 0 && version === 1) {
    throw invalidType('what had no version counts as version 1: begin with version 2')
  }
  return new VersionedType(version, of, former)
}

class VersionedType<T> implements Codec<T>, Versioned<T> {
  readonly schema: TypeSchema
  readonly copyOnRead: boolean
  readonly parts?: readonly Type<unknown>[]
  readonly former?: FormerVersion
  readonly #version: number
  readonly #of: Type<T>

  constructor(version: number, of: Type<T>, former: FormerVersion | undefined) {
    this.schema = Object.freeze({
      ...of.schema,
      version,
      ...(former === undefined ? {} : { former: former.type.schema }),
    })
    this.copyOnRead = of.copyOnRead
    this.#version = version
    this.#of = of
    if (isCodec(of) && of.parts !== undefined) this.parts = of.parts
    if (former !== undefined) this.former = former
    Object.freeze(this)
  }

  from<F>(former: Type<F>, migrate: (old: F) => T): Type<T> {
    if (typeof migrate !== 'function') throw invalidType('from() needs a function that converts')
    // Only values that were read as those of the former type are given to it.
    const convert = migrate as (old: unknown) => unknown
    return versionedType(this.#version, this.#of, { type: former, migrate: convert })
  }

  accepts(value: unknown): boolean {
    return accepts(this.#of, value)
  }

  write(value: T, out: ByteWriter): void {
    this.#of.write(value, out)
  }

  read(input: ByteReader): T {
    return this.#of.read(input)
  }

  isolate(value: T): T {
    return this.#of.isolate(value)
  }
}
