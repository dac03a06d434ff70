/**
 * The head of a source task: hands the records of its splits to the chain, a batch at a time, in
 * turn; in event time from the split that is furthest behind, by the least of their watermarks. A
 * position is that after the last whole batch; a barrier in the middle counts the records since.
 */
import type { SplitRecord } from '../checkpoint/manifest.ts'
import type { TimeHold } from '../checkpoint/messages.ts'
import type { SourceNode, TimeStrategy } from '../graph/job-graph.ts'
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, type Output } from '../operators/operator.ts'
import type { Source, SourceContext } from '../operators/source.ts'
import { functionFailed, splitFailed } from './function-failed.ts'
import { ActiveSplits, type CurrentBatch } from './active-splits.ts'
import type { Batch, SplitReader } from './split-reader.ts'

interface SourceCut {
  readonly checkpointId: number
  readonly positions: ReadonlyMap<string, unknown>
  readonly finished: readonly string[]
}

export interface SourceSnapshot {
  readonly splits: readonly SplitRecord[]
  readonly finished: readonly string[]
}

export interface SourceHost {
  readonly context: SourceContext
  isBlocked(): boolean
  /** Something was read, or a split ended: look again. */
  wake(): void
  finished(splitId: string): void
  wantsSplits(): void
  monotonic(): number
}

export class SourceHead {
  recordsIn = 0
  malformedRecords = 0
  /** Watermarks of the job's own generators that would have gone back. */
  backwardWatermarks = 0
  readonly uid: string
  readonly #source: Source<unknown>
  readonly time: TimeStrategy | undefined
  readonly #output: Output
  readonly #malformed: Output
  readonly #host: SourceHost
  readonly #active: ActiveSplits
  readonly #finished = new Set<string>()
  #current: CurrentBatch | undefined
  #watermark = MIN_WATERMARK
  /** What cuts said, until their checkpoints are complete. */
  #cuts: readonly SourceCut[] = []
  /** When a record was last handed on, or a split taken on. */
  #activeAtMs: number
  #noMoreSplits = false
  #hadSplits = false
  #asked = false
  #stopped = false
  #draining = false
  #ended = false

  constructor(node: SourceNode, output: Output, malformed: Output, host: SourceHost) {
    this.uid = node.uid
    this.#source = node.source
    this.time = node.time
    this.#output = output
    this.#malformed = malformed
    this.#host = host
    this.#active = new ActiveSplits(node.source, node.time, host)
    this.#activeAtMs = host.monotonic()
    // A reader that waits for room would wait for ever, and what it holds would stay open.
    host.context.signal.addEventListener('abort', () => this.#active.stop(), { once: true })
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  get isBetweenBatches(): boolean {
    return this.#current === undefined
  }

  /** All its splits, or the lack of any, were silent for longer than the source's idleness. */
  get isIdle(): boolean {
    const idlenessMs = this.time?.idlenessMs
    if (idlenessMs === undefined || this.#ended || this.#current !== undefined) return false
    if (this.#host.monotonic() - this.#activeAtMs <= idlenessMs) return false
    return !this.#active.haveBatch
  }

  get isBacklog(): boolean {
    return !this.#ended && this.#active.isBacklog
  }

  /** Where reading stands, for messages; empty between batches. */
  get place(): string {
    const current = this.#current
    return current === undefined ? '' : current.split.place(current.index)
  }

  /** How far event time has come in what it has handed on. */
  get watermark(): number {
    return this.#watermark
  }

  /** What holds event time back here. */
  get slowest(): TimeHold {
    if (this.time === undefined) return { kind: 'no time', name: this.uid }
    if (this.isIdle) return { kind: 'idle', name: this.uid }
    return this.#active.slowest ?? { kind: 'no split', name: this.uid }
  }

  /** What alignment sees. A subtask that is still to get its first split counts: as the slowest. */
  get groupWatermark(): number {
    if (this.#ended) return MAX_WATERMARK
    const { bounded, discoverEveryMs } = this.#source
    const willHaveSplits = bounded || discoverEveryMs === undefined
    const isFirst = !this.#hadSplits && !this.#noMoreSplits
    return isFirst && willHaveSplits ? MIN_WATERMARK : this.#active.groupWatermark
  }

  /** Splits beyond it are not read on. */
  align(limit: number): void {
    this.#active.align(limit)
  }

  /** The least that the subtasks of the former run had told. */
  restoreWatermark(watermark: number): void {
    this.#watermark = watermark
  }

  /** What was told before the restore is told again: whoever is downstream starts anew, too. */
  start(): void {
    if (this.#watermark > MIN_WATERMARK) this.#output.watermark(this.#watermark)
  }

  assign(splits: readonly SplitRecord[]): void {
    this.#asked = false
    this.#hadSplits = true
    this.#activeAtMs = this.#host.monotonic()
    this.#active.add(splits)
  }

  noMoreSplits(): void {
    this.#noMoreSplits = true
  }

  /** Hands on no more: the stop of a job, after its last barrier. */
  stop(): void {
    this.#stopped = true
  }

  /** The checkpoint of the stop failed: reading goes on. */
  resume(): void {
    this.#stopped = false
    this.#host.wake()
  }

  /**
   * The end of input now, whatever is left: stop with drain. Splits that are not read to their end
   * stay in checkpoints as far as they were read: should the job fail before its last checkpoint,
   * it goes on there and not at their beginning.
   */
  drain(): void {
    this.#draining = true
    this.#active.stop()
  }

  /** Hands on up to `recordsMax` records; true if it did anything. */
  step(recordsMax: number): boolean {
    if (this.#stopped || this.#ended) return false
    const end = this.recordsIn + recordsMax
    let worked = false
    while (this.recordsIn < end && !this.#host.isBlocked()) {
      if (this.#current === undefined && !this.#takeBatch()) break
      worked = true
      this.#handOn(end)
    }
    if (this.#current === undefined && this.#settle()) worked = true
    return worked
  }

  /** Splits of this subtask for the checkpoint, and those it has finished. */
  snapshot(checkpointId: number): SourceSnapshot {
    const current = this.#current
    if (current !== undefined && this.time !== undefined) this.#advance(current.split) // so far
    const { positions } = this.#active
    const cut = { checkpointId, positions, finished: [...this.#finished] }
    this.#cuts = [...this.#cuts, cut]
    // A split may go to another subtask: what was late in this one is to be late there, too.
    const floor = this.#ended ? MIN_WATERMARK : this.#watermark
    return { splits: this.#active.records(floor, current), finished: cut.finished }
  }

  /** The master has the cut's finished splits; the source may forget what came before the cut. */
  async checkpointComplete(checkpointId: number): Promise<void> {
    const cut = this.#cuts.find((each) => each.checkpointId === checkpointId)
    if (cut === undefined) return
    this.#cuts = this.#cuts.filter((each) => each.checkpointId > checkpointId)
    for (const id of cut.finished) this.#finished.delete(id)
    await this.#source.checkpointComplete?.(cut.positions)
  }

  #takeBatch(): boolean {
    if (this.#draining) return false
    for (let split = this.#active.take(); split !== undefined; split = this.#active.take()) {
      const batch = split.take()
      if (batch !== undefined) {
        this.#handOnMalformed(batch)
        this.#current = { split, batch, index: 0 }
        return true
      }
      if (split.failure !== undefined) throw splitFailed(this.uid, split.id, split.failure.error)
      // Its last watermark still counts: with it gone, there might be none.
      if (this.time !== undefined) this.#emitWatermark()
      this.#active.remove(split)
      this.#finished.add(split.id)
      this.#host.finished(split.id)
    }
    return false
  }

  #handOnMalformed({ malformed = [] }: Batch): void {
    this.malformedRecords += malformed.length
    for (const record of malformed) this.#malformed.collect(record, NO_TIMESTAMP)
  }

  #handOn(end: number): void {
    const current = this.#current
    if (current === undefined) return
    const { split, batch } = current
    const { values } = batch
    let { index } = current
    const stop = Math.min(values.length, index + end - this.recordsIn)
    const output = this.#output
    let takesSome = true
    let stamped = 0 // of those from `index` on
    const take = (value: unknown): number => (stamped++, split.time.take(value))
    const timestampOf = this.time === undefined ? undefined : take
    try {
      while (index < stop && !this.#host.isBlocked()) {
        const some = takesSome ? output.collectSome : undefined
        const next: number = some?.call(output, values, index, stop, timestampOf) ?? index
        // Who takes none takes one at a time; the next batch may be different.
        takesSome = next > index
        const timestamp = takesSome ? undefined : timestampOf?.(values[index])
        stamped = 0
        if (takesSome) index = next
        else output.collect(values[index++], timestamp ?? NO_TIMESTAMP)
      }
    } catch (error) {
      index += stamped
      throw functionFailed(this.uid, error)
    } finally {
      this.recordsIn += index - current.index
      current.index = index
    }
    if (index < values.length) return
    split.position = { value: batch.position }
    this.#current = undefined
    if (this.time === undefined || values.length === 0) return
    this.#advance(split)
    // At once: the step may go on with the next batch, and end in the middle of it, for ever.
    this.#emitWatermark()
  }

  #advance(split: SplitReader): void {
    split.lastRecordAtMs = this.#activeAtMs = this.#host.monotonic()
    const { backward } = split.time
    try {
      split.time.advance()
    } catch (error) {
      throw functionFailed(this.uid, error)
    }
    this.backwardWatermarks += split.time.backward - backward
  }

  /** Between batches: forwards the watermark, asks for splits, ends. */
  #settle(): boolean {
    if (this.time !== undefined) this.#emitWatermark()
    if (!this.#draining && !this.#active.isEmpty) return false
    if (!this.#draining && !this.#noMoreSplits) {
      if (!this.#asked) this.#host.wantsSplits()
      this.#asked = true
      return false
    }
    this.#ended = true
    this.#watermark = MAX_WATERMARK
    this.#output.watermark(MAX_WATERMARK)
    this.#output.endInput()
    return true
  }

  #emitWatermark(): void {
    const { watermark } = this.#active
    if (watermark === Number.POSITIVE_INFINITY || watermark <= this.#watermark) return
    this.#watermark = watermark
    this.#output.watermark(watermark)
  }
}
