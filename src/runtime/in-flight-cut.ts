/**
 * What is in flight at the cut of a task: before its barrier in the channels it reads from, and in
 * the outputs that have no room. It is known only some time after the cut: when the barrier has
 * been seen in all channels, and has left all outputs, in its place or by overtaking.
 */
import { MillraceError } from '../errors.ts'
import type { CapturedChannel } from './exchange/in-flight.ts'
import type { GateRecording } from './exchange/gate-recording.ts'

/** An output in which a barrier may wait behind records. */
export interface BarrierOutput {
  holds(checkpointId: number): boolean
  overtake(checkpointId: number): readonly CapturedChannel[]
}

export class InFlightCut {
  readonly checkpointId: number
  /** All that belongs to the checkpoint. Rejects if it is given up. */
  readonly captured: Promise<readonly CapturedChannel[]>
  readonly #recording: GateRecording | undefined
  readonly #outputs: readonly BarrierOutput[]
  readonly #sent: CapturedChannel[] = []
  #resolve: (captured: readonly CapturedChannel[]) => void = () => undefined
  #reject: (error: unknown) => void = () => undefined
  isDone = false

  constructor(
    checkpointId: number,
    recording: GateRecording | undefined,
    outputs: readonly BarrierOutput[],
  ) {
    this.checkpointId = checkpointId
    this.#recording = recording
    this.#outputs = outputs
    this.captured = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // A cut that fails half-way leaves nobody who waits.
    this.captured.catch(() => undefined)
  }

  /** Looks whether the barrier has passed; if it is overdue, it overtakes. */
  look(isOverdue: boolean): void {
    if (this.isDone) return
    const { checkpointId } = this
    if (isOverdue) {
      for (const output of this.#outputs) {
        if (output.holds(checkpointId)) this.#sent.push(...output.overtake(checkpointId))
      }
    }
    const recorded = this.#recording?.look() ?? true
    if (!recorded || this.#outputs.some((output) => output.holds(checkpointId))) return
    this.isDone = true
    this.#resolve([...(this.#recording?.captured ?? []), ...this.#sent])
  }

  /** The checkpoint is given up, or the task ends. */
  abandon(): void {
    if (this.isDone) return
    this.isDone = true
    const message = `checkpoint ${this.checkpointId} was given up`
    this.#reject(new MillraceError('CHECKPOINT_FAILED', message))
  }
}
