/** What an input gate asks its task, and what it tells it. */
import type { Barrier } from './barrier.ts'
import type { GateRecording } from './gate-recording.ts'

/** A barrier at which the task may cut now. */
export interface Aligned {
  readonly barrier: Barrier
  readonly alignmentMs: number
  /** What was in flight, if the barrier has overtaken any of it. */
  readonly recording?: GateRecording
}

/** What the gate tells its task; `isBlocked` is asked before each record. */
export interface GateHost {
  isBlocked(): boolean
  aligned(aligned: Aligned): void
  /** False: channels that have delivered the barrier of this checkpoint are read on. */
  aligns(checkpointId: number): boolean
  /** Work that is half done, such as a burst of timers, comes to its end. */
  finish(): void
  monotonic(): number
}
