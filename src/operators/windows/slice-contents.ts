/**
 * The slices of a key: an accumulator each. Neighbours lie in one entry of state, a _chunk_, so
 * that a key with many slices has few entries, and a record still rewrites little. In memory a
 * chunk is a flat array, `[end, accumulator, end, accumulator, …]`; in snapshots it is a list of
 * pairs, in order of arrival.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import { mapState, type StateSchema } from '../../state/descriptors.ts'
import type { EntryFold, FoldedMap, GatheredMap } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { OwnedType } from '../../types/owned.ts'
import type { Type } from '../../types/type.ts'
import type { Timestamp } from '../functions.ts'
import type { Fold } from './fold.ts'

/** Name of the state of slices; in every snapshot, so it never changes. */
const SLICES_STATE = 'window-slices'

/** Ends at even places, accumulators behind them. */
export type Chunk = unknown[]

export function sliceStates(fold: Fold): StateSchema {
  return { [SLICES_STATE]: mapState(t.float64, chunkType(fold.type)) }
}

export class SliceContents {
  readonly #chunks: GatheredMap<number, Chunk> & FoldedMap<number, Chunk>
  readonly #fold: Fold
  readonly #adding: AddToChunk
  /** What `chunks` and `merged` found, by time; kept to save the allocation. */
  readonly #read: Chunk[] = []
  readonly #chunkEnds: Timestamp[] = []
  readonly #ends: Timestamp[] = []
  readonly #found: unknown[] = []

  constructor(table: KeyedStateTable, fold: Fold) {
    // The handle is of the state that `sliceStates` declares.
    this.#chunks = table.handles[SLICES_STATE] as GatheredMap<number, Chunk> &
      FoldedMap<number, Chunk>
    this.#fold = fold
    this.#adding = new AddToChunk(fold)
  }

  /** True if it is the first value of the slice. */
  add(sliceEnd: Timestamp, chunkEnd: Timestamp, value: unknown): boolean {
    const adding = this.#adding
    adding.sliceEnd = sliceEnd
    adding.isFirst = false
    this.#chunks.fold(chunkEnd, adding, value)
    return adding.isFirst
  }

  /** The chunks of the key; valid until something is added or removed. */
  chunks(): readonly Chunk[] {
    this.#chunkEnds.length = this.#read.length = 0
    this.#chunks.gather(this.#chunkEnds, this.#read)
    return this.#read
  }

  /** The accumulator of the slices between `start` and `end`; it may be changed. */
  merged(
    chunks: readonly Chunk[],
    start: Timestamp,
    end: Timestamp,
  ): { readonly accumulator: unknown } | undefined {
    this.#gather(chunks, start, end)
    if (this.#ends.length === 0) return undefined
    const fold = this.#fold
    let accumulator = fold.copy(this.#found[0])
    for (let at = 1; at < this.#found.length; at++) {
      // There is one: see `create.ts`.
      accumulator = fold.merge?.(accumulator, fold.copy(this.#found[at]))
    }
    return { accumulator }
  }

  /** What the slices between `start` and `end` hold, by time. */
  held(chunks: readonly Chunk[], start: Timestamp, end: Timestamp): readonly unknown[] {
    this.#gather(chunks, start, end)
    return [...this.#found]
  }

  result(accumulator: unknown): unknown {
    return this.#fold.result(accumulator)
  }

  #gather(chunks: readonly Chunk[], start: Timestamp, end: Timestamp): void {
    this.#ends.length = 0
    this.#found.length = 0
    for (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += 2) {
        const sliceEnd = chunk[at] as Timestamp // see above
        if (sliceEnd > start && sliceEnd <= end) this.#sortIn(sliceEnd, chunk[at + 1])
      }
    }
  }

  /** Removes those of `chunks` that are over. */
  removeOver(now: { isOver(chunkEnd: Timestamp): boolean }): void {
    for (const chunkEnd of this.#chunkEnds) {
      if (now.isOver(chunkEnd)) this.#chunks.delete(chunkEnd)
    }
  }

  clear(): void {
    this.#chunks.clear()
  }

  #sortIn(sliceEnd: Timestamp, accumulator: unknown): void {
    const ends = this.#ends
    const found = this.#found
    let at = ends.length
    for (; at > 0 && (ends[at - 1] as Timestamp) > sliceEnd; at--) {
      ends[at] = ends[at - 1] as Timestamp // of those that are there
      found[at] = found[at - 1]
    }
    ends[at] = sliceEnd
    found[at] = accumulator
  }
}

/** Adds a value to a slice of a chunk. */
class AddToChunk implements EntryFold<Chunk> {
  readonly changesInPlace = true
  sliceEnd: Timestamp = 0
  /** Set to true by the first value of the slice. */
  isFirst = false
  readonly #fold: Fold

  constructor(fold: Fold) {
    this.#fold = fold
  }

  first(value: unknown): Chunk {
    this.isFirst = true
    return [this.sliceEnd, this.#fold.hold(this.#fold.first(value))]
  }

  add(chunk: Chunk, value: unknown): Chunk {
    const fold = this.#fold
    let at = chunk.length - 2
    while (at >= 0 && chunk[at] !== this.sliceEnd) at -= 2
    if (at >= 0) chunk[at + 1] = fold.hold(fold.add(chunk[at + 1], value))
    else chunk.push(...this.first(value))
    return chunk
  }
}

function chunkType(accumulator: Type<unknown>): Type<Chunk> {
  const pairs = t.list(t.tuple(t.float64, accumulator))
  return Object.freeze<OwnedType<Chunk>>({
    changesInPlace: true,
    schema: pairs.schema,
    copyOnRead: false,
    write(chunk, out) {
      const list: [number, unknown][] = []
      // Even places hold ends.
      for (let at = 0; at < chunk.length; at += 2) list.push([chunk[at] as number, chunk[at + 1]])
      pairs.write(list, out)
    },
    read: (input) => pairs.read(input).flat(),
    isolate: (chunk) => chunk, // only the operator has it
  })
}

/** The end of the newest slice. */
export function newestEnd(chunks: readonly Chunk[]): Timestamp {
  let newest = -Infinity
  for (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += 2) {
      newest = Math.max(newest, chunk[at] as Timestamp) // see above
    }
  }
  return newest
}
