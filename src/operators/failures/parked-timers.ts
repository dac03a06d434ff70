/**
 * The timers of an operator whose keys can be parked. While what a key has parked is tried again,
 * event time is for its functions what it was when the record came: a timer that is set for a time
 * which has passed since waits with the others of the key, and fires between its records.
 */
import type { KeyTimer } from '../../time/timers.ts'
import type { KeyedTimers, TimeDomain } from '../operator.ts'
import { keyOfTimer, type ParkedHandles, type ParkedTimerKey } from './parked-states.ts'

export class ParkedTimers implements KeyedTimers {
  /** Event time as it was, while a key is tried again. */
  replayed: number | undefined
  /** How far it had come when the last record came that waits. */
  reached = Number.NEGATIVE_INFINITY
  readonly #timers: KeyedTimers
  /** On the key that is tried again. */
  readonly #parked: ParkedHandles['timers']

  constructor(timers: KeyedTimers, parked: ParkedHandles['timers']) {
    this.#timers = timers
    this.#parked = parked
  }

  get currentWatermark(): number {
    return this.replayed ?? this.#timers.currentWatermark
  }

  get currentProcessingTime(): number {
    return this.#timers.currentProcessingTime
  }

  register(domain: TimeDomain, time: number, name: string, payload?: unknown): void {
    const at = this.replayed === undefined ? undefined : this.#find(domain, time, name)
    const reached = Math.max(this.reached, this.#timers.currentWatermark)
    const hasPassed = domain === 'event-time' && time <= reached
    if (at === undefined && (this.replayed === undefined || !hasPassed)) {
      return this.#timers.register(domain, time, name, payload)
    }
    // One that was due when the key was parked may not have come yet: this one takes its place.
    if (at === undefined) this.#timers.delete(domain, time, name)
    const key = at ?? keyOfTimer({ domain, time, name }, this.replayed ?? time)
    this.#parked.set(key, payload === undefined ? {} : { payload })
  }

  delete(domain: TimeDomain, time: number, name: string): void {
    const at = this.replayed === undefined ? undefined : this.#find(domain, time, name)
    if (at !== undefined) this.#parked.delete(at)
    this.#timers.delete(domain, time, name)
  }

  list(domain: TimeDomain, name: string): readonly KeyTimer[] {
    const own = this.#timers.list(domain, name)
    if (this.replayed === undefined) return own
    const parked: KeyTimer[] = []
    for (const [[, of, time, called], { payload }] of this.#parked.entries()) {
      if (of === domain && called === name) parked.push({ time, payload })
    }
    return [...parked, ...own].toSorted((a, b) => a.time - b.time)
  }

  #find(domain: TimeDomain, time: number, name: string): ParkedTimerKey | undefined {
    if (domain === 'event-time') {
      const key = keyOfTimer({ domain, time, name }, time)
      return this.#parked.has(key) ? key : undefined
    }
    for (const [key] of this.#parked.entries()) {
      if (key[1] === domain && key[2] === time && key[3] === name) return key
    }
    return undefined
  }
}
