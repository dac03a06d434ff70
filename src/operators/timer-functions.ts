/** What functions see of timers: the service, handles of declared ones, and the one that fires. */
import type { PayloadOf, TimerDescriptor } from '../time/descriptors.ts'
import type { TimeDomain } from './operator.ts'

/** Milliseconds since 1970-01-01 UTC. */
type Timestamp = number

/** Timers of the current key: one per key, kind, time and name; setting one again does nothing. */
export interface TimerService {
  /** No record older than this is expected; −∞ before the first watermark. */
  readonly currentWatermark: Timestamp
  /** The time of day as this batch of records sees it. */
  readonly currentProcessingTime: Timestamp
  registerEventTimeTimer(timestamp: Timestamp, name?: string): void
  registerProcessingTimeTimer(timestamp: Timestamp, name?: string): void
  deleteEventTimeTimer(timestamp: Timestamp, name?: string): void
  deleteProcessingTimeTimer(timestamp: Timestamp, name?: string): void
}

/** A timer of the current key as `list` shows it. */
export interface ListedTimer<P> {
  readonly at: Timestamp
  readonly payload: P
}

/** The timers of the current key that are declared by one name. There is one for each time. */
export interface NamedTimer<P> {
  /**
   * Sets a timer. At a time that has come already it fires next. Setting one at the same time again
   * replaces its payload.
   *
   * @throws `TYPE_MISMATCH` if `at` is no number or the payload does not fit its type.
   */
  set(
    ...timer: undefined extends P ? [at: Timestamp, payload?: P] : [at: Timestamp, payload: P]
  ): void
  /** Deletes the timer that was set for this time; a missing one is no error. */
  delete(at: Timestamp): void
  /** Those that are set, earliest first. */
  list(): readonly ListedTimer<P>[]
  /** Deletes all of them. */
  clear(): void
}

/** The type of `ctx.timers`: the service, and a handle for each declared timer. */
export type TimersOf<T> = TimerService & {
  readonly [N in keyof T]: NamedTimer<PayloadOf<T[N]>>
}

type DomainOf<X> = X extends TimerDescriptor<infer _P, infer D> ? D : never

/** A timer that was set through the service. */
interface UndeclaredTimer<N extends string> {
  readonly timeDomain: TimeDomain
  /** The name it was registered by; empty if none was given. */
  readonly timerName: N
  readonly payload: undefined
}

/**
 * What `onTimer` is told of the timer. Once `timerName` is compared with a declared name, clock and
 * payload have their types.
 */
export type FiredTimer<T> = keyof T extends never
  ? UndeclaredTimer<string>
  : | UndeclaredTimer<''>
    | {
        readonly [N in keyof T & string]: {
          readonly timeDomain: DomainOf<T[N]>
          readonly timerName: N
          readonly payload: PayloadOf<T[N]>
        }
      }[keyof T & string]
