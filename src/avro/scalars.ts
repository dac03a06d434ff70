/** Avro types without parts: primitives, logical types and `fixed`. */
import { literalType } from '../types/choices.ts'
import type { Codec } from '../types/codec.ts'
import {
  booleanType,
  bytesType,
  float64Type,
  int32Type,
  int64Type,
  stringType,
  timestampType,
} from '../types/scalars.ts'
import type { Type } from '../types/type.ts'
import { checkedType } from './checked.ts'

/** What values of `long` are in JavaScript. */
export type LongAs = 'number' | 'bigint'

/** An Avro type as one of Millrace. */
export interface Part {
  /** Its name in Avro; unions must not have two of the same. */
  readonly name: string
  readonly type: Type<unknown>
  /** The value that a default stands for; undefined if it stands for none. */
  fromJson(json: unknown): unknown
}

const longType = checkedType(float64Type, {
  expected: 'a whole number within ±(2^53 − 1)',
  cure: "give avroType the option long: 'bigint' for larger ones",
  holds: Number.isSafeInteger,
})

const millisType = checkedType(timestampType, {
  expected: 'whole milliseconds since 1970-01-01 UTC',
  holds: Number.isSafeInteger,
})

const PRIMITIVES: ReadonlyMap<string, Part> = new Map(
  [
    plain('null', literalType(null)),
    plain('boolean', booleanType),
    plain('int', int32Type),
    plain('long', longType),
    plain('float', float64Type),
    plain('double', float64Type),
    plain('string', stringType),
    part('bytes', bytesType, bytesFromJson),
  ].map((each) => [each.name, each]),
)
const BIG_LONG = part('long', int64Type, (json) => (isSafe(json) ? BigInt(json) : undefined))
const MILLIS = plain('long', millisType)

export function primitive(name: string, long: LongAs): Part | undefined {
  return name === 'long' && long === 'bigint' ? BIG_LONG : PRIMITIVES.get(name)
}

/**
 * Logical types that have a type of their own; others are what they are made of. A date is one of
 * these: as a `Date` it would become milliseconds where Avro's resolution reads days.
 */
export function logical(name: string, logicalType: unknown): Part | undefined {
  return name === 'long' && logicalType === 'timestamp-millis' ? MILLIS : undefined
}

export function fixed(name: string, size: number): Part {
  const type = checkedType(bytesType, {
    expected: `${size} bytes (a Uint8Array)`,
    cure: `"${name}" is of a fixed size; use "bytes" for any`,
    holds: (value) => value.length === size,
  })
  return part(name, type, bytesFromJson)
}

function isSafe(json: unknown): json is number {
  return Number.isSafeInteger(json)
}

/** Bytes stand in JSON as characters up to U+00FF. */
function bytesFromJson(json: unknown): Uint8Array | undefined {
  if (typeof json !== 'string') return undefined
  const codes = Array.from(json, (character) => character.codePointAt(0) ?? 0)
  return codes.every((code) => code <= 0xff) ? Uint8Array.from(codes) : undefined
}

function plain<T>(name: string, type: Codec<T>): Part {
  return part(name, type, (json) => json)
}

/** A value that the type does not take is none. */
export function part<T>(name: string, type: Codec<T>, fromJson: (json: unknown) => unknown): Part {
  return {
    name,
    type,
    fromJson(json) {
      const value = fromJson(json)
      return type.accepts(value) ? value : undefined
    },
  }
}
