/**
 * Encoded entries of one key group and operator, collected in any order and given out sorted. The
 * order is that of the key bytes; six bytes behind the common head are compared as one number,
 * which nearly always decides.
 */
import type { Buffer } from 'node:buffer'
import { assert } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { compareBytes, KEY_HEAD_BYTES } from '../runs/entry.ts'

const FIRST_BYTES = 4096
const MARKS_PER_ENTRY = 3

export class EntryBuffer {
  /** Entries are appended here: `beginEntry`, key, `beginValue`, value, `endEntry`. */
  readonly out = new ByteWriter(FIRST_BYTES)
  /** Start of the key, start of the value, end; for each entry. */
  readonly #marks: number[] = []
  readonly #prefixes: number[] = []
  readonly #headBytes: number

  /** All its entries begin with the same `headBytes` bytes. */
  constructor(headBytes = KEY_HEAD_BYTES) {
    this.#headBytes = headBytes
  }

  get count(): number {
    return this.#prefixes.length
  }

  beginEntry(): void {
    this.#marks.push(this.out.length)
  }

  beginValue(): void {
    this.#marks.push(this.out.length)
  }

  endEntry(): void {
    const { bytes, length } = this.out
    this.#marks.push(length)
    const [start, end] = [this.#mark(this.count, 0), this.#mark(this.count, 1)]
    const from = start + this.#headBytes
    this.#prefixes.push(
      end - from >= 6 ? bytes.readUIntBE(from, 6) : shortPrefix(bytes, from, end - from),
    )
  }

  /** The entries in key order. The buffer takes no more afterwards. */
  sorted(): SortedEntries {
    const order = new Uint32Array(this.count)
    for (let index = 0; index < order.length; index++) order[index] = index
    const prefixes = this.#prefixes
    order.sort((a, b) => (prefixes[a] as number) - (prefixes[b] as number) || this.#compare(a, b))
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

  prefix(index: number): number {
    return this.#prefixes[index] as number // asked for entries that exist
  }

  key(index: number): Buffer {
    return this.out.bytes.subarray(this.#mark(index, 0), this.#mark(index, 1))
  }

  #compare(a: number, b: number): number {
    const comparison = compareBytes(this.key(a), this.key(b))
    assert(comparison !== 0 || a === b, 'an entry is twice in one cut')
    return comparison
  }

  #mark(index: number, which: number): number {
    return this.#marks[index * MARKS_PER_ENTRY + which] as number // as above
  }
}

function shortPrefix(bytes: Buffer, from: number, count: number): number {
  return count <= 0 ? 0 : bytes.readUIntBE(from, count) * 2 ** (8 * (6 - count))
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
    const [mine, others] = [this.#at(), other.#at()]
    return (
      this.buffer.prefix(mine) - other.buffer.prefix(others) ||
      compareBytes(this.buffer.key(mine), other.buffer.key(others))
    )
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
