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
import { asBuffer, ByteReader, ByteWriter } from '../../util/bytes.ts'
import { KEY_BYTES_MAX } from './entry.ts'
import { EntryRange } from './entry-range.ts'

/** A block is also full when its keys, unfolded, are this long. */
export const BLOCK_KEY_BYTES_FULL = 1 << 20
export const BLOCK_KEY_BYTES_MAX = BLOCK_KEY_BYTES_FULL + KEY_BYTES_MAX
/** No value is longer; bigger things are many entries. */
const VALUE_BYTES_MAX = 1 << 27
/** Measured: the call takes as long as a loop over so many. */
const LOOP_BYTES_MAX = 32
/** Longer keys get more room when they come. */
const KEY_BYTES_FIRST = 256
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

  /** Its first `keyLength` bytes are the key added last; valid until the next is added. */
  get key(): Buffer {
    return this.#lastKey
  }

  get keyLength(): number {
    return this.#lastKeyBytes
  }

  /** A view; valid until the next `add`. */
  get lastKey(): Uint8Array {
    return this.#lastKey.subarray(0, Math.max(0, this.#lastKeyBytes))
  }

  /** Appends an entry; its key must be above the one before. */
  add(key: Uint8Array, value: Uint8Array): void {
    this.append(key, 0, key.length, value, 0, value.length)
  }

  /** The same for an entry whose bytes lie among others. */
  append(
    keys: Uint8Array,
    keyStart: number,
    keyEnd: number,
    values: Uint8Array,
    valueStart: number,
    valueEnd: number,
  ): void {
    const [keyBytes, valueBytes] = [keyEnd - keyStart, valueEnd - valueStart]
    if (keyBytes > KEY_BYTES_MAX) throw tooLarge('key', keyBytes, KEY_BYTES_MAX)
    if (valueBytes > VALUE_BYTES_MAX) throw tooLarge('value', valueBytes, VALUE_BYTES_MAX)
    const shared = this.#remember(keys, keyStart, keyBytes)
    const { out } = this
    let written = shared
    if (this.entries === 0) {
      written = 0
      this.#firstKey = Uint8Array.prototype.slice.call(keys, keyStart, keyEnd)
    }
    out.varuint(written)
    out.varuint(keyBytes - written)
    out.varuint(valueBytes)
    out.reserve(keyBytes + valueBytes)
    copyInto(out, keys, keyStart + written, keyEnd)
    copyInto(out, values, valueStart, valueEnd)
    this.entries++
    this.keyBytes += keyBytes
  }

  /** Forgets the entries, not the last key. */
  reset(): void {
    this.out.reset()
    this.entries = 0
    this.keyBytes = 0
  }

  /** Takes over the key as the last one; gives what it shares with the one before. */
  #remember(keys: Uint8Array, start: number, keyBytes: number): number {
    const lastBytes = this.#lastKeyBytes
    let last = this.#lastKey
    const limit = Math.min(lastBytes, keyBytes)
    let shared = 0
    while (shared < limit && last[shared] === keys[start + shared]) shared++
    const ascending =
      shared < limit
        ? (last[shared] as number) < (keys[start + shared] as number)
        : keyBytes > lastBytes
    assert(ascending, 'entries of a run must have strictly ascending keys')
    if (keyBytes > last.length) {
      last = Buffer.allocUnsafeSlow(keyBytes * 2)
      this.#lastKey.copy(last, 0, 0, shared)
      this.#lastKey = last
    }
    for (let index = shared; index < keyBytes; index++) last[index] = keys[start + index] as number
    this.#lastKeyBytes = keyBytes
    this.sharedBytes = Math.max(0, shared)
    return this.sharedBytes
  }
}

/** Appends a part of `source`; for a few bytes a loop beats the native call. */
function copyInto(out: ByteWriter, source: Uint8Array, start: number, end: number): void {
  const { bytes, length } = out
  const count = end - start
  if (count <= LOOP_BYTES_MAX) {
    for (let at = 0; at < count; at++) bytes[length + at] = source[start + at] as number
  } else asBuffer(source).copy(bytes, length, start, end)
  out.length = length + count
}

/** The entries of a block, unfolded. The views share one buffer per block: copy what is kept. */
export function decodeBlock(raw: Uint8Array, entries: number, keyBytes: number): EntryRange[] {
  const input = new ByteReader(raw)
  const keys = Buffer.allocUnsafeSlow(keyBytes)
  const decoded: EntryRange[] = []
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
    const valueStart = input.position
    input.position += valueBytes
    decoded.push(new EntryRange(keys, start, next, input.bytes, valueStart, input.position))
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

/**
 * The entries of a block from key `start` to below `end`, or to its end, without unfolding the
 * others. Keys are copies, values views.
 *
 * @param keyBytes what all keys of the block are long together, at most.
 */
export function entriesBetween(
  raw: Uint8Array,
  keyBytes: number,
  start: Uint8Array,
  end: Uint8Array | undefined,
): EntryRange[] {
  const input = new ByteReader(raw)
  const found: EntryRange[] = []
  let key = Buffer.allocUnsafe(Math.min(keyBytes, KEY_BYTES_FIRST))
  let lastBytes = 0
  let isFirst = true
  let isWithin = false
  while (input.remaining > 0) {
    const shared = input.varuint()
    const rest = input.varuint()
    const valueBytes = input.varuint()
    input.need(rest + valueBytes)
    if (shared > lastBytes || shared + rest > keyBytes) throw badBlock('a key does not fit')
    const follows = rest > 0 && (shared === lastBytes || isAbove(input, key[shared]))
    if (!isFirst && !follows) throw badBlock('its keys are not in order')
    isFirst = false
    lastBytes = shared + rest
    if (lastBytes > key.length) key = Buffer.concat([key], 2 * lastBytes)
    const { bytes, position } = input
    for (let at = 0; at < rest; at++) key[shared + at] = bytes[position + at] as number
    input.position += rest
    isWithin ||= !isBefore(key, lastBytes, start)
    if (!isWithin) {
      input.position += valueBytes
      continue
    }
    if (end !== undefined && !isBefore(key, lastBytes, end)) break
    const copied = Buffer.from(key.subarray(0, lastBytes))
    const valueStart = input.position
    input.position += valueBytes
    found.push(new EntryRange(copied, 0, lastBytes, input.bytes, valueStart, input.position))
  }
  return found
}

/** Whether a key, so many bytes of a buffer, is below a bound: as `compareBytes`. */
function isBefore(key: Buffer, keyBytes: number, bound: Uint8Array): boolean {
  const limit = Math.min(keyBytes, bound.length)
  for (let at = 0; at < limit; at++) {
    if (key[at] !== bound[at]) return (key[at] as number) < (bound[at] as number) // within both
  }
  return keyBytes < bound.length
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
