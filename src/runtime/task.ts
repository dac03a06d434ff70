/**
 * One task: the chain of a vertex in one subtask, as a machine that is stepped. It takes records
 * from its head while there is room downstream, fires timers, cuts when its barriers say so, and
 * writes its part of the checkpoint in the background.
 */
import type { Aligned } from './exchange/gate-host.ts'
import { encodeInFlight } from './exchange/in-flight.ts'
import type { TaskProgress } from '../checkpoint/messages.ts'
import { MIN_WATERMARK } from '../operators/operator.ts'
import { Asynchronous } from './asynchronous.ts'
import { CheckpointWatch } from './checkpoint-watch.ts'
import { atPlace } from './function-failed.ts'
import type { WorkerHost } from './host.ts'
import type { InFlightCut } from './in-flight-cut.ts'
import { finishTimers } from './replay.ts'
import { sinkFailure } from './sink-runner.ts'
import type { Stage } from './stage.ts'
import { acknowledgement } from './task-acknowledge.ts'
import { type BarrierRequest, TaskBarriers } from './task-barriers.ts'
import type { TaskParts } from './task-parts.ts'
import { encodeWatermark, type Recorded, recordsOf } from './task-records.ts'

export class Task {
  readonly parts: TaskParts
  readonly #outputs: readonly { readonly isFull: boolean }[]
  readonly #stages: readonly Stage[]
  readonly #asynchronous: Asynchronous
  readonly #watch: CheckpointWatch
  readonly #barriers: TaskBarriers
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
    const { source, gate, snapshots, host } = parts
    this.#barriers = new TaskBarriers({
      settings: parts.barriers,
      source,
      gate,
      outputs: [...parts.exchanges, ...parts.sinks],
      mayCut: (after) => snapshots.mayCut(after),
      isOutputFull: () => this.#isOutputFull(),
      cut: (aligned, inFlight) => this.#cut(aligned, inFlight),
      monotonic: () => host.clock.monotonic(),
    })
  }

  /** Asked before each record: no room downstream, a timer burst, or a barrier that waits. */
  readonly isBlocked = (): boolean => {
    if (this.#barriers.blocks || this.#isOutputFull()) return true
    if (this.parts.backend?.isStrained === true) return true
    for (const stage of this.#stages) if (stage.isBusy) return true
    // One that waits for the end of this batch does not wait for the batch's calls.
    return this.#asynchronous.isFull && !this.#barriers.isRequested
  }

  /** Tells on what was restored and takes what was in flight; before the first step. */
  start(): void {
    const { replay, source } = this.parts
    if (!replay.isEmpty) replay.run()
    source?.start()
    if (replay.isEmpty) for (const stage of this.#stages) stage.start()
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
      throw atPlace(error, this.place)
    }
    this.#barriers.step()
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

  /** The master's trigger. */
  trigger(request: BarrierRequest): void {
    this.#watch.triggered(request.checkpointId)
    this.#barriers.announce(request)
  }

  /** Where it is in the checkpoints that it has not acknowledged. */
  get checkpointing(): readonly TaskProgress[] {
    return this.#watch.progress(this.#barriers.heldId)
  }

  get barriers(): TaskBarriers {
    return this.#barriers
  }

  /** Fires all timers that watermarks wait for, whether there is room or not. */
  finishTimers(): void {
    finishTimers(this.parts.chain.operators)
  }

  /** The manifest is written: what was cut is safe, the next barrier may pass. */
  complete(checkpointId: number): void {
    this.parts.snapshots.complete(checkpointId)
    this.#barriers.complete(checkpointId)
  }

  /** What follows a complete checkpoint: output becomes visible, sources let go of their input. */
  async settle(checkpointId: number, commit: boolean): Promise<void> {
    if (commit) for (const sink of this.parts.sinks) await sink.commit(checkpointId)
    await this.parts.source?.checkpointComplete(checkpointId)
  }

  async abort(checkpointId: number): Promise<void> {
    this.#watch.ended(checkpointId)
    this.#barriers.abort(checkpointId)
    if (this.#stoppedBy === checkpointId) this.parts.source?.resume()
    await this.parts.snapshots.abort(checkpointId)
    this.#barriers.settled()
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

  #cut({ barrier, alignmentMs }: Aligned, inFlight: InFlightCut): void {
    const { chain, exchanges, sinks, backend, host, source, snapshots } = this.parts
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
    const syncMs = host.clock.monotonic() - startMs
    const captured = inFlight.captured.then((all) => encodeInFlight(all, () => host.clock.yield()))
    const all = Promise.all([captured, ...committables]).then(([{ entries }, ...lists]) => [
      ...records,
      ...lists.flat(),
      ...entries,
    ])
    const written = snapshots.write(checkpointId, cut, all, barrier.full)
    const part = { checkpointId, alignmentMs, syncMs, cut, position, written, digests, captured }
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

  /** Where the record was read that is being processed; empty if it is not known. */
  get place(): string {
    const { source, gate, chain } = this.parts
    const read = source?.place ?? gate?.place ?? ''
    // Records that are gathered for a prefetch fail some time after they were read.
    const gathers = chain.operators.some(({ stage }) => stage.gathers)
    return gathers && read !== '' ? `at or before ${read}` : read
  }
}
