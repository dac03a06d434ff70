/**
 * Barriers in a task: when it cuts. A source cuts between two batches, a gate when the barrier has
 * come on all its channels. When a barrier has been on its way for longer than the alignment
 * timeout, the task cuts between any two records, however little room there is, and lets the
 * barrier overtake what waits before and behind it. Nothing is cut while the fate of the former cut
 * is unknown.
 */
import type { Aligned } from './exchange/gate-host.ts'
import type { Barrier } from './exchange/barrier.ts'
import type { InputGate } from './exchange/input-gate.ts'
import { type BarrierOutput, InFlightCut } from './in-flight-cut.ts'
import type { SourceHead } from './source-head.ts'

export interface BarrierSettings {
  /** False: at least once; channels are read on after their barriers. */
  readonly exactlyOnce: boolean
  readonly alignmentTimeoutMs: number
}

/** A barrier as the master announces it. */
export interface BarrierRequest extends Barrier {
  /** It overtakes nothing, whatever the settings. */
  readonly aligned?: boolean
}

export interface BarrierHost {
  readonly settings: BarrierSettings
  readonly source: SourceHead | undefined
  readonly gate: InputGate | undefined
  readonly outputs: readonly BarrierOutput[]
  /** The fate of former cuts is known, or a cut may build on the last of them. */
  mayCut(after: number | undefined): boolean
  isOutputFull(): boolean
  cut(aligned: Aligned, inFlight: InFlightCut): void
  monotonic(): number
}

interface Announced {
  readonly request: BarrierRequest
  /** When it may overtake. */
  readonly deadlineMs: number
}

export class TaskBarriers {
  readonly #host: BarrierHost
  #announced: Announced | undefined
  /** Of a source: announced, and not passed yet. */
  #requested: readonly Barrier[] = []
  /** Aligned, and waiting for the fate of the former cut. */
  #held: Aligned | undefined
  /** Cuts of which not all is known that was in flight. */
  #inFlight: readonly InFlightCut[] = []
  #cutId = 0

  constructor(host: BarrierHost) {
    this.#host = host
  }

  /** A barrier waits that no record may pass. */
  get blocks(): boolean {
    if (this.#held !== undefined) return true
    // It passes at the end of this batch, however many more are there.
    return this.isRequested && this.#host.source?.isBetweenBatches === true
  }

  /** The checkpoint whose barrier waits for the fate of a former one. */
  get heldId(): number | undefined {
    return this.#held?.barrier.checkpointId
  }

  /** Of a source: announced, and not cut yet. */
  get isRequested(): boolean {
    return this.#requested.length > 0
  }

  /** A split taken on now would be in the master's cut too. */
  get awaitsCut(): boolean {
    if (this.#host.source === undefined) return false
    return this.isRequested || this.#held !== undefined
  }

  /** When something has to be done that no record and no message brings about; or +∞. */
  get nextDeadlineMs(): number {
    const deadlineMs = this.#announced?.deadlineMs ?? Number.POSITIVE_INFINITY
    return deadlineMs > this.#host.monotonic() ? deadlineMs : Number.POSITIVE_INFINITY
  }

  /** The master's trigger. Sources begin the barrier; the others learn when it may overtake. */
  announce(request: BarrierRequest): void {
    const { settings, source } = this.#host
    // One that builds on another keeps behind it: channels have one mark for both.
    if (request.after === undefined) {
      const mayOvertake = request.aligned !== true && settings.exactlyOnce
      const waitMs = mayOvertake ? settings.alignmentTimeoutMs : Number.POSITIVE_INFINITY
      this.#announced = { request, deadlineMs: this.#host.monotonic() + waitMs }
    }
    if (source !== undefined) this.#requested = [...this.#requested, request]
    this.#takeRequest()
  }

  /** The gate has the barrier on all channels. */
  aligned(aligned: Aligned): void {
    this.#held = aligned
    this.#pass()
  }

  /** Whether a channel that has delivered this barrier waits for the others. */
  aligns(checkpointId: number): boolean {
    if (this.#host.settings.exactlyOnce) return true
    const announced = this.#announced?.request
    return announced?.checkpointId !== checkpointId || announced.aligned === true
  }

  /** Between any two steps of the task. */
  step(): void {
    this.#takeRequest()
    if (this.#isOverdue()) this.#cutNow()
    this.#pass()
    if (this.#inFlight.length > 0) this.#lookInFlight()
  }

  /** The checkpoint is complete: what was cut is safe, the next barrier may pass. */
  complete(checkpointId: number): void {
    if (this.#announced?.request.checkpointId === checkpointId) this.#announced = undefined
    this.#pass()
  }

  /** The former cut is settled. */
  settled(): void {
    this.#pass()
  }

  abort(checkpointId: number): void {
    const { gate } = this.#host
    gate?.abort(checkpointId)
    if (this.#announced?.request.checkpointId === checkpointId) this.#announced = undefined
    this.#requested = this.#requested.filter((barrier) => barrier.checkpointId !== checkpointId)
    // Nobody would settle its cut any more; whoever is downstream is told of the abort, too.
    if (this.#held?.barrier.checkpointId === checkpointId) this.#held = undefined
    for (const cut of this.#inFlight) if (cut.checkpointId === checkpointId) cut.abandon()
  }

  close(): void {
    for (const cut of this.#inFlight) cut.abandon()
  }

  #lookInFlight(): void {
    const { checkpointId } = this.#announced?.request ?? {}
    const isOverdue = this.#isOverdue()
    for (const cut of this.#inFlight) cut.look(isOverdue && cut.checkpointId === checkpointId)
    this.#inFlight = this.#inFlight.filter((cut) => !cut.isDone)
  }

  #isOverdue(): boolean {
    const announced = this.#announced
    return announced !== undefined && this.#host.monotonic() >= announced.deadlineMs
  }

  #takeRequest(): void {
    const [barrier, ...later] = this.#requested
    if (barrier === undefined || this.#host.source?.isBetweenBatches !== true) return
    if (this.#held !== undefined) return
    this.#requested = later
    this.#held = { barrier, alignmentMs: 0 }
    this.#pass()
  }

  /** A barrier that is overdue: the cut, wherever the task stands between two records. */
  #cutNow(): void {
    const { source, gate } = this.#host
    const request = this.#announced?.request
    if (request === undefined || request.checkpointId <= this.#cutId) return
    if (this.#held !== undefined || !this.#host.mayCut(undefined)) return
    if (source !== undefined) {
      // With room it comes to the end of the batch in a moment.
      const [first, ...later] = this.#requested
      if (first?.checkpointId !== request.checkpointId || !this.#host.isOutputFull()) return
      this.#requested = later
      this.#held = { barrier: request, alignmentMs: 0 }
    } else if (gate?.finishBroadcast(request.checkpointId) === true) {
      // The broadcast channels may have been the last.
      if (request.checkpointId <= this.#cutId || this.#held !== undefined) return
      if (gate.seesBarrier(request.checkpointId)) this.#held = gate.cut(request)
    }
  }

  #pass(): void {
    const held = this.#held
    if (held === undefined || !this.#host.mayCut(held.barrier.after)) return
    const { checkpointId } = held.barrier
    this.#held = undefined
    this.#cutId = checkpointId
    const inFlight = new InFlightCut(checkpointId, held.recording, this.#host.outputs)
    this.#inFlight = [...this.#inFlight, inFlight]
    this.#host.cut(held, inFlight)
    this.#lookInFlight()
  }
}
