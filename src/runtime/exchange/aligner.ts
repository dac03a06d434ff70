/**
 * Alignment of barriers over the channels of a task (Chandy and Lamport, 1985, as Flink applies
 * it): a channel that has delivered the barrier is not read until all have; or it is read on, and
 * the cut comes at the last barrier (at least once); or the cut comes before (unaligned). Pure
 * bookkeeping; the input gate asks it which channels may be read.
 */
import type { Barrier } from './barrier.ts'

interface AlignedBarrier {
  readonly barrier: Barrier
  readonly alignmentMs: number
}

export class Aligner {
  readonly #blocked: boolean[]
  #blockedCount = 0
  #pending: Barrier | undefined
  #firstAtMs = 0
  /** Barriers up to this one count no more: cut, or given up. */
  #settledId = -1

  constructor(channels: number) {
    this.#blocked = Array.from({ length: channels }, () => false)
  }

  /** The channel has delivered the barrier that others are still to deliver. */
  hasPassed(channel: number): boolean {
    return this.#blocked[channel] === true
  }

  /** The barrier of this checkpoint is not waited for, or no longer. */
  isSettled(checkpointId: number): boolean {
    return checkpointId <= this.#settledId
  }

  /** The checkpoint being aligned; 0: none. */
  get pendingId(): number {
    return this.#pending?.checkpointId ?? 0
  }

  /**
   * A barrier came on a channel; gives the barrier when it was the last one awaited. A barrier of
   * a newer checkpoint ends the wait for an older one, which the coordinator gave up.
   */
  barrier(channel: number, barrier: Barrier, atMs: number): AlignedBarrier | undefined {
    // A straggler of an aborted checkpoint must not block a channel that nobody would free.
    if (barrier.checkpointId <= this.#settledId) return undefined
    const pending = this.#pending
    if (pending !== undefined && barrier.checkpointId < pending.checkpointId) return undefined
    if (pending === undefined || barrier.checkpointId > pending.checkpointId) {
      this.#release()
      this.#pending = barrier
      this.#firstAtMs = atMs
    }
    if (this.#blocked[channel] === true) return undefined
    this.#blocked[channel] = true
    this.#blockedCount++
    if (this.#blockedCount < this.#blocked.length) return undefined
    this.#release()
    this.#settledId = barrier.checkpointId
    return { barrier, alignmentMs: atMs - this.#firstAtMs }
  }

  /**
   * The coordinator gave the checkpoint up, or the task has cut without waiting for the rest: all
   * channels are read again. Gives how long it was being aligned.
   */
  settle(checkpointId: number, atMs: number): number {
    this.#settledId = Math.max(this.#settledId, checkpointId)
    if (this.#pending === undefined || this.#pending.checkpointId > checkpointId) return 0
    this.#release()
    return atMs - this.#firstAtMs
  }

  #release(): void {
    this.#blocked.fill(false)
    this.#blockedCount = 0
    this.#pending = undefined
  }
}
