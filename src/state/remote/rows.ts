/** What tables of rows on servers have in common. */
import { Buffer } from 'node:buffer'
import { KEY_HEAD_BYTES } from '../runs/entry.ts'

/**
 * Before a value. A key that is deleted keeps a row without value, for servers read slowly over
 * what is gone, or not at all; so no value that is held may be empty.
 */
const HELD = Buffer.from([1])

export function held(value: Buffer): Buffer {
  return Buffer.concat([HELD, value])
}

/** Undefined: the key is deleted. */
export function heldIn(bytes: Buffer): Buffer | undefined {
  return bytes.length === 0 ? undefined : bytes.subarray(HELD.length)
}

/** Key group, operator and section. */
export function headOf(key: Buffer): Buffer {
  return key.subarray(0, KEY_HEAD_BYTES)
}

export function byHead<T>(items: readonly T[], keyOf: (item: T) => Buffer): Map<Buffer, T[]> {
  const groups = Map.groupBy(items, (item) => headOf(keyOf(item)).toString('latin1'))
  return new Map([...groups].map(([head, of]) => [Buffer.from(head, 'latin1'), of]))
}

export function partsOf<T>(items: readonly T[], lengthMax: number): readonly T[][] {
  const count = Math.ceil(items.length / lengthMax)
  return Array.from({ length: count }, (_, at) => items.slice(at * lengthMax, (at + 1) * lengthMax))
}
