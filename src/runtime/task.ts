/**
 * One task: the chain of a vertex in one subtask, as a machine that is stepped. It takes records
 * from its head while there is room downstream, fires timers, cuts when a barrier has come on all
 * inputs, and writes its part of the checkpoint in the background.
 */
import type { Barrier } from './exchange/barrier.ts'
import type { Aligned } from './exchange/aligner.ts'
import type { TaskProgress } from '../checkpoint/messages.ts'
import { MIN_WATERMARK } from '../operators/operator.ts'
import { Asynchronous } from './asynchronous.ts'
import { CheckpointWatch } from './checkpoint-watch.ts'
import { atPlace } from './function-failed.ts'
import type { WorkerHost } from './host.ts'
import { sinkFailure } from './sink-runner.ts'
import type { Stage } from './stages.ts'
import { acknowledgement } from './task-acknowledge.ts'
import type { TaskParts } from './task-parts.ts'
import { encodeWatermark, type Recorded, recordsOf } from './task-records.ts'

export class Task {
  readonly parts: TaskParts
  readonly #outputs: readonly { readonly isFull: boolean }[]
  readonly #stages: readonly Stage[]
  readonly #asynchronous: Asynchronous
  readonly #watch: CheckpointWatch
  #held: Aligned | undefined
  /** Triggers of a source whose barriers have not passed yet. */
  #requested: readonly Barrier[] = []
  #endReported = false
  #isIdle = false
  /** The checkpoint after whose barrier the source stopped. */
  #stoppedBy = -1

  constructor(parts: TaskParts) {
    this.parts = parts
    this.#outputs = [...parts.exchanges, ...parts.sinks.map((sink) => sink.pump)]
    this.#stages = parts.chain.operators.map(({ stage }) => stage)
    this.#asynchronous = new Asynchronous(parts.chain, () => this.#isOutputFull())
    this.#watch = new CheckpointWatch(parts)
  }

  /** Asked before each record: no room downstream, a timer burst, or a barrier that waits. */
  readonly isBlocked = (): boolean => {
    if (this.#held !== undefined || this.#isOutputFull()) return true
    if (this.parts.backend?.isStrained === true) return true
    // A barrier that waits passes at the end of this batch, however many more are there.
    const { length: waiting } = this.#requested
    if (waiting > 0 && this.parts.source?.isBetweenBatches === true) return true
    for (const stage of this.#stages) if (stage.isBusy) return true
    // One that waits for the end of this batch does not wait for the batch's calls.
    return this.#asynchronous.isFull && waiting === 0
  }

  /** Tells on what was restored; before the first step. */
  start(): void {
    this.parts.source?.start()
    for (const stage of this.#stages) stage.start()
  }

  /** A little of everything; true if anything was done. */
  step(recordsMax: number): boolean {
    const { chain, exchanges, sinks, head, host } = this.parts
    let worked = false
    for (const sink of sinks) {
      const { failure } = sink.pump
      if (failure !== undefined) throw sinkFailure(sink, failure.error)
    }
    this.#tellIdleness()
    if (this.#fireSome()) worked = true
    if (this.#asynchronous.resume()) worked = true
    try {
      if (head.step(recordsMax)) worked = true
      if (worked) for (const { stage } of chain.operators) stage.flush()
    } catch (error) {
      throw this.#placed(error)
    }
    this.#takeBarrier()
    for (const exchange of exchanges) if (exchange.pump()) worked = true
    for (const sink of sinks) sink.pump.kick()
    this.#reportEnd(host)
    return worked
  }

  processingTime(now: number): void {
    for (const { stage } of this.parts.chain.operators) {
      if (stage.nextProcessingTimer <= now) stage.processingTime(now)
    }
    for (const { stage } of this.parts.chain.operators) stage.flush()
  }

  /** Infinite while there is no room for what timers emit. */
  get nextProcessingTimer(): number {
    if (this.#isOutputFull() || this.#asynchronous.isFull) return Number.POSITIVE_INFINITY
    let next = Number.POSITIVE_INFINITY
    for (const { stage } of this.parts.chain.operators) {
      if (stage.nextProcessingTimer < next) next = stage.nextProcessingTimer
    }
    return next
  }

  /** The master's trigger; only source tasks start barriers. */
  trigger(barrier: Barrier): void {
    this.#watch.triggered(barrier.checkpointId)
    if (this.parts.source === undefined) return
    this.#requested = [...this.#requested, barrier]
    this.#takeBarrier()
  }

  /** Where it is in the checkpoints that it has not acknowledged. */
  get checkpointing(): readonly TaskProgress[] {
    return this.#watch.progress(this.#held?.barrier.checkpointId)
  }

  /** True between a trigger and its cut: a split taken on now would be in the master's cut too. */
  get awaitsBarrier(): boolean {
    if (this.parts.source === undefined) return false
    return this.#requested.length > 0 || this.#held !== undefined
  }

  /** The gate has the barrier on all its channels. */
  readonly aligned = (aligned: Aligned): void => {
    this.#held = aligned
    this.#passHeld()
  }

  /** The manifest is written: what was cut is safe, the next barrier may pass. */
  complete(checkpointId: number): void {
    this.parts.snapshots.complete(checkpointId)
    this.#passHeld()
  }

  /** What follows a complete checkpoint: output becomes visible, sources let go of their input. */
  async settle(checkpointId: number, commit: boolean): Promise<void> {
    if (commit) for (const sink of this.parts.sinks) await sink.commit(checkpointId)
    await this.parts.source?.checkpointComplete(checkpointId)
  }

  async abort(checkpointId: number): Promise<void> {
    this.#watch.ended(checkpointId)
    this.parts.gate?.abort(checkpointId)
    this.#requested = this.#requested.filter((barrier) => barrier.checkpointId !== checkpointId)
    // Nobody would settle its cut any more; whoever is downstream is told of the abort, too.
    if (this.#held?.barrier.checkpointId === checkpointId) this.#held = undefined
    if (this.#stoppedBy === checkpointId) this.parts.source?.resume()
    await this.parts.snapshots.abort(checkpointId)
    this.#passHeld()
  }

  #isOutputFull(): boolean {
    for (const output of this.#outputs) if (output.isFull) return true
    return false
  }

  /** Before what ends the idleness is handed on. */
  #tellIdleness(): void {
    const isIdle = this.parts.head.isIdle && !this.#asynchronous.hasPending
    if (isIdle === this.#isIdle) return
    this.#isIdle = isIdle
    for (const exchange of this.parts.exchanges) exchange.idle(isIdle)
  }

  /** Fires timers of the first operator whose watermark waits for them, if there is room. */
  #fireSome(): boolean {
    if (this.#isOutputFull()) return false
    for (const [index, { stage }] of this.parts.chain.operators.entries()) {
      if (!stage.isBusy || this.#asynchronous.isFullAfter(index)) continue
      stage.resume()
      return true
    }
    return false
  }

  #takeBarrier(): void {
    const [barrier, ...later] = this.#requested
    if (barrier === undefined || this.parts.source?.isBetweenBatches !== true) return
    if (this.#held !== undefined) return
    this.#requested = later
    this.#held = { barrier, alignmentMs: 0 }
    this.#passHeld()
  }

  /** The cut, unless the fate of the former one is still unknown. */
  #passHeld(): void {
    const held = this.#held
    if (held === undefined || !this.parts.snapshots.mayCut(held.barrier.after)) return
    const { chain, exchanges, sinks, backend, host, source, snapshots } = this.parts
    const { barrier, alignmentMs } = held
    const { checkpointId } = barrier
    const startMs = host.clock.monotonic()
    for (const { stage } of chain.operators) stage.flush()
    const { records, digests } = this.#records()
    const position = source?.snapshot(checkpointId)
    const cut = backend?.cut()
    for (const exchange of exchanges) exchange.barrier(barrier)
    const committables = sinks.map((sink) => sink.barrier(checkpointId))
    this.#watch.cut(checkpointId, alignmentMs, committables)
    if (barrier.stopAfter) {
      source?.stop()
      this.#stoppedBy = checkpointId
    }
    this.#held = undefined
    const syncMs = host.clock.monotonic() - startMs
    const all = Promise.all(committables).then((lists) => [...records, ...lists.flat()])
    const written = snapshots.write(checkpointId, cut, all, barrier.full)
    const part = { checkpointId, alignmentMs, syncMs, cut, position, written, digests }
    void acknowledgement(this.parts, part, this.#watch).then((message) => host.send(message))
  }

  #records(): Recorded {
    const { chain, operatorIds, source, subtaskIndex } = this.parts
    const { records, digests } = recordsOf(chain.operators, operatorIds, subtaskIndex)
    const sourceId = source === undefined ? undefined : operatorIds.get(source.uid)
    if (source === undefined || sourceId === undefined) return { records, digests }
    if (source.watermark === MIN_WATERMARK) return { records, digests }
    return { records: [...records, encodeWatermark(sourceId, source.watermark)], digests }
  }

  #reportEnd(host: WorkerHost): void {
    if (this.#endReported || !this.#hasEnded()) return
    this.#endReported = true
    const { vertex, subtaskIndex } = this.parts
    host.send({ kind: 'ended', vertex: vertex.id, subtaskIndex })
  }

  #hasEnded(): boolean {
    const { chain, source, gate } = this.parts
    if (!(source?.hasEnded ?? gate?.hasEnded ?? false)) return false
    if (this.#asynchronous.hasPending) return false
    return !chain.operators.some(({ stage }) => stage.isBusy)
  }

  #placed(error: unknown): unknown {
    const { source, gate, chain } = this.parts
    const read = source?.place ?? gate?.place ?? ''
    // Records that are gathered for a prefetch fail some time after they were read.
    const gathers = chain.operators.some(({ stage }) => stage.gathers)
    return atPlace(error, gathers && read !== '' ? `at or before ${read}` : read)
  }
}
