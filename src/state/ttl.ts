/**
 * Time-to-live of state, as it is declared. What is stored is the time of the last touch, never a
 * deadline; so it may be switched on, off and changed for state that exists.
 */
import { MillraceError } from '../errors.ts'
import type { TimerDomain } from '../time/timers.ts'
import type { Type } from '../types/type.ts'
import { type Duration, parseDurationMs } from '../util/duration.ts'

/** What `onExpire` learns of an entry besides its value. It is valid only during the call. */
export interface ExpiryContext {
  /** The key that the state belongs to. */
  readonly key: unknown
  /** The entry's own key, of a map or sorted map. */
  readonly mapKey: unknown
  /** The last touch; undefined if it was before time-to-live was declared. */
  readonly lastTouch: number | undefined
  /** When it expired. */
  readonly expiredAt: number
  /** Emits to a side output of the function; in event time with `expiredAt` as timestamp. */
  readonly output: <X>(tag: { readonly name: string; readonly type: Type<X> }, value: X) => void
}

/** How long state lives after its last touch. `T` is what `onExpire` gets. */
export interface StateTtl<T = unknown> {
  /** Above 0. */
  readonly after: Duration
  /** What counts as a touch. Default: `'on-create-and-write'`. */
  readonly update?: 'on-create-and-write' | 'on-read-and-write'
  /** Whether reads may still give what has expired but is not freed. Default: never. */
  readonly visibility?: 'never-return-expired' | 'return-if-not-cleaned-up'
  /** Default: `'processing-time'`. Event time is the watermark of the operator. */
  readonly time?: TimerDomain
  /**
   * Called exactly once for each entry that expires, by its task. Not for what is cleared,
   * overwritten or taken out before it has expired.
   */
  readonly onExpire?: (value: T, ctx: ExpiryContext) => void
}

export interface StateOptions<T = unknown> {
  /** How long what is not touched is kept; for ever if left out. */
  readonly ttl?: Duration | StateTtl<T>
}

/** The same, resolved. */
export interface TimeToLive {
  readonly afterMs: number
  readonly renewsOnRead: boolean
  readonly returnsExpired: boolean
  readonly domain: TimerDomain
  readonly onExpire: ((value: unknown, ctx: ExpiryContext) => void) | undefined
}

const UPDATES: readonly unknown[] = [undefined, 'on-create-and-write', 'on-read-and-write']
const VISIBILITIES: readonly unknown[] = [
  undefined,
  'never-return-expired',
  'return-if-not-cleaned-up',
]
const DOMAINS: readonly unknown[] = [undefined, 'processing-time', 'event-time']

/**
 * The part of a descriptor that says how long its state lives.
 *
 * @throws `CONFIG_INVALID` for a time to live that is none, or 0, or an option that is unknown.
 */
export function ttlOf<T>(what: string, options?: StateOptions<T>): { readonly ttl?: TimeToLive } {
  const declared = options?.ttl
  if (declared === undefined) return {}
  const {
    after,
    update,
    visibility,
    time = 'processing-time',
    onExpire,
  }: StateTtl<T> = typeof declared === 'object' ? declared : { after: declared }
  const afterMs = parseDurationMs(after, `${what}: ttl`)
  if (afterMs < 1) throw refused(`${what}: a ttl of ${afterMs} ms keeps nothing`)
  if (!UPDATES.includes(update)) throw refused(`${what}: ttl.update is "${update}"`)
  if (!VISIBILITIES.includes(visibility))
    throw refused(`${what}: ttl.visibility is "${visibility}"`)
  if (!DOMAINS.includes(time)) throw refused(`${what}: ttl.time is "${time}"`)
  if (onExpire !== undefined && typeof onExpire !== 'function') {
    throw refused(`${what}: ttl.onExpire is no function`)
  }
  const ttl = Object.freeze<TimeToLive>({
    afterMs: Math.floor(afterMs),
    renewsOnRead: update === 'on-read-and-write',
    returnsExpired: visibility === 'return-if-not-cleaned-up',
    domain: time,
    // Values are untyped in the backend; the factory that takes the options fixes their type.
    onExpire: onExpire as TimeToLive['onExpire'],
  })
  return { ttl }
}

function refused(message: string): MillraceError {
  const cure = 'see the guide to state for what a ttl may be'
  return new MillraceError('CONFIG_INVALID', message, { cure })
}
