/** Declared types that choose: literal, enum, union, optional and nullable. */
import { required } from '../util/assert.ts'
import type { ByteReader, ByteWriter } from '../util/bytes.ts'
import { accepts, type Codec, corrupt, invalidType } from './codec.ts'
import { describeSchema } from './describe.ts'
import { cut, mismatch } from './mismatch.ts'
import type { Type, TypeSchema } from './type.ts'

const EXPECTED_CHARS_MAX = 100

export type LiteralValue = string | number | boolean | null

/** One value; it takes no bytes. */
export function literalType<V extends LiteralValue>(literal: V): Codec<V> {
  const finite = typeof literal !== 'number' || Number.isFinite(literal)
  const known = literal === null || ['string', 'number', 'boolean'].includes(typeof literal)
  if (!known || !finite) {
    throw invalidType('a literal is a string, a finite number, a boolean or null')
  }
  const isolate = (value: V): V => {
    if (value !== literal) throw mismatch(JSON.stringify(literal), value)
    return literal
  }
  return Object.freeze<Codec<V>>({
    schema: Object.freeze({ kind: 'literal', value: literal }),
    copyOnRead: false,
    accepts: (value) => value === literal,
    write: isolate,
    read: () => literal,
    isolate,
  })
}

/**
 * One of some strings, written as its index. Values of older state that are none of them are read
 * as `fallback`; without one such state is refused.
 */
export function enumType<V extends string>(values: readonly V[], fallback?: V): Codec<V> {
  const indices = new Map<unknown, number>(values.map((value, index) => [value, index]))
  if (values.length === 0) throw invalidType('an enum needs at least one value')
  if (indices.size < values.length) throw invalidType('an enum has a value twice')
  if (values.some((value) => typeof value !== 'string')) {
    throw invalidType('the values of an enum are strings')
  }
  if (fallback !== undefined && !indices.has(fallback)) {
    throw invalidType('the default of an enum is one of its values')
  }
  const frozen = Object.freeze([...values])
  const schema = Object.freeze({
    kind: 'enum',
    values: frozen,
    ...(fallback === undefined ? {} : { default: fallback }),
  } as const)
  const indexOf = (value: V): number => {
    const index = indices.get(value)
    if (index === undefined) throw mismatch(cut(describeSchema(schema), EXPECTED_CHARS_MAX), value)
    return index
  }
  return Object.freeze<Codec<V>>({
    schema,
    copyOnRead: false,
    accepts: (value) => indices.has(value),
    write: (value: V, out: ByteWriter) => out.varuint(indexOf(value)),
    read(input: ByteReader): V {
      const index = input.varuint()
      const value = frozen[index]
      if (value === undefined) throw corrupt(`an enum of ${frozen.length} values has no ${index}`)
      return value
    },
    isolate(value: V): V {
      indexOf(value)
      return value
    },
  })
}

/** A value of the first option that takes it, behind the option's index. */
export function unionType(options: readonly Type<unknown>[]): Codec<unknown> {
  if (options.length === 0) throw invalidType('a union needs at least one option')
  const frozen = Object.freeze([...options])
  const schema: TypeSchema = Object.freeze({
    kind: 'union',
    options: Object.freeze(frozen.map((option) => option.schema)),
  })
  const choose = (value: unknown): number => {
    const index = frozen.findIndex((option) => accepts(option, value))
    if (index < 0) throw mismatch(cut(describeSchema(schema), EXPECTED_CHARS_MAX), value)
    return index
  }
  return Object.freeze<Codec<unknown>>({
    schema,
    copyOnRead: frozen.some((option) => option.copyOnRead),
    parts: frozen,
    accepts: (value) => frozen.some((option) => accepts(option, value)),
    write(value: unknown, out: ByteWriter): void {
      const index = choose(value)
      out.varuint(index)
      required(frozen[index], 'chosen').write(value, out)
    },
    read(input: ByteReader): unknown {
      const index = input.varuint()
      const option = frozen[index]
      if (option === undefined) throw corrupt(`a union of ${frozen.length} has no option ${index}`)
      return option.read(input)
    },
    isolate: (value: unknown) => required(frozen[choose(value)], 'chosen').isolate(value),
  })
}

/** A value or `undefined`. As a field of a struct it may be absent and costs one bit. */
export interface OptionalType<T> extends Type<T | undefined> {
  readonly optional: true
}

export interface OptionalCodec<T> extends Codec<T | undefined>, OptionalType<T> {
  readonly of: Type<T>
}

export function optionalType<T>(of: Type<T>): OptionalCodec<T> {
  return Object.freeze<OptionalCodec<T>>({
    schema: Object.freeze({ kind: 'optional', of: of.schema }),
    copyOnRead: of.copyOnRead,
    parts: [of],
    optional: true,
    of,
    accepts: (value) => value === undefined || accepts(of, value),
    write(value: T | undefined, out: ByteWriter): void {
      out.uint8(value === undefined ? 0 : 1)
      if (value !== undefined) of.write(value, out)
    },
    read: (input) => (readPresence(input) ? of.read(input) : undefined),
    isolate: (value: T | undefined) => (value === undefined ? value : of.isolate(value)),
  })
}

/** A value or `null`. */
export function nullableType<T>(of: Type<T>): Codec<T | null> {
  return Object.freeze<Codec<T | null>>({
    schema: Object.freeze({ kind: 'nullable', of: of.schema }),
    copyOnRead: of.copyOnRead,
    parts: [of],
    accepts: (value) => value === null || accepts(of, value),
    write(value: T | null, out: ByteWriter): void {
      out.uint8(value === null ? 0 : 1)
      if (value !== null) of.write(value, out)
    },
    read: (input) => (readPresence(input) ? of.read(input) : null),
    isolate: (value: T | null) => (value === null ? value : of.isolate(value)),
  })
}

function readPresence(input: ByteReader): boolean {
  const byte = input.uint8()
  if (byte > 1) throw corrupt(`0x${byte.toString(16)} says neither present nor absent`)
  return byte === 1
}
