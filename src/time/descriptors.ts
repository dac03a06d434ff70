/**
 * Declarations of named timers, written beside the function that uses them. From one object come
 * the handles in `ctx.timers`, the type of the payload by the timer's name, and what snapshots say
 * of payloads.
 */
import { MillraceError } from '../errors.ts'
import type { Type } from '../types/type.ts'
import { type Duration, parseDurationMs } from '../util/duration.ts'
import type { TimerDomain } from './timers.ts'

declare const payloadOf: unique symbol

/** A declared timer; `P` is what it carries. */
export interface TimerDescriptor<P = unknown, D extends TimerDomain = TimerDomain> {
  readonly [payloadOf]?: P
  readonly domain: D
  /** Type of the payload; undefined for timers without. */
  readonly payload: Type<unknown> | undefined
  /** Times are rounded up to a multiple of it; 0 for as they are. */
  readonly coalesceMs: number
  /** Over how long timers that are overdue at a restore are spread. */
  readonly spreadMs: number
}

export type TimerSchema = Readonly<Record<string, TimerDescriptor>>
/** What a declared timer carries; undefined if nothing. */
export type PayloadOf<X> = X extends TimerDescriptor<infer P> ? P : never

export interface EventTimerOptions {
  /**
   * Rounds times up to a multiple of it, so that timers that are set again and again for nearly the
   * same moment are one. Default: times are kept as they are.
   */
  readonly coalesce?: Duration
}
export interface ProcessingTimerOptions extends EventTimerOptions {
  /**
   * Timers that are overdue after a restore fire spread over so long, by the hash of their key,
   * instead of all at once.
   */
  readonly spread?: Duration
}

/**
 * Declares a timer that fires when the watermark has come to its time.
 *
 * @param payload type of what `set` takes and `onTimer` finds in `ctx.payload`; left out: nothing.
 * @throws `CONFIG_INVALID` if an option is no duration.
 * @example
 * timers: { close: eventTimer(t.struct({ reason: t.string }), { coalesce: '1 s' }) }
 */
export function eventTimer(options?: EventTimerOptions): TimerDescriptor<undefined, 'event-time'>
export function eventTimer<P>(
  payload: Type<P>,
  options?: EventTimerOptions,
): TimerDescriptor<P, 'event-time'>
export function eventTimer<P>(
  first?: Type<P> | EventTimerOptions,
  second?: EventTimerOptions,
): TimerDescriptor<P, 'event-time'> {
  return described('event-time', first, second)
}

/**
 * Declares a timer that fires when the time of day has come to its time.
 *
 * @param payload as that of `eventTimer`.
 * @throws `CONFIG_INVALID` if an option is no duration.
 * @example
 * timers: { retry: processingTimer({ spread: '30 s' }) }
 */
export function processingTimer(
  options?: ProcessingTimerOptions,
): TimerDescriptor<undefined, 'processing-time'>
export function processingTimer<P>(
  payload: Type<P>,
  options?: ProcessingTimerOptions,
): TimerDescriptor<P, 'processing-time'>
export function processingTimer<P>(
  first?: Type<P> | ProcessingTimerOptions,
  second?: ProcessingTimerOptions,
): TimerDescriptor<P, 'processing-time'> {
  return described('processing-time', first, second)
}

function described<P, D extends TimerDomain>(
  domain: D,
  first: Type<P> | ProcessingTimerOptions | undefined,
  second: ProcessingTimerOptions | undefined,
): TimerDescriptor<P, D> {
  const isType = first !== undefined && 'schema' in first
  const { coalesce, spread } = (isType ? second : first) ?? {}
  const factory = domain === 'event-time' ? 'eventTimer' : 'processingTimer'
  return Object.freeze({
    domain,
    payload: isType ? first : undefined, // the factories fix the type that is unknown here
    coalesceMs: positiveMs(coalesce, `${factory}(): coalesce`),
    spreadMs: positiveMs(spread, `${factory}(): spread`),
  })
}

/** 0 if it is left out. */
function positiveMs(value: Duration | undefined, what: string): number {
  if (value === undefined) return 0
  const ms = parseDurationMs(value, what)
  if (ms > 0) return ms
  throw new MillraceError('CONFIG_INVALID', `${what}: must be longer than nothing`, {
    cure: 'leave it out, or write a duration such as "1 s"',
  })
}

/** A time rounded up as its timer says. */
export function coalesced(time: number, { coalesceMs }: TimerDescriptor): number {
  if (coalesceMs === 0 || !Number.isFinite(time)) return time
  return Math.ceil(time / coalesceMs) * coalesceMs
}
