/**
 * Whether a worker's loop has time to spare: waits for something to do for some of the time. A loop
 * that does keeps up with what comes, and a record that has to wait in it waits for other work of
 * its thread. Measured over windows that follow each other.
 */
import type { Clock } from '../util/clock.ts'

const WINDOW_MS = 500
/** A loop that waits for less of the time is always behind: it waits for its source to read on. */
const SHARE_LEAST = 0.03

export class IdleTime {
  readonly #clock: Pick<Clock, 'monotonic'>
  #windowFrom: number
  /** In this window. */
  #idleMs = 0
  /** Of the window before it. */
  #share = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
    this.#windowFrom = clock.monotonic()
  }

  /** The loop has nothing to do until this resolves. */
  async during(woken: Promise<void>): Promise<void> {
    const fromMs = this.#clock.monotonic()
    await woken
    this.#idleMs += this.#clock.monotonic() - fromMs
  }

  /** True if it was idle for some of the last whole window; false before there is one. */
  isSome(): boolean {
    const now = this.#clock.monotonic()
    const passedMs = now - this.#windowFrom
    if (passedMs >= WINDOW_MS) {
      this.#share = this.#idleMs / passedMs
      this.#idleMs = 0
      this.#windowFrom = now
    }
    return this.#share >= SHARE_LEAST
  }
}
