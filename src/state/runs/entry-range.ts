/**
 * An entry as places in longer bytes. Of the thousands of entries of a cut or of a block each would
 * take two views, which cost more than the entry: views are made where they are asked for.
 */
import type { Buffer } from 'node:buffer'
import { asBuffer } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { flagsOf } from './entry-value.ts'

export class EntryRange implements Entry {
  readonly keys: Buffer
  readonly keyStart: number
  readonly keyEnd: number
  readonly values: Buffer
  readonly valueStart: number
  readonly valueEnd: number

  constructor(
    keys: Buffer,
    keyStart: number,
    keyEnd: number,
    values: Buffer,
    valueStart: number,
    valueEnd: number,
  ) {
    this.keys = keys
    this.keyStart = keyStart
    this.keyEnd = keyEnd
    this.values = values
    this.valueStart = valueStart
    this.valueEnd = valueEnd
  }

  get key(): Buffer {
    return this.keys.subarray(this.keyStart, this.keyEnd)
  }

  get value(): Buffer {
    return this.values.subarray(this.valueStart, this.valueEnd)
  }

  get valueBytes(): number {
    return this.valueEnd - this.valueStart
  }
}

/** Any entry as one that needs no views. */
export function rangeOf(entry: Entry): EntryRange {
  if (entry instanceof EntryRange) return entry
  const { key, value } = entry
  return new EntryRange(asBuffer(key), 0, key.length, asBuffer(value), 0, value.length)
}

export function flagsOfEntry(entry: Entry): number {
  return entry instanceof EntryRange
    ? flagsOf(entry.values, entry.valueStart)
    : flagsOf(entry.value)
}

/** Order of the keys of two entries: as `compareBytes`. */
export function compareKeys(a: EntryRange, b: EntryRange): number {
  const { keys, keyStart, keyEnd } = a
  const { keys: otherKeys, keyStart: otherStart, keyEnd: otherEnd } = b
  const [bytes, otherBytes] = [keyEnd - keyStart, otherEnd - otherStart]
  const limit = Math.min(bytes, otherBytes)
  for (let at = 0; at < limit; at++) {
    // Both are within their keys.
    const difference = (keys[keyStart + at] as number) - (otherKeys[otherStart + at] as number)
    if (difference !== 0) return difference
  }
  return bytes - otherBytes
}

/** Whether the key of an entry begins with these bytes. */
export function keyStartsWith({ keys, keyStart, keyEnd }: EntryRange, prefix: Uint8Array): boolean {
  if (keyEnd - keyStart < prefix.length) return false
  for (let at = prefix.length - 1; at >= 0; at--) {
    if (keys[keyStart + at] !== prefix[at]) return false
  }
  return true
}

/** An entry whose bytes nobody reuses. */
export function copyOf({ key, value }: Entry): Entry {
  return { key: Uint8Array.from(key), value: Uint8Array.from(value) }
}
