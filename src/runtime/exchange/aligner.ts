/**
 * Alignment of barriers over the channels of a task (Chandy and Lamport, 1985, as Flink applies
 * it): a channel that has delivered the barrier is not read until all have. Pure bookkeeping; the
 * input gate asks it which channels may be read.
 */
import type { Barrier } from './barrier.ts'
import { assert } from '../../util/assert.ts'

export interface Aligned {
  readonly barrier: Barrier
  readonly alignmentMs: number
}

export class Aligner {
  readonly #blocked: boolean[]
  #blockedCount = 0
  #pending: Barrier | undefined
  #firstAtMs = 0
  #abortedId = -1

  constructor(channels: number) {
    this.#blocked = Array.from({ length: channels }, () => false)
  }

  /** False while the channel waits for the others' barriers. */
  mayRead(channel: number): boolean {
    return this.#blocked[channel] === false
  }

  get isAligning(): boolean {
    return this.#pending !== undefined
  }

  /**
   * A barrier came on a channel; gives the barrier when it was the last one awaited. A barrier of
   * a newer checkpoint ends the wait for an older one, which the coordinator gave up.
   */
  barrier(channel: number, barrier: Barrier, atMs: number): Aligned | undefined {
    assert(this.mayRead(channel), `channel ${channel} was read while it was blocked`)
    // A straggler of an aborted checkpoint must not block a channel that nobody would free.
    if (barrier.checkpointId <= this.#abortedId) return undefined
    const pending = this.#pending
    if (pending !== undefined && barrier.checkpointId < pending.checkpointId) return undefined
    if (pending === undefined || barrier.checkpointId > pending.checkpointId) {
      this.#release()
      this.#pending = barrier
      this.#firstAtMs = atMs
    }
    this.#blocked[channel] = true
    this.#blockedCount++
    if (this.#blockedCount < this.#blocked.length) return undefined
    this.#release()
    return { barrier, alignmentMs: atMs - this.#firstAtMs }
  }

  /** The coordinator gave the checkpoint up: its channels are read again. */
  abort(checkpointId: number): void {
    this.#abortedId = Math.max(this.#abortedId, checkpointId)
    if (this.#pending?.checkpointId === checkpointId) this.#release()
  }

  #release(): void {
    this.#blocked.fill(false)
    this.#blockedCount = 0
    this.#pending = undefined
  }
}
