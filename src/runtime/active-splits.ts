/**
 * The splits that a source task reads: so many at a time, the others after them. Says whose turn it
 * is, and how far event time has come in all of them.
 */
import type { SplitRecord } from '../checkpoint/manifest.ts'
import type { TimeHold } from '../checkpoint/messages.ts'
import type { TimeStrategy } from '../graph/job-graph.ts'
import type { Source, SourceContext } from '../operators/source.ts'
import type { WatermarkStrategy } from '../operators/watermarks.ts'
import { type Batch, SplitReader } from './split-reader.ts'

/** Splits read at the same time; each may hold a file open. */
const SPLITS_READ_MAX = 64

/** For sources without event time, which never ask. */
const NO_TIME: WatermarkStrategy = { timestamp: Number, maxOutOfOrdernessMs: 0 }

/** A batch being handed on, and how far. */
export interface CurrentBatch {
  readonly split: SplitReader
  readonly batch: Batch
  index: number
}

export interface ActiveSplitsHost {
  readonly context: SourceContext
  wake(): void
  monotonic(): number
}

export class ActiveSplits {
  readonly #source: Source<unknown>
  readonly #time: TimeStrategy | undefined
  readonly #host: ActiveSplitsHost
  readonly #splits: SplitReader[] = []
  #next = 0
  #isStopped = false
  #limit = Number.POSITIVE_INFINITY

  constructor(source: Source<unknown>, time: TimeStrategy | undefined, host: ActiveSplitsHost) {
    this.#source = source
    this.#time = time
    this.#host = host
  }

  get isEmpty(): boolean {
    return this.#splits.length === 0
  }

  get isBacklog(): boolean {
    return this.#splits.some((split) => split.isBacklog)
  }

  get haveBatch(): boolean {
    return this.#splits.some((split) => split.hasBatch)
  }

  /** As checkpoints hold them; none is further back than the watermark that was handed on. */
  records(handedOn: number, current?: CurrentBatch): readonly SplitRecord[] {
    return this.#splits.map((split) =>
      split.record(handedOn, current?.split === split ? current : undefined),
    )
  }

  /** How far each has been handed on, for the source. */
  get positions(): ReadonlyMap<string, unknown> {
    const positions = new Map<string, unknown>()
    for (const { id, position } of this.#splits) {
      if (position !== undefined) positions.set(id, position.value)
    }
    return positions
  }

  add(records: readonly SplitRecord[]): void {
    for (const record of records) {
      const nowMs = this.#host.monotonic()
      this.#splits.push(new SplitReader(this.#source, this.#time ?? NO_TIME, record, nowMs))
    }
    this.#beginReading()
  }

  /** Reads no further. */
  stop(): void {
    this.#isStopped = true
    for (const split of this.#splits) split.stop()
  }

  remove(split: SplitReader): void {
    const at = this.#splits.indexOf(split)
    this.#splits.splice(at, 1)
    this.#next = at // where the one after it is now
    this.#beginReading()
  }

  /** One that has something to say: records, an error or its end. */
  take(): SplitReader | undefined {
    const at = this.#time === undefined ? this.#inTurn() : this.#furthestBehind()
    if (at < 0) return undefined
    this.#next = at + 1
    return this.#splits[at]
  }

  /** The watermark of the one that is furthest behind; +∞ if all that are left are idle. */
  get watermark(): number {
    // What waits for its turn is not idle: it may hold the oldest record of all.
    return this.#least(() => true)
  }

  /** The split that holds event time back; undefined if none does. */
  get slowest(): TimeHold | undefined {
    const { watermark } = this
    const split = this.#splits.find(({ time }) => time.watermark === watermark)
    if (split === undefined) return undefined
    const at = Number.isFinite(watermark) ? { watermark } : {}
    return { kind: 'split', name: split.id, ...at }
  }

  /** The same for alignment, where what waits for its turn does not count: nobody could go on. */
  get groupWatermark(): number {
    return this.#least((split) => split.hasBegun)
  }

  /** Splits beyond it are not read on. */
  align(limit: number): void {
    this.#limit = limit
  }

  #beginReading(): void {
    if (this.#isStopped) return
    for (const split of this.#splits.slice(0, SPLITS_READ_MAX)) {
      if (!split.hasBegun) void split.read(this.#host.context, () => this.#host.wake())
    }
  }

  #least(counts: (split: SplitReader) => boolean): number {
    const { idlenessMs = Number.POSITIVE_INFINITY } = this.#time ?? {}
    const idleBefore = this.#host.monotonic() - idlenessMs
    let least = Number.POSITIVE_INFINITY
    for (const split of this.#splits) {
      const { hasBegun, lastRecordAtMs, hasBatch, time } = split
      if ((hasBegun && lastRecordAtMs < idleBefore && !hasBatch) || !counts(split)) continue
      if (time.watermark < least) least = time.watermark
    }
    return least
  }

  #inTurn(): number {
    const { length } = this.#splits
    for (let offset = 0; offset < length; offset++) {
      const at = (this.#next + offset) % length
      if (this.#splits[at]?.hasNews === true) return at
    }
    return -1
  }

  /** So event time is nearly the same in all. One that has ended holds it back for nothing. */
  #furthestBehind(): number {
    const { length } = this.#splits
    let found = -1
    let least = Number.POSITIVE_INFINITY
    for (let offset = 0; offset < length; offset++) {
      const at = (this.#next + offset) % length
      const split = this.#splits[at] as SplitReader // `at` is within the array
      if (!split.hasNews) continue
      if (!split.hasBatch) return at
      if (split.time.watermark >= least && found >= 0) continue
      least = split.time.watermark
      found = at
    }
    // The one furthest behind of those that have records: if it has to wait, so have they all.
    return least > this.#limit ? -1 : found
  }
}
