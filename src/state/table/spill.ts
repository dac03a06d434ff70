/**
 * Entries of the current epoch that left the cache, as sorted segments in scratch files, oldest
 * first. A cut takes them over; those of an aborted cut come back and stay older. Small rounds are
 * gathered in memory; when there are many segments, they are merged in slices.
 */
import { assert } from '../../util/assert.ts'
import type { Scratch } from '../../storage/scratch.ts'
import type { Entry } from '../backend.ts'
import { mergeSync } from '../runs/merge.ts'
import type { SortedEntries } from './entry-buffer.ts'
import { type Segment, SegmentWriter } from './segment.ts'

const SEGMENT_BYTES_MAX = 2 << 20
/** Of the memory that there is: what was let go must not take it up again. */
const GATHERED_SHARE = 1 / 8
/** So many segments in a row of about one size are merged into one. */
const SEGMENTS_MERGED = 8
/** Beyond this many, merging is no longer left to idle moments. */
const SEGMENTS_MAX = 64
const ENTRIES_PER_LOOK = 64

interface Merge {
  readonly from: readonly Segment[]
  readonly into: SegmentWriter
  readonly entries: Iterator<Entry>
}

export class Spill {
  readonly #scratch: Scratch
  readonly #segmentBytes: number
  #names = 0
  /** Rounds that are not written yet; each sorted, oldest first. */
  #rounds: Entry[][] = []
  #roundBytes = 0
  #segments: Segment[] = []
  /** Cuts have them, and may give them back. */
  #taken: readonly Segment[] = []
  #merge: Merge | undefined

  /** @param memoryBytes what the backend may take up. */
  constructor(scratch: Scratch, memoryBytes: number) {
    this.#scratch = scratch
    this.#segmentBytes = Math.min(SEGMENT_BYTES_MAX, memoryBytes * GATHERED_SHARE)
  }

  get segmentCount(): number {
    return this.#segments.length
  }

  /** Adds what was let go at once; no key is twice in it. */
  add(sorted: SortedEntries): void {
    const round: Entry[] = []
    while (!sorted.isAtEnd) {
      const { key, value } = sorted.take()
      this.#roundBytes += key.length + value.length
      round.push({ key, value })
    }
    this.#rounds.push(round)
    if (this.#roundBytes >= this.#segmentBytes) this.#flush()
    while (this.#segments.length >= SEGMENTS_MAX && this.mergeSlice(() => true)) continue
  }

  /** The segments of the epoch that ends now. */
  take(): readonly Segment[] {
    this.#flush()
    this.#dropMerge()
    const taken = this.#segments
    this.#segments = []
    this.#taken = [...this.#taken.filter((segment) => !segment.isDeleted), ...taken]
    return taken
  }

  /** The segments of an aborted cut; they are older than what was spilled since. */
  giveBack(segments: readonly Segment[]): void {
    this.#dropMerge()
    this.#taken = this.#taken.filter((segment) => !segments.includes(segment))
    this.#segments = [...segments, ...this.#segments].toSorted((a, b) => a.number - b.number)
  }

  /** Merges segments while `goesOn` says so; true if more is to be merged. */
  mergeSlice(goesOn: () => boolean): boolean {
    const merge = (this.#merge ??= this.#plan())
    if (merge === undefined) return false
    do {
      for (let count = 0; count < ENTRIES_PER_LOOK; count++) {
        const next = merge.entries.next()
        if (next.done === true) {
          this.#finish(merge)
          return true
        }
        merge.into.add(next.value)
      }
    } while (goesOn())
    return true
  }

  clear(): void {
    this.#dropMerge()
    this.#rounds = []
    this.#roundBytes = 0
    for (const segment of this.#segments.splice(0)) segment.delete()
  }

  #flush(): void {
    if (this.#rounds.length === 0) return
    const writer = this.#writer(++this.#names)
    // Several rounds may hold one key, and a later one the range tombstone of an earlier one.
    for (const entry of mergeSync(this.#rounds, { dropTombstones: false })) writer.add(entry)
    this.#segments.push(writer.finish())
    this.#rounds = []
    this.#roundBytes = 0
  }

  /** The oldest run of neighbours of about one size. */
  #plan(): Merge | undefined {
    const all = this.#segments
    for (let first = 0; first + SEGMENTS_MERGED <= all.length; first++) {
      const from = all.slice(first, first + SEGMENTS_MERGED)
      if (this.#isMissing(from)) continue
      const sizes = from.map(({ lengthBytes }) => lengthBytes)
      const isFull = all.length >= SEGMENTS_MAX
      if (!isFull && Math.max(...sizes) > SEGMENTS_MERGED * Math.min(...sizes)) continue
      const streams = from.map((segment) => segment.entries())
      const entries = mergeSync(streams, { dropTombstones: false })
      // It takes the place, and so the number, of the newest of them.
      const into = this.#writer(from.at(-1)?.number ?? 0)
      return { from, into, entries }
    }
    return undefined
  }

  /** True if a cut may still give back what belongs between these. */
  #isMissing(neighbours: readonly Segment[]): boolean {
    const [oldest = 0, newest = 0] = [neighbours[0]?.number, neighbours.at(-1)?.number]
    return this.#taken.some(({ number, isDeleted }) => {
      return !isDeleted && oldest < number && number < newest
    })
  }

  #finish({ from, into }: Merge): void {
    this.#merge = undefined
    const merged = into.finish()
    const first = this.#segments.indexOf(from[0] ?? merged)
    assert(first >= 0, 'what was merged is still there')
    this.#segments.splice(first, from.length, merged)
    for (const segment of from) segment.delete()
  }

  #dropMerge(): void {
    this.#merge?.into.abandon()
    this.#merge = undefined
  }

  #writer(number: number): SegmentWriter {
    return new SegmentWriter(this.#scratch.create(`spill-${++this.#names}`), number)
  }
}
