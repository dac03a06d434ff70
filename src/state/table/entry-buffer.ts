/**
 * Encoded entries, collected in any order and given out sorted by their keys' bytes. Of each key
 * the five bytes behind what all keys begin with are compared as one number, which nearly always
 * decides.
 */
import type { Buffer } from 'node:buffer'
import { assert } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { EntryRange } from '../runs/entry-range.ts'

const FIRST_BYTES = 1024
const MARKS_PER_ENTRY = 3
const FIRST_ENTRIES = 16
/** Of a number that is sorted, 40 bits are the prefix of a key and 24 the index of its entry. */
const PREFIX_BYTES = 5
const INDEXES = 2 ** 24
/** Where the halves of a 64-bit number lie, in words: Node runs on little-endian hosts only. */
const LOW = 0
const HIGH = 1

export class EntryBuffer {
  /** Entries are appended here: `beginEntry`, key, `beginValue`, value, `endEntry`. */
  readonly out: ByteWriter
  /** Start of the key, start of the value, end; for each entry. */
  #marks = new Uint32Array(FIRST_ENTRIES * MARKS_PER_ENTRY)
  #markCount = 0
  /** What is sorted, and the order of the entries: used again with the buffer. */
  #marked = new BigUint64Array(0)
  #order = new Uint32Array(0)

  constructor() {
    this.out = new ByteWriter(FIRST_BYTES)
  }

  get count(): number {
    return Math.floor(this.#markCount / MARKS_PER_ENTRY)
  }

  beginEntry(): void {
    this.#add(this.out.length)
  }

  beginValue(): void {
    this.#add(this.out.length)
  }

  endEntry(): void {
    this.#add(this.out.length)
  }

  /** Forgets its entries: what was sorted of them is at its end. */
  reset(): void {
    this.out.reset()
    this.#markCount = 0
  }

  /** The entries in key order. The buffer takes no more afterwards, until it is reset. */
  sorted(): SortedEntries {
    const { count } = this
    assert(count <= INDEXES, 'a buffer is sorted before it holds too many entries')
    const skipped = this.#commonBytes(count)
    if (count > this.#order.length) {
      this.#marked = new BigUint64Array(count)
      this.#order = new Uint32Array(count)
    }
    // Sorted natively, without a comparator: that takes a fifth of the time.
    const marked = this.#marked.subarray(0, count)
    const words = new Uint32Array(marked.buffer)
    for (let index = 0; index < count; index++) {
      const prefix = this.prefix(index, skipped)
      words[2 * index + LOW] = (prefix % 256) * INDEXES + index
      words[2 * index + HIGH] = prefix / 256
    }
    marked.sort()
    const order = this.#order.subarray(0, count)
    for (let at = 0; at < count; at++) order[at] = (words[2 * at + LOW] as number) % INDEXES
    this.#settleTies(order, words, skipped + PREFIX_BYTES)
    return new SortedEntries(this, order, words, skipped)
  }

  /** Entries whose prefixes are equal are in the order of their indexes so far. */
  #settleTies(order: Uint32Array, words: Uint32Array, decided: number): void {
    const word = (at: number): number => words[at] as number // at < 2 × count
    for (let start = 0, at = 1; at <= order.length; at++) {
      const [here, before] = [2 * at, 2 * at - 2]
      const isTie =
        at < order.length &&
        word(here + HIGH) === word(before + HIGH) &&
        word(here + LOW) >>> 24 === word(before + LOW) >>> 24
      if (isTie) continue
      if (at - start > 1) {
        order.subarray(start, at).sort((a, b) => (a === b ? 0 : this.#compareOwn(a, b, decided)))
      }
      start = at
    }
  }

  /** The entry of an index; its bytes stay as they are. */
  entry(index: number): EntryRange {
    const at = index * MARKS_PER_ENTRY
    const marks = this.#marks
    // The index is below the count.
    const [start, value, end] = [
      marks[at] as number,
      marks[at + 1] as number,
      marks[at + 2] as number,
    ]
    const { bytes } = this.out
    return new EntryRange(bytes, start, value, bytes, value, end)
  }

  /** Order of an entry's key and one of another buffer. */
  compare(index: number, other: EntryBuffer, otherIndex: number): number {
    return compareParts(
      this.out.bytes,
      this.#mark(index, 0),
      this.#mark(index, 1),
      other.out.bytes,
      other.#mark(otherIndex, 0),
      other.#mark(otherIndex, 1),
    )
  }

  /** How many of the first `limit` bytes an entry's key shares with one of another buffer. */
  sharedBytes(index: number, other: EntryBuffer, otherIndex: number, limit: number): number {
    const [start, otherStart] = [this.#mark(index, 0), other.#mark(otherIndex, 0)]
    const end = Math.min(
      limit,
      this.#mark(index, 1) - start,
      other.#mark(otherIndex, 1) - otherStart,
    )
    let shared = 0
    while (shared < end && this.out.bytes[start + shared] === other.out.bytes[otherStart + shared])
      shared++
    return shared
  }

  #compareOwn(a: number, b: number, decided: number): number {
    const { bytes } = this.out
    const [endA, endB] = [this.#mark(a, 1), this.#mark(b, 1)]
    const startA = Math.min(endA, this.#mark(a, 0) + decided)
    const startB = Math.min(endB, this.#mark(b, 0) + decided)
    const comparison = compareParts(bytes, startA, endA, bytes, startB, endB)
    // Prefixes are padded with zeros, so a short key may tie with one that goes on with zeros.
    const lengths = endA - this.#mark(a, 0) - (endB - this.#mark(b, 0))
    assert(comparison !== 0 || lengths !== 0, 'an entry is twice in one cut')
    return comparison === 0 ? lengths : comparison
  }

  /** How many bytes all keys share at their beginning. */
  #commonBytes(count: number): number {
    if (count === 0) return 0
    const { bytes } = this.out
    const first = this.#mark(0, 0)
    let common = this.#mark(0, 1) - first
    for (let index = 1; index < count && common > 0; index++) {
      const start = this.#mark(index, 0)
      common = Math.min(common, this.#mark(index, 1) - start)
      for (let at = 0; at < common; at++) {
        if (bytes[start + at] !== bytes[first + at]) common = at
      }
    }
    return common
  }

  /** The five bytes of a key behind the first `skipped`, as a number. */
  prefix(index: number, skipped: number): number {
    const from = this.#mark(index, 0) + skipped
    const held = this.#mark(index, 1) - from
    if (held >= PREFIX_BYTES) {
      const { bytes } = this.out
      // `readUIntBE` checks what is known here, and takes longer for it.
      const last = ((bytes[from + 1] as number) << 24) | ((bytes[from + 2] as number) << 16)
      const low = (last | ((bytes[from + 3] as number) << 8) | (bytes[from + 4] as number)) >>> 0
      return (bytes[from] as number) * 2 ** 32 + low // all five lie within the key
    }
    return held === 0 ? 0 : this.out.bytes.readUIntBE(from, held) * 256 ** (PREFIX_BYTES - held)
  }

  #add(mark: number): void {
    if (this.#markCount === this.#marks.length) {
      const grown = new Uint32Array(2 * this.#markCount)
      grown.set(this.#marks)
      this.#marks = grown
    }
    this.#marks[this.#markCount++] = mark
  }

  #mark(index: number, which: number): number {
    return this.#marks[index * MARKS_PER_ENTRY + which] as number // index < count
  }
}

function compareParts(
  a: Buffer,
  startA: number,
  endA: number,
  b: Buffer,
  startB: number,
  endB: number,
): number {
  const shorter = Math.min(endA - startA, endB - startB)
  for (let at = 0; at < shorter; at++) {
    const difference = (a[startA + at] as number) - (b[startB + at] as number) // within the keys
    if (difference !== 0) return difference
  }
  return endA - startA - (endB - startB)
}

/** A cursor over sorted entries. */
export class SortedEntries {
  readonly buffer: EntryBuffer
  /** How many bytes all keys share at their beginning. */
  readonly commonBytes: number
  /** The prefix of the next key, behind the bytes that a merge has found common to all. */
  prefix = 0
  readonly #order: Uint32Array
  /** Holds the prefixes behind the common bytes, in order. */
  readonly #words: Uint32Array
  #next = 0
  #skipped = 0

  constructor(buffer: EntryBuffer, order: Uint32Array, words: Uint32Array, commonBytes: number) {
    this.buffer = buffer
    this.commonBytes = commonBytes
    this.#order = order
    this.#words = words
  }

  get isAtEnd(): boolean {
    return this.#next === this.#order.length
  }

  /** Before `compare`: how many bytes all keys that are compared begin with. */
  skip(bytes: number): void {
    this.#skipped = bytes
    if (!this.isAtEnd) this.#setPrefix()
  }

  /** The next entry; its bytes stay as they are until the buffer is reset. */
  take(): EntryRange {
    const entry = this.buffer.entry(this.#order[this.#next++] as number) // not at the end
    if (!this.isAtEnd) this.#setPrefix()
    return entry
  }

  /** Negative if this one's next entry comes first; neither may be at the end. */
  compare(other: SortedEntries): number {
    const difference = this.prefix - other.prefix
    return difference === 0
      ? this.buffer.compare(this.#at(), other.buffer, other.#at())
      : difference
  }

  /** How many bytes all keys of both share at their beginning, if all before share `limit`. */
  sharedBytes(other: SortedEntries, limit: number): number {
    const most = Math.min(limit, this.commonBytes)
    return this.buffer.sharedBytes(this.#at(), other.buffer, other.#at(), most)
  }

  #setPrefix(): void {
    if (this.#skipped === this.commonBytes) {
      // As it was sorted by: they lie in order, where the keys do not.
      const at = 2 * this.#next
      const [low, high] = [this.#words[at + LOW] as number, this.#words[at + HIGH] as number]
      this.prefix = high * 256 + (low >>> 24)
    } else this.prefix = this.buffer.prefix(this.#at(), this.#skipped)
  }

  #at(): number {
    return this.#order[this.#next] as number // not at the end
  }
}
