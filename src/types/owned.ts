/**
 * Types of values that an operator keeps to itself: they change in place, after a write has told a
 * pending snapshot of what they were. Whoever wants to know later what a value was must copy it.
 */
import { ByteReader, ByteWriter } from '../util/bytes.ts'
import type { Type } from './type.ts'

export interface OwnedType<T> extends Type<T> {
  readonly changesInPlace: true
}

export function isOwned(type: Type<unknown>): type is OwnedType<unknown> {
  return 'changesInPlace' in type
}

/** An equal value that shares nothing with it. */
export function copyOf<T>(type: Type<T>, value: T): T {
  const out = new ByteWriter()
  type.write(value, out)
  return type.read(new ByteReader(out.bytes, 0, out.length))
}
