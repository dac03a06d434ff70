/**
 * One block of a run: entries whose keys are written as what differs from the key before.
 *
 *     (shared varuint | rest length varuint | value length varuint | rest of key | value)*
 *
 * The first entry of a block shares nothing. A block is compressed and checksummed as a whole; its
 * entry count and the summed length of its keys are in the index, so that decoding allocates once
 * and a hostile block cannot unfold into more than that.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { KEY_BYTES_MAX } from './entry.ts'

/** A block is also full when its keys, unfolded, are this long. */
export const BLOCK_KEY_BYTES_FULL = 1 << 20
export const BLOCK_KEY_BYTES_MAX = BLOCK_KEY_BYTES_FULL + KEY_BYTES_MAX
/** No value is longer; bigger things are many entries. */
const VALUE_BYTES_MAX = 1 << 27
export const BLOCK_RAW_BYTES_MAX = VALUE_BYTES_MAX + KEY_BYTES_MAX + (1 << 22)

export class BlockBuilder {
  readonly out = new ByteWriter(4 * 1024)
  entries = 0
  /** Summed length of the whole keys. */
  keyBytes = 0
  #firstKey: Uint8Array = new Uint8Array(0)
  /** The last key of all, also of the block before. */
  #lastKey = Buffer.allocUnsafeSlow(256)
  #lastKeyBytes = -1
  /** How many bytes the key added last has in common with the key before it. */
  sharedBytes = 0

  get firstKey(): Uint8Array {
    return this.#firstKey
  }

  /** A view; valid until the next `add`. */
  get lastKey(): Uint8Array {
    return this.#lastKey.subarray(0, Math.max(0, this.#lastKeyBytes))
  }

  /** Appends an entry; its key must be above the one before. */
  add(key: Uint8Array, value: Uint8Array): void {
    if (key.length > KEY_BYTES_MAX) throw tooLarge('key', key.length, KEY_BYTES_MAX)
    if (value.length > VALUE_BYTES_MAX) throw tooLarge('value', value.length, VALUE_BYTES_MAX)
    const shared = this.#remember(key)
    const { out } = this
    let written = shared
    if (this.entries === 0) {
      written = 0
      this.#firstKey = Uint8Array.prototype.slice.call(key)
    }
    out.varuint(written)
    out.varuint(key.length - written)
    out.varuint(value.length)
    out.reserve(key.length + value.length)
    copyInto(out, key, written)
    copyInto(out, value, 0)
    this.entries++
    this.keyBytes += key.length
  }

  /** Forgets the entries, not the last key. */
  reset(): void {
    this.out.reset()
    this.entries = 0
    this.keyBytes = 0
  }

  /** Takes over the key as the last one; gives what it shares with the one before. */
  #remember(key: Uint8Array): number {
    const lastBytes = this.#lastKeyBytes
    let last = this.#lastKey
    const limit = Math.min(lastBytes, key.length)
    let shared = 0
    while (shared < limit && last[shared] === key[shared]) shared++
    const ascending =
      shared < limit ? (last[shared] as number) < (key[shared] as number) : key.length > lastBytes
    assert(ascending, 'entries of a run must have strictly ascending keys')
    if (key.length > last.length) {
      last = Buffer.allocUnsafeSlow(key.length * 2)
      this.#lastKey.copy(last, 0, 0, shared)
      this.#lastKey = last
    }
    for (let index = shared; index < key.length; index++) last[index] = key[index] as number
    this.#lastKeyBytes = key.length
    this.sharedBytes = Math.max(0, shared)
    return this.sharedBytes
  }
}

/** Appends `source` from `start`; for a few bytes a loop beats the native call. */
function copyInto(out: ByteWriter, source: Uint8Array, start: number): void {
  const { bytes } = out
  const count = source.length - start
  let { length } = out
  if (count <= 32) {
    for (let index = start; index < source.length; index++)
      bytes[length++] = source[index] as number
  } else {
    bytes.set(start === 0 ? source : source.subarray(start), length)
    length += count
  }
  out.length = length
}

/** The entries of a block, unfolded. The views share one buffer per block: copy what is kept. */
export function decodeBlock(raw: Uint8Array, entries: number, keyBytes: number): Entry[] {
  const input = new ByteReader(raw)
  const keys = Buffer.allocUnsafeSlow(keyBytes)
  const decoded: Entry[] = []
  let last = 0
  let lastBytes = 0
  let next = 0
  while (input.remaining > 0) {
    const shared = input.varuint()
    const rest = input.varuint()
    const valueBytes = input.varuint()
    input.need(rest + valueBytes)
    if (shared > lastBytes || next + shared + rest > keyBytes) throw badBlock('a key does not fit')
    // Look-ups believe that keys ascend, and that they share as much as they can.
    const follows = rest > 0 && (shared === lastBytes || isAbove(input, keys[last + shared]))
    if (decoded.length > 0 && !follows) throw badBlock('its keys are not in order')
    const start = next
    for (let index = 0; index < shared; index++) keys[next++] = keys[last + index] as number
    for (let index = 0; index < rest; index++)
      keys[next++] = input.bytes[input.position++] as number
    const key = keys.subarray(start, next)
    decoded.push({ key, value: input.raw(valueBytes) })
    last = start
    lastBytes = next - start
  }
  if (decoded.length !== entries || next !== keyBytes) throw badBlock('its counts are wrong')
  return decoded
}

/**
 * The value of `key` in a block, without unfolding the others: it is enough to know how many bytes
 * the key before has in common with the one that is sought.
 */
export function findInBlock(raw: Uint8Array, key: Uint8Array): Uint8Array | undefined {
  const input = new ByteReader(raw)
  let matched = 0
  let lastBytes = 0
  while (input.remaining > 0) {
    const shared = input.varuint()
    const rest = input.varuint()
    const valueBytes = input.varuint()
    input.need(rest + valueBytes)
    if (shared > lastBytes) throw badBlock('a key does not fit')
    lastBytes = shared + rest
    // Where this key leaves the one before, it becomes greater: it has passed what is sought.
    if (shared < matched) return undefined
    if (shared === matched) {
      const { bytes, position } = input
      const limit = Math.min(key.length, lastBytes)
      while (matched < limit && bytes[position + matched - shared] === key[matched]) matched++
      if (matched === key.length) {
        if (matched < lastBytes) return undefined
        input.position += rest
        return input.raw(valueBytes)
      }
      const here = bytes[position + matched - shared] as number // unless this key has ended
      if (matched < lastBytes && here > (key[matched] as number)) return undefined
    }
    input.position += rest + valueBytes
  }
  return undefined
}

function isAbove({ bytes, position }: ByteReader, before: number | undefined): boolean {
  // Both are within their bytes: the caller has looked.
  return (bytes[position] as number) > (before as number)
}

function badBlock(why: string): MillraceError {
  return new MillraceError('STORAGE_CORRUPT', `a block of entries is damaged: ${why}`)
}

function tooLarge(what: string, bytes: number, limit: number): MillraceError {
  return new MillraceError('STATE_VALUE_TOO_LARGE', `a ${what} of ${bytes} bytes; at most ${limit}`)
}
