/** The vocabulary of timers: two clocks, and what is told of a timer that is due. */

export type TimerDomain = 'event-time' | 'processing-time'

/** Both, by the numbers that stand for them in the keys of entries. */
export const TIMER_DOMAINS: readonly TimerDomain[] = ['event-time', 'processing-time']

/** Gets a due timer; `key` is not selected yet. */
export type TimerListener = (
  domain: TimerDomain,
  key: unknown,
  routeHash: number,
  time: number,
  name: string,
  payload: unknown,
) => void

/** A timer of the current key. */
export interface KeyTimer {
  readonly time: number
  /** Undefined for timers that are declared without one, or not at all. */
  readonly payload: unknown
}

/** A timer that is set, of whatever key. */
export interface PendingTimer extends KeyTimer {
  readonly domain: TimerDomain
  readonly key: unknown
  readonly routeHash: number
  readonly name: string
}
