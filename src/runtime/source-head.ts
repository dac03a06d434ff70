/**
 * The head of a source task: reads its splits in the background into small bounded queues and
 * hands their records to the chain, a batch at a time. A position is that after the last whole
 * batch, so barriers pass between batches. Watermarks are made per split.
 */
import type { SplitRecord } from '../checkpoint/manifest.ts'
import { errorToData, errorFromData, isMillraceError } from '../errors.ts'
import type { SourceNode, TimeStrategy } from '../graph/job-graph.ts'
import { MAX_WATERMARK, MIN_WATERMARK, NO_TIMESTAMP, type Output } from '../operators/operator.ts'
import type { Source, SourceBatch, SourceContext } from '../operators/source.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'
import { assert } from '../util/assert.ts'

/** Batches read ahead of the chain, per split. */
const BATCHES_AHEAD_MAX = 3

type Batch = SourceBatch<unknown, unknown>

interface ActiveSplit {
  readonly record: SplitRecord
  readonly queue: Batch[]
  /** Position after the last whole batch, encoded; undefined until then. */
  position: unknown
  hasPosition: boolean
  watermark: number
  maxTimestamp: number
  lastRecordAtMs: number
  ended: boolean
  failure: unknown
  makeRoom: (() => void) | undefined
}

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
  readonly uid: string
  readonly #source: Source<unknown>
  readonly #time: TimeStrategy | undefined
  readonly #output: Output
  readonly #malformed: Output
  readonly #host: SourceHost
  readonly #active: ActiveSplit[] = []
  readonly #finished = new Set<string>()
  #next = 0
  /** The batch being handed on, and how far. */
  #current: { readonly split: ActiveSplit; readonly batch: Batch; index: number } | undefined
  #watermark = MIN_WATERMARK
  /** What the newest cut said, until its checkpoint is complete. */
  #cut: SourceCut | undefined
  #noMoreSplits = false
  #asked = false
  #stopped = false
  #ended = false

  constructor(node: SourceNode, output: Output, malformed: Output, host: SourceHost) {
    this.uid = node.uid
    this.#source = node.source
    this.#time = node.time
    this.#output = output
    this.#malformed = malformed
    this.#host = host
  }

  get hasEnded(): boolean {
    return this.#ended
  }

  /** True while a barrier may pass: no batch is half way through. */
  get isBetweenBatches(): boolean {
    return this.#current === undefined
  }

  /** Where reading stands, for messages: split and record of the current batch. */
  get place(): string {
    const current = this.#current
    return current === undefined ? '' : `split ${current.split.record.id}, record ${current.index}`
  }

  assign(splits: readonly SplitRecord[]): void {
    this.#asked = false
    for (const record of splits) this.#start(record)
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

  /** The end of input now, whatever is left: stop with drain. */
  drain(): void {
    for (const split of this.#active.splice(0)) split.makeRoom?.()
    this.#current = undefined
    this.#noMoreSplits = true
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
    assert(this.isBetweenBatches, 'a barrier passed in the middle of a batch')
    const positions = new Map<string, unknown>()
    for (const split of this.#active) {
      if (split.hasPosition) positions.set(split.record.id, split.position)
    }
    this.#cut = { checkpointId, positions, finished: [...this.#finished] }
    const splits = this.#active.map((split) => ({
      ...split.record,
      ...(split.hasPosition ? { position: this.#encode(split.position) } : {}),
      ...(split.watermark === MIN_WATERMARK ? {} : { watermark: split.watermark }),
    }))
    return { splits, finished: this.#cut.finished }
  }

  /** The master has the cut's finished splits; the source may forget what came before the cut. */
  async checkpointComplete(checkpointId: number): Promise<void> {
    const cut = this.#cut
    if (cut?.checkpointId !== checkpointId) return
    for (const id of cut.finished) this.#finished.delete(id)
    await this.#source.checkpointComplete?.(cut.positions)
  }

  #start(record: SplitRecord): void {
    const watermark = record.watermark ?? MIN_WATERMARK
    const split: ActiveSplit = {
      record: stripped(record),
      queue: [],
      position: undefined,
      hasPosition: false,
      watermark,
      maxTimestamp: watermark,
      lastRecordAtMs: this.#host.monotonic(),
      ended: false,
      failure: undefined,
      makeRoom: undefined,
    }
    if (record.position !== undefined) {
      const bytes = Buffer.from(record.position, 'base64')
      split.position = this.#source.position.read(new ByteReader(bytes))
      split.hasPosition = true
    }
    this.#active.push(split)
    void this.#read(split)
  }

  async #read(split: ActiveSplit): Promise<void> {
    try {
      const { signal } = this.#host.context
      const batches = this.#source.read(split.record, split.position, this.#host.context)
      for await (const batch of batches) {
        if (signal.aborted) return
        split.queue.push(batch)
        this.#host.wake()
        if (split.queue.length >= BATCHES_AHEAD_MAX) {
          await new Promise<void>((resolve) => (split.makeRoom = resolve))
        }
      }
    } catch (error) {
      if (!this.#host.context.signal.aborted) split.failure = error ?? new Error('unknown')
    }
    split.ended = true
    this.#host.wake()
  }

  #takeBatch(): boolean {
    for (let tried = 0; tried < this.#active.length; tried++) {
      const at = this.#next % this.#active.length
      this.#next = at + 1
      const split = this.#active[at] as ActiveSplit // `at` is within the array
      const batch = split.queue.shift()
      if (batch !== undefined) {
        split.makeRoom?.()
        split.makeRoom = undefined
        this.#handOnMalformed(batch)
        this.#current = { split, batch, index: 0 }
        return true
      }
      if (split.failure !== undefined) throw sourceFailure(this.uid, split)
      if (split.ended) this.#finish(at)
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
    const output = this.#output
    const timestampOf = this.#time?.timestamp
    while (current.index < values.length) {
      if (this.recordsIn >= end || this.#host.isBlocked()) return
      const value = values[current.index++]
      this.recordsIn++
      if (timestampOf === undefined) output.collect(value, NO_TIMESTAMP)
      else {
        const timestamp = timestampOf(value)
        if (timestamp > split.maxTimestamp) split.maxTimestamp = timestamp
        output.collect(value, timestamp)
      }
    }
    split.position = batch.position
    split.hasPosition = true
    this.#current = undefined
    if (this.#time !== undefined && values.length > 0) this.#advance(split, this.#time)
  }

  #advance(split: ActiveSplit, time: TimeStrategy): void {
    split.lastRecordAtMs = this.#host.monotonic()
    const watermark = split.maxTimestamp - time.maxOutOfOrdernessMs - 1
    if (watermark > split.watermark) split.watermark = watermark
  }

  /** Between batches: forwards the watermark, asks for splits, ends. */
  #settle(): boolean {
    if (this.#time !== undefined) this.#emitWatermark(this.#time)
    if (this.#active.length > 0) return false
    if (!this.#noMoreSplits) {
      if (!this.#asked) {
        this.#asked = true
        this.#host.wantsSplits()
      }
      return false
    }
    this.#ended = true
    this.#output.watermark(MAX_WATERMARK)
    this.#output.endInput()
    return true
  }

  #emitWatermark(time: TimeStrategy): void {
    let least = Number.POSITIVE_INFINITY
    const idleBefore = this.#host.monotonic() - (time.idlenessMs ?? Number.POSITIVE_INFINITY)
    for (const split of this.#active) {
      if (split.lastRecordAtMs < idleBefore && split.queue.length === 0) continue
      if (split.watermark < least) least = split.watermark
    }
    if (least === Number.POSITIVE_INFINITY || least <= this.#watermark) return
    this.#watermark = least
    this.#output.watermark(least)
  }

  #finish(at: number): void {
    const [split] = this.#active.splice(at, 1)
    if (split === undefined) return
    this.#finished.add(split.record.id)
    this.#host.finished(split.record.id)
  }

  #encode(position: unknown): string {
    const out = new ByteWriter()
    this.#source.position.write(position, out)
    return out.view().toString('base64')
  }
}

function sourceFailure(uid: string, split: ActiveSplit): unknown {
  if (isMillraceError(split.failure)) return split.failure
  const data = errorToData(split.failure, 'CONNECTOR_FAILED')
  const message = `source "${uid}", split ${split.record.id}: ${data.message}`
  return errorFromData({ ...data, message })
}

/** A split's identity without where its reading stands. */
function stripped(record: SplitRecord): SplitRecord {
  const { id, properties } = record
  return properties === undefined ? { id } : { id, properties }
}
