/** How often something may go wrong in a row before it is no longer looked at: a leaky bucket. */
import type { Clock } from '../../util/clock.ts'

export class FailureLimit {
  readonly #clock: Clock
  readonly #burst: number
  readonly #refillMs: number
  #left: number
  #seenAtMs: number

  /** @param burst at once; one more after each `refillMs` */
  constructor(clock: Clock, burst: number, refillMs: number) {
    this.#clock = clock
    this.#burst = burst
    this.#refillMs = refillMs
    this.#left = burst
    this.#seenAtMs = clock.monotonic()
  }

  /** Counts a failure. False if there were too many. */
  take(): boolean {
    const nowMs = this.#clock.monotonic()
    this.#left = Math.min(this.#burst, this.#left + (nowMs - this.#seenAtMs) / this.#refillMs)
    this.#seenAtMs = nowMs
    if (this.#left < 1) return false
    this.#left--
    return true
  }
}
