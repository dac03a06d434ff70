/**
 * A place between keys: all keys lie before it or behind it. Two of them bound a range, in memory
 * by comparing values, below by comparing canonical bytes; both say the same.
 */
import { compareKeys, compareToPrefix } from '../../types/keys-order.ts'
import { writeKey } from '../../types/keys.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { endOfPrefix } from '../runs/entry.ts'

export interface KeyCut {
  isBefore(key: unknown): boolean
  /** The lowest bytes that lie behind it. */
  bytes(): Buffer
}

/** Just before a key. */
export function before(key: unknown): KeyCut {
  return { isBefore: (other) => compareKeys(other, key) < 0, bytes: () => canonical(key) }
}

/** Just behind a key. */
export function behind(key: unknown): KeyCut {
  return {
    isBefore: (other) => compareKeys(other, key) <= 0,
    // Keys end themselves: nothing lies between one and the same with a zero byte behind it.
    bytes: () => Buffer.concat([canonical(key), Buffer.alloc(1)]),
  }
}

/** Before all keys that begin with `prefix`. */
export function beforePrefix(prefix: unknown): KeyCut {
  return {
    isBefore: (other) => compareToPrefix(other, prefix) < 0,
    bytes: () => opened(prefix),
  }
}

/** Behind all of them. */
export function behindPrefix(prefix: unknown): KeyCut {
  return {
    isBefore: (other) => compareToPrefix(other, prefix) <= 0,
    bytes: () => endOfPrefix(opened(prefix)),
  }
}

const scratch = new ByteWriter()

function canonical(key: unknown): Buffer {
  scratch.reset()
  writeKey(key, scratch)
  return scratch.copy()
}

/** A string, bytes or tuple without the mark of its end. */
function opened(prefix: unknown): Buffer {
  const bytes = canonical(prefix)
  return bytes.subarray(0, bytes.length - 1)
}
