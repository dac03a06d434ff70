/**
 * Streams of entries that move in batches: the public face is an `EntryStream`, one entry at a
 * time; inside, blocks of entries pass from reader to merge to writer with one await per block.
 */
import type { Entry, EntryStream } from '../backend.ts'

/** Entries in key order. Their bytes stay as they are for as long as somebody holds them. */
export type EntryBatch = readonly Entry[]

/** Entries at most in a batch that is not a block. */
export const BATCH_ENTRIES_MAX = 512
/** A batch ends early when its values are this long. */
export const BATCH_BYTES_FULL = 1 << 20

/** An `EntryStream` that can also be read in batches. Each reading starts anew. */
export class EntryBatches implements EntryStream {
  readonly #open: () => AsyncIterable<EntryBatch>

  constructor(open: () => AsyncIterable<EntryBatch>) {
    this.#open = open
  }

  batches(): AsyncIterable<EntryBatch> {
    return this.#open()
  }

  [Symbol.asyncIterator](): AsyncIterator<Entry> {
    return new OneByOne(this.#open()[Symbol.asyncIterator]())
  }
}

/** Entries of batches singly, without the cost of a generator that yields each of them. */
class OneByOne implements AsyncIterator<Entry> {
  readonly #batches: AsyncIterator<EntryBatch>
  #batch: EntryBatch = []
  #index = 0

  constructor(batches: AsyncIterator<EntryBatch>) {
    this.#batches = batches
  }

  next(): Promise<IteratorResult<Entry>> {
    const entry = this.#batch[this.#index++]
    return entry === undefined ? this.#nextBatch() : Promise.resolve({ done: false, value: entry })
  }

  async return(): Promise<IteratorResult<Entry>> {
    await this.#batches.return?.()
    return { done: true, value: undefined }
  }

  async #nextBatch(): Promise<IteratorResult<Entry>> {
    for (;;) {
      const result = await this.#batches.next()
      if (result.done === true) return { done: true, value: undefined }
      const [first] = result.value
      if (first === undefined) continue
      this.#batch = result.value
      this.#index = 1
      return { done: false, value: first }
    }
  }
}

/** Any stream, in batches. */
export function batchesOf(stream: EntryStream): AsyncIterable<EntryBatch> {
  return stream instanceof EntryBatches ? stream.batches() : gather(stream)
}

async function* gather(stream: EntryStream): AsyncGenerator<EntryBatch> {
  let batch: Entry[] = []
  let bytes = 0
  for await (const entry of stream) {
    batch.push(entry)
    bytes += entry.value.length
    if (batch.length < BATCH_ENTRIES_MAX && bytes < BATCH_BYTES_FULL) continue
    yield batch
    batch = []
    bytes = 0
  }
  if (batch.length > 0) yield batch
}

/** Entries at hand as a stream; for tests and small things. */
export function streamOf(entries: Iterable<Entry>): EntryBatches {
  return new EntryBatches(async function* () {
    let batch: Entry[] = []
    for (const entry of entries) {
      batch.push(entry)
      if (batch.length < BATCH_ENTRIES_MAX) continue
      yield batch
      batch = []
    }
    if (batch.length > 0) yield batch
  })
}
