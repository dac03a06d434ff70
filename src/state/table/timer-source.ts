/** What timers in memory ask of the store below, if there is one. */
import type { KeyTimer } from '../../time/timers.ts'
import type { ColdTimer } from './timer-codec.ts'

/** Clocks are their numbers, groups count from the table's first; see `timers-below.ts`. */
export interface TimerSource {
  /** Memory has no room for more: what is restored goes below at once. */
  readonly isFull: boolean
  restore(domain: number, timer: ColdTimer, payload: Uint8Array): void
  /** True if a timer of the group may lie below. */
  mayHold(domain: number, group: number, time: number, hash: number): boolean
  /** True if some timer below may come before, or be, a timer in memory. */
  comesBefore(domain: number, time: number, hash: number): boolean
  /**
   * Before the timers of a group are listed, of all groups if it is left out: what lies below
   * without being in order by key comes nearer.
   */
  gather?(domain: number, group?: number): void
  /** Brings the first slice into memory. */
  refill(domain: number): void
  /** What lies below of the timers of a key by a declared name; memory may know better. */
  named(domain: number, key: unknown, routeHash: number, name: string): Iterable<KeyTimer>
  /** Everything below; memory may know better. */
  pending(domain: number): Iterable<ColdTimer & KeyTimer>
  /** A timer that was deleted is about to be forgotten. */
  discard(domain: number, slot: number, group: number): void
  /** Writes out what was discarded. */
  flush(): void
}
