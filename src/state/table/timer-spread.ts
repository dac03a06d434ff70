/**
 * When restored timers of processing time fire: at their time, or, if they were overdue when the
 * task looked at the clock first and their declaration says so, spread behind that moment by the
 * hash of their key.
 */
import { TIMER_RESTORED, type TimerSlots } from '../../time/timer-slots.ts'
import { murmurHash } from '../../util/hash.ts'
import type { TimerCodec } from './timer-codec.ts'

const HASH_RANGE = 2 ** 31

export class TimerSpread {
  readonly #codec: TimerCodec
  /** Timers were overdue up to here; undefined until the clock was looked at. */
  #until: number | undefined = Number.NEGATIVE_INFINITY

  constructor(codec: TimerCodec) {
    this.#codec = codec
  }

  /** Timers were restored, and the clock was not looked at since. */
  get isOpen(): boolean {
    return this.#until === undefined
  }

  restored(): void {
    if (this.#codec.hasSpread) this.#until = undefined
  }

  /** The first look at the clock. */
  close(now: number): void {
    this.#until = now
  }

  dueOf(slots: TimerSlots, slot: number): number {
    const [time, until] = [slots.timeOf(slot), this.#until]
    if (until === undefined || time > until) return time
    if ((slots.flagsOf(slot) & TIMER_RESTORED) === 0) return time
    const spreadMs = this.#codec.spreadMsOf(slots.names[slot] ?? '')
    if (spreadMs === 0) return time
    return until + Math.floor((murmurHash(slots.hashOf(slot)) / HASH_RANGE) * spreadMs)
  }

  reset(): void {
    this.#until = Number.NEGATIVE_INFINITY
  }
}
