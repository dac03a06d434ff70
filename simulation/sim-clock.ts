/**
 * The clock of one simulated process or worker: virtual time, which passes from event to event
 * only. Each scope has a clock of its own, so that whatever waits in a crashed one waits for ever.
 */
import type { Clock, TimerHandle } from '../src/util/clock.ts'
import type { Random } from '../src/util/random.ts'
import type { Scheduler, Scope } from './scheduler.ts'
import type { TimeScale } from './time-scale.ts'

/** 2026-01-01, where every seed begins. */
const EPOCH_MS = 1_767_225_600_000
const YIELD_MS_MAX = 0.05

/** What the processes of one machine read time from: it may be set, go wrong, and ring late. */
export interface ClockFace {
  /** How far the wall clock has been set; it may jump. */
  offsetMs: number
  /** Milliseconds that it shows in one of true time. */
  readonly rate: number
  /** How much later than due the next timer rings. */
  lateMs(): number
}

export function rightFace(): ClockFace {
  return { offsetMs: 0, rate: 1, lateMs: () => 0 }
}

/** A timer of a clock that goes fast or slow is never early by an error of rounding. */
const ROUNDING_MS = 1e-6

export class SimClock implements Clock {
  readonly scope: Scope
  /** Coming back from a turn of the event loop takes up to this long: longer where much goes on. */
  yieldMsMax = YIELD_MS_MAX
  readonly #face: ClockFace
  readonly #scheduler: Scheduler
  readonly #random: Random

  constructor(scheduler: Scheduler, scope: Scope, random: Random, face: ClockFace = rightFace()) {
    this.#scheduler = scheduler
    this.scope = scope
    this.#random = random
    this.#face = face
  }

  /** How long things last in this seed. */
  get scale(): TimeScale {
    return this.#scheduler.scale
  }

  now(): number {
    return EPOCH_MS + Math.floor(this.monotonic()) + this.#face.offsetMs
  }

  monotonic(): number {
    return this.#scheduler.nowMs * this.#face.rate
  }

  setTimer(delayMs: number, action: () => void): TimerHandle {
    const event = this.#scheduler.schedule(this.scope, this.#trueMs(delayMs), 'timer', action)
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
      const event = this.#scheduler.schedule(this.scope, this.#trueMs(delayMs), 'sleep', wake)
      if (signal === undefined) return
      signal.addEventListener('abort', wake)
      // Node keeps signals with listeners that depend on others, and with them all of this world.
      event.forget = () => signal.removeEventListener('abort', wake)
    })
  }

  yield(): Promise<void> {
    const delayMs = this.#random.next() * this.yieldMsMax
    return new Promise((resolve) => {
      this.#scheduler.schedule(this.scope, delayMs, 'yield', resolve)
    })
  }

  /** How long a timer of this clock really takes. */
  #trueMs(delayMs: number): number {
    const { rate } = this.#face
    return (rate === 1 ? delayMs : delayMs / rate + ROUNDING_MS) + this.#face.lateMs()
  }
}
