/** The merge of sorted parts of a cut into one order: a heap of them, the next entry's on top. */
import type { EntryRange } from '../runs/entry-range.ts'
import type { SortedEntries } from './entry-buffer.ts'

/** Merges parts of one key group; parts never share a key. */
export function* mergeParts(parts: readonly SortedEntries[]): Generator<EntryRange> {
  const heap = parts.filter((part) => !part.isAtEnd)
  begin(heap)
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

/** Finds what all keys begin with. */
function begin(parts: readonly SortedEntries[]): void {
  const [first] = parts
  if (first === undefined) return
  let common = first.commonBytes
  for (const part of parts) common = part.sharedBytes(first, common)
  for (const part of parts) part.skip(common)
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
