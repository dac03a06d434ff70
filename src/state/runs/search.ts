/**
 * Finding one's place in sorted keys: shared by the reader of one run and by sets of runs.
 */
import type { Entry } from '../backend.ts'
import { compareBytes } from './entry.ts'
import type { EntryBatch } from './stream.ts'

/** The last index below `count` for which `compareAt` is at most 0, or -1; ascending input. */
export function lastAtMost(count: number, compareAt: (index: number) => number): number {
  let low = 0
  let high = count
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareAt(middle) <= 0) low = middle + 1
    else high = middle
  }
  return low - 1
}

/** The lowest key of a key group; none above the last. */
export function keyGroupBound(keyGroup: number): Uint8Array | undefined {
  return keyGroup > 0xffff ? undefined : new Uint8Array([keyGroup >>> 8, keyGroup & 0xff])
}

/** The entries from key `start` on that are not beyond. Most batches need no cut and are kept. */
export function clip(
  batch: EntryBatch,
  start: Uint8Array | undefined,
  beyond: (key: Uint8Array) => boolean,
): EntryBatch {
  const first = batch[0]
  const last = batch.at(-1)
  if (first === undefined || last === undefined) return batch
  const startsWithin = start === undefined || compareBytes(first.key, start) >= 0
  if (startsWithin && !beyond(last.key)) return batch
  return batch.filter(
    ({ key }: Entry) => (start === undefined || compareBytes(key, start) >= 0) && !beyond(key),
  )
}

/** Adds to a cache of at most `limit`; the entry that was added or renewed longest ago goes. */
export function remember<T>(cache: Map<number, T>, limit: number, index: number, value: T): void {
  if (cache.size >= limit) {
    const oldest = cache.keys().next()
    if (oldest.done !== true) cache.delete(oldest.value)
  }
  cache.set(index, value)
}
