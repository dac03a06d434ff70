/**
 * The clock of one simulated process or worker: virtual time, which passes from event to event
 * only. Each scope has a clock of its own, so that whatever waits in a crashed one waits for ever.
 */
import type { Clock, TimerHandle } from '../src/util/clock.ts'
import type { Random } from '../src/util/random.ts'
import type { Scheduler, Scope } from './scheduler.ts'

/** 2026-01-01, where every seed begins. */
const EPOCH_MS = 1_767_225_600_000
/** Coming back from a turn of the event loop takes up to this long. */
const YIELD_MS_MAX = 0.05

export class SimClock implements Clock {
  readonly scope: Scope
  /** How far the wall clock has been set; it may jump. */
  wallOffsetMs = 0
  readonly #scheduler: Scheduler
  readonly #random: Random

  constructor(scheduler: Scheduler, scope: Scope, random: Random) {
    this.#scheduler = scheduler
    this.scope = scope
    this.#random = random
  }

  now(): number {
    return EPOCH_MS + Math.floor(this.#scheduler.nowMs) + this.wallOffsetMs
  }

  monotonic(): number {
    return this.#scheduler.nowMs
  }

  setTimer(delayMs: number, action: () => void): TimerHandle {
    const event = this.#scheduler.schedule(this.scope, delayMs, 'timer', action)
    return { cancel: () => this.#scheduler.cancel(event) }
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const wake = (): void => {
        this.#scheduler.cancel(event)
        signal?.removeEventListener('abort', wake)
        resolve()
      }
      const event = this.#scheduler.schedule(this.scope, delayMs, 'sleep', wake)
      signal?.addEventListener('abort', wake)
    })
  }

  yield(): Promise<void> {
    const delayMs = this.#random.next() * YIELD_MS_MAX
    return new Promise((resolve) => {
      this.#scheduler.schedule(this.scope, delayMs, 'yield', resolve)
    })
  }
}
