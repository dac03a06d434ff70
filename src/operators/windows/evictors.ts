/**
 * Which values of a window stay when it fires. With an evictor a window keeps all its values, each
 * with its timestamp, whatever function is over them: they cannot be taken out of a sum.
 */
import { MillraceError } from '../../errors.ts'
import { type Duration, parseDurationMs } from '../../util/duration.ts'
import type { Timestamp } from '../functions.ts'
import type { TimeWindow } from './functions.ts'

/** A value in a window, in order of arrival. */
export interface WindowElement<T> {
  readonly value: T
  /** Absent if the record has none. */
  readonly timestamp: Timestamp | undefined
}

export interface EvictorContext {
  readonly window: TimeWindow
  readonly currentWatermark: Timestamp
  readonly currentProcessingTime: Timestamp
}

/** Gives those of the elements that stay in the window, in their order. */
export type Eviction<T> = (
  elements: readonly WindowElement<T>[],
  context: EvictorContext,
) => readonly WindowElement<unknown>[]

/** An evictor; write your own as an object of this type. */
export interface Evictor<T = unknown> {
  /** Called before the function: it sees only what stays. If nothing does, nothing fires. */
  readonly before?: Eviction<T>
  /** Called after the function. */
  readonly after?: Eviction<T>
}

export interface EvictorOptions {
  /** Whether values go before or after the function has seen them. Default: `'before'`. */
  readonly when?: 'before' | 'after'
}

/** Keeps the last `n` values. */
export function countEvictor(n: number, options: EvictorOptions = {}): Evictor {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw invalid(`countEvictor: ${String(n)} is no number of values`, 'give a whole number from 1')
  }
  return evictor('countEvictor', options, (elements) => elements.slice(-n))
}

/**
 * Keeps what is newer than `age` before the newest value. Values without timestamps all stay.
 */
export function timeEvictor(age: Duration, options: EvictorOptions = {}): Evictor {
  const ageMs = parseDurationMs(age, 'timeEvictor: age')
  return evictor('timeEvictor', options, (elements) => {
    let newest = -Infinity
    for (const { timestamp } of elements) {
      if (timestamp === undefined) return elements
      newest = Math.max(newest, timestamp)
    }
    return elements.filter(({ timestamp = newest }) => timestamp > newest - ageMs)
  })
}

/** Keeps what is less than `threshold` away from the last value, as `delta` measures it. */
export function deltaEvictor<T>(
  threshold: number,
  delta: (value: T, last: T) => number,
  options: EvictorOptions = {},
): Evictor<T> {
  if (typeof delta !== 'function' || !(threshold >= 0)) {
    throw invalid('deltaEvictor needs a threshold and a function', 'deltaEvictor(3, distance)')
  }
  return evictor<T>('deltaEvictor', options, (elements) => {
    const last = elements.at(-1)
    if (last === undefined) return elements
    return elements.filter(({ value }) => !(delta(value, last.value) >= threshold))
  })
}

function evictor<T>(
  what: string,
  { when = 'before' }: EvictorOptions,
  keep: Eviction<T>,
): Evictor<T> {
  if (when === 'before') return Object.freeze({ before: keep })
  if (when === 'after') return Object.freeze({ after: keep })
  throw invalid(`${what}: when is "${String(when)}"`, "give 'before' or 'after'")
}

function invalid(message: string, cure: string): MillraceError {
  return new MillraceError('JOB_GRAPH_INVALID', message, { cure })
}
