/**
 * Encoded entries, collected in any order and given out sorted by their keys' bytes. Of each key
 * the six bytes behind what all keys begin with are compared as one number, which nearly always
 * decides.
 */
import type { Buffer } from 'node:buffer'
import { assert } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'

const FIRST_BYTES = 1024
const MARKS_PER_ENTRY = 3
const PREFIX_BYTES = 6

export class EntryBuffer {
  /** Entries are appended here: `beginEntry`, key, `beginValue`, value, `endEntry`. */
  readonly out = new ByteWriter(FIRST_BYTES)
  /** Start of the key, start of the value, end; for each entry. */
  readonly #marks: number[] = []

  get count(): number {
    return Math.floor(this.#marks.length / MARKS_PER_ENTRY)
  }

  beginEntry(): void {
    this.#marks.push(this.out.length)
  }

  beginValue(): void {
    this.#marks.push(this.out.length)
  }

  endEntry(): void {
    this.#marks.push(this.out.length)
  }

  /** The entries in key order. The buffer takes no more afterwards. */
  sorted(): SortedEntries {
    const { count } = this
    const skipped = this.#commonBytes(count)
    const prefixes = new Float64Array(count)
    const order = new Uint32Array(count)
    for (let index = 0; index < count; index++) {
      order[index] = index
      prefixes[index] = this.#prefix(index, skipped)
    }
    const decided = skipped + PREFIX_BYTES
    order.sort((a, b) => {
      const difference = (prefixes[a] as number) - (prefixes[b] as number) // a, b < count
      return difference !== 0 || a === b ? difference : this.#compareOwn(a, b, decided)
    })
    return new SortedEntries(this, order)
  }

  /** The entry of an index; its bytes stay as they are. */
  entry(index: number): Entry {
    const value = this.#mark(index, 1)
    const { bytes } = this.out
    return {
      key: bytes.subarray(this.#mark(index, 0), value),
      value: bytes.subarray(value, this.#mark(index, 2)),
    }
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

  #prefix(index: number, skipped: number): number {
    const from = this.#mark(index, 0) + skipped
    const held = this.#mark(index, 1) - from
    if (held >= PREFIX_BYTES) return this.out.bytes.readUIntBE(from, PREFIX_BYTES)
    return held === 0 ? 0 : this.out.bytes.readUIntBE(from, held) * 256 ** (PREFIX_BYTES - held)
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
  readonly #order: Uint32Array
  #next = 0

  constructor(buffer: EntryBuffer, order: Uint32Array) {
    this.buffer = buffer
    this.#order = order
  }

  get isAtEnd(): boolean {
    return this.#next === this.#order.length
  }

  take(): Entry {
    return this.buffer.entry(this.#order[this.#next++] as number) // not at the end
  }

  /** Negative if this one's next entry comes first; neither may be at the end. */
  compare(other: SortedEntries): number {
    return this.buffer.compare(this.#at(), other.buffer, other.#at())
  }

  #at(): number {
    return this.#order[this.#next] as number // not at the end
  }
}

/** Merges parts of one key group; parts never share a key. */
export function* mergeParts(parts: readonly SortedEntries[]): Generator<Entry> {
  const heap = parts.filter((part) => !part.isAtEnd)
  for (let index = (heap.length >> 1) - 1; index >= 0; index--) sink(heap, index)
  for (;;) {
    const first = heap[0]
    if (first === undefined) return
    yield first.take()
    if (first.isAtEnd) {
      const last = heap.pop()
      if (last === undefined || heap.length === 0) return
      heap[0] = last
    }
    if (heap.length > 1) sink(heap, 0)
  }
}

function sink(heap: SortedEntries[], from: number): void {
  let index = from
  for (;;) {
    let child = 2 * index + 1
    const [here, left, right] = [heap[index], heap[child], heap[child + 1]]
    if (here === undefined || left === undefined) return
    let smaller = left
    if (right !== undefined && right.compare(left) < 0) {
      smaller = right
      child++
    }
    if (here.compare(smaller) <= 0) return
    heap[index] = smaller
    heap[child] = here
    index = child
  }
}
