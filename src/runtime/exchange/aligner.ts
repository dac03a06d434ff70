/**
 * Alignment of barriers over the channels of a task (Chandy and Lamport, 1985, as Flink applies
 * it): a channel that has delivered the barrier is not read until all have; or it is read on, and
 * the cut comes at the last barrier (at least once); or the cut comes before (unaligned). One that
 * is read on may come to the barrier that was begun after it, which then waits for its turn. Pure
 * bookkeeping; the input gate asks it which channels may be read.
 */
import type { Barrier } from './barrier.ts'

interface AlignedBarrier {
  readonly barrier: Barrier
  readonly alignmentMs: number
}

interface WaitingBarrier {
  readonly channel: number
  readonly barrier: Barrier
}

/** Barriers of given-up checkpoints are known for so long; a channel holds far fewer. */
const GIVEN_UP_MAX = 1_000

export class Aligner {
  readonly #blocked: boolean[]
  #blockedCount = 0
  #pending: Barrier | undefined
  #firstAtMs = 0
  /** The newest cut: barriers up to it count no more. */
  #settledId = -1
  /** Given up, and newer than the cut. One that is older than these may still be under way. */
  readonly #givenUp = new Set<number>()
  /** Barriers that wait behind the pending one, by channel. */
  readonly #waiting = new Map<number, Barrier>()

  constructor(channels: number) {
    this.#blocked = Array.from({ length: channels }, () => false)
  }

  /** The channel has delivered the barrier that others are still to deliver. */
  hasPassed(channel: number): boolean {
    return this.#blocked[channel] === true
  }

  /** The channel is at a barrier whose turn has not come. */
  waits(channel: number): boolean {
    return this.#waiting.has(channel)
  }

  /** A barrier whose turn has come: it is as if it had just been read. */
  takeWaiting(): WaitingBarrier | undefined {
    if (this.#waiting.size === 0) return undefined
    const waiting = [...this.#waiting].map(([channel, barrier]) => ({ channel, barrier }))
    const first = waiting.reduce((a, b) =>
      b.barrier.checkpointId < a.barrier.checkpointId ? b : a,
    )
    const pendingId = this.#pending?.checkpointId ?? Number.POSITIVE_INFINITY
    if (first.barrier.checkpointId > pendingId) return undefined
    this.#waiting.delete(first.channel)
    return first
  }

  /** The barrier of this checkpoint is not waited for, or no longer. */
  isSettled(checkpointId: number): boolean {
    return checkpointId <= this.#settledId || this.#givenUp.has(checkpointId)
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
    if (this.isSettled(barrier.checkpointId)) return undefined
    const pending = this.#pending
    if (pending !== undefined && this.hasPassed(channel) && isAfter(barrier, pending)) {
      this.#waiting.set(channel, barrier)
      return undefined
    }
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
    this.#settle(barrier.checkpointId)
    return { barrier, alignmentMs: atMs - this.#firstAtMs }
  }

  /**
   * The task has cut without waiting for the rest: all channels are read again. Gives how long it
   * was being aligned.
   */
  cut(checkpointId: number, atMs: number): number {
    this.#settle(checkpointId)
    if (this.#pending === undefined || this.#pending.checkpointId > checkpointId) return 0
    this.#release()
    return atMs - this.#firstAtMs
  }

  /**
   * The coordinator gave the checkpoint up. An older one, which it was begun after, goes on being
   * aligned: its channels stay closed.
   */
  abort(checkpointId: number): void {
    if (checkpointId > this.#settledId) this.#givenUp.add(checkpointId)
    if (this.#givenUp.size > GIVEN_UP_MAX) this.#givenUp.delete(Math.min(...this.#givenUp))
    if (this.#pending?.checkpointId === checkpointId) this.#release()
  }

  #settle(checkpointId: number): void {
    this.#settledId = Math.max(this.#settledId, checkpointId)
    for (const id of this.#givenUp) if (id <= this.#settledId) this.#givenUp.delete(id)
  }

  #release(): void {
    this.#blocked.fill(false)
    this.#blockedCount = 0
    this.#pending = undefined
  }
}

/** It was begun while the other was under way, and does not end it. */
function isAfter({ checkpointId, after }: Barrier, other: Barrier): boolean {
  return after !== undefined && checkpointId > other.checkpointId
}
