/**
 * Merges of streams of entries, oldest first, newest wins: asynchronous ones in batches, so that
 * they cost one await per block and not per entry, and synchronous ones for entries at hand.
 */
import type { Entry, EntryStream } from '../backend.ts'
import { type EntryRange, rangeOf } from './entry-range.ts'
import { IterableCursor, MergeCore, type Cursor, type MergeOptions } from './merge-core.ts'
import {
  BATCH_BYTES_FULL,
  BATCH_ENTRIES_MAX,
  batchesOf,
  EntryBatches,
  type EntryBatch,
} from './stream.ts'

/** About as much as in a block. */
const GATHERED_BYTES = 32 << 10

export type { MergeOptions } from './merge-core.ts'

/**
 * One stream of what the given ones hold together. With `dropTombstones` no tombstone is left;
 * without, those that older runs may still need are kept. Throws what a stream throws.
 */
export function mergeEntries(streams: readonly EntryStream[], options: MergeOptions): EntryBatches {
  return new EntryBatches(() => mergeBatches(streams, options))
}

/** The same for batches at hand, in batches. */
export function* mergeBatchesSync(
  streams: readonly Iterable<EntryBatch>[],
  options: MergeOptions,
): Generator<EntryBatch> {
  const core = new MergeCore(
    streams.map((batches, age) => new BatchCursor(age, batches)),
    options,
  )
  let batch: Entry[] = []
  let bytes = 0
  for (let entry = core.next(); entry !== undefined; entry = core.next()) {
    batch.push(entry)
    bytes += entry.valueBytes
    if (batch.length < BATCH_ENTRIES_MAX && bytes < GATHERED_BYTES) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

/** The same for entries at hand. */
export function* mergeSync(
  iterables: readonly Iterable<Entry>[],
  options: MergeOptions,
): Generator<Entry> {
  const cursors = iterables.map((entries, age) => new IterableCursor(age, entries))
  const core = new MergeCore(cursors, options)
  for (;;) {
    const entry = core.next()
    if (entry === undefined) return
    yield entry
  }
}

async function* mergeBatches(
  streams: readonly EntryStream[],
  options: MergeOptions,
): AsyncGenerator<EntryBatch> {
  const cursors = streams.map((stream, age) => new StreamCursor(age, stream))
  const core = new MergeCore(cursors, options)
  let batch: Entry[] = []
  let bytes = 0
  try {
    for (;;) {
      const entry = core.next()
      if (entry !== undefined) {
        batch.push(entry)
        bytes += entry.valueBytes
        if (batch.length < BATCH_ENTRIES_MAX && bytes < BATCH_BYTES_FULL) continue
        yield batch
        batch = []
        bytes = 0
      } else if (core.blocked === undefined) break
      else await core.blocked.refill()
    }
    if (batch.length > 0) yield batch
  } finally {
    for (const cursor of cursors) await cursor.close()
  }
}

/** A cursor over batches at hand. */
class BatchCursor implements Cursor {
  readonly age: number
  current: EntryRange | undefined
  readonly #batches: Iterator<EntryBatch>
  #batch: EntryBatch = []
  #index = 0

  constructor(age: number, batches: Iterable<EntryBatch>) {
    this.age = age
    this.#batches = batches[Symbol.iterator]()
  }

  advance(): boolean {
    while (this.#index === this.#batch.length) {
      const result = this.#batches.next()
      if (result.done === true) {
        this.current = undefined
        return true
      }
      this.#batch = result.value
      this.#index = 0
    }
    const entry = this.#batch[this.#index++]
    this.current = entry && rangeOf(entry)
    return true
  }

  refill(): undefined {
    return undefined
  }
}

/** A cursor over a stream, a batch at a time. */
export class StreamCursor implements Cursor {
  readonly age: number
  current: EntryRange | undefined
  readonly #batches: AsyncIterator<EntryBatch>
  #batch: EntryBatch = []
  #index = 0
  #ended = false

  constructor(age: number, stream: EntryStream) {
    this.age = age
    this.#batches = batchesOf(stream)[Symbol.asyncIterator]()
  }

  advance(): boolean {
    const entry = this.#batch[this.#index]
    if (entry === undefined && !this.#ended) return false
    this.current = entry && rangeOf(entry)
    this.#index++
    return true
  }

  async refill(): Promise<void> {
    const result = await this.#batches.next()
    this.#index = 0
    this.#batch = result.done === true ? [] : result.value
    this.#ended = result.done === true
  }

  async close(): Promise<void> {
    await this.#batches.return?.()
  }
}
