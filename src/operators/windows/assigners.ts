/**
 * Which windows a record belongs to. Windows are aligned to the epoch and an offset by the formula
 * of Flink, also before 1970. Consecutive records mostly fall into the same windows, so each
 * assigner keeps the answer for the span of time in which it does not change.
 *
 * Two windows of an aligned assigner never have the same end: state is kept by it.
 */
import { MillraceError } from '../../errors.ts'
import { type Duration, parseDurationMs, parseSignedDurationMs } from '../../util/duration.ts'
import type { Timestamp } from '../functions.ts'
import { cumulativeSlices, type Slicing, slidingSlices, windowStart } from './slices.ts'
import { Window } from './window.ts'

/** More windows for one record than this are surely a mistake in a unit. */
const WINDOWS_PER_RECORD_MAX = 100_000

/** By which time records are put into windows: when they happened, or when they are processed. */
export type WindowTime = 'event' | 'processing'

/** Windows that are the same for all keys; `tumblingWindow` and its like make them. */
export interface WindowAssigner {
  readonly kind: 'tumbling' | 'sliding' | 'cumulative' | 'global'
  readonly time: WindowTime
  /** The windows of a moment, none twice. Engine only. */
  readonly assign: (timestamp: Timestamp) => readonly Window[]
  /** How its windows are cut into slices, if they overlap. Engine only. */
  readonly slicing?: Slicing
}

/** Windows that grow with the records of a key; `sessionWindow` makes them. */
export interface MergingWindowAssigner<T> {
  readonly kind: 'session'
  readonly time: WindowTime
  /** The window of a record alone. Engine only. */
  readonly assign: (value: T, timestamp: Timestamp) => Window
}

export interface WindowTimeOptions {
  /** Default: `'event'`. */
  readonly time?: WindowTime
}

export interface AlignedWindowOptions extends WindowTimeOptions {
  /** Moves the windows; with `'-8 h'` days begin at midnight in China. Default: 0. */
  readonly offset?: Duration
}

/**
 * Windows of one size, one after the other.
 *
 * @throws `JOB_GRAPH_INVALID` if the size is not positive or not larger than the offset.
 * @example
 * clicks.keyBy((click) => click.page).window(tumblingWindow('1 min')).count('views')
 */
export function tumblingWindow(size: Duration, options: AlignedWindowOptions = {}): WindowAssigner {
  const sizeMs = positive(size, 'tumblingWindow: size')
  const offsetMs = offsetOf(options, 'tumblingWindow', 'size', sizeMs)
  const answer = (timestamp: Timestamp): Answer => {
    const start = windowStart(timestamp, offsetMs, sizeMs)
    const window = new Window(start, start + sizeMs)
    return { windows: [window], from: start, before: window.end }
  }
  return aligned('tumbling', timeOf(options, 'tumblingWindow'), answer)
}

/**
 * Windows of one size, of which a new one begins each `slide`. A record is in several if the slide
 * is shorter than the size; if it is longer, some records are in none and leave no trace.
 *
 * @throws `JOB_GRAPH_INVALID` if a duration is not positive, or the slide not larger than the
 *   offset.
 */
export function slidingWindow(
  size: Duration,
  slide: Duration,
  options: AlignedWindowOptions = {},
): WindowAssigner {
  const sizeMs = positive(size, 'slidingWindow: size')
  const slideMs = positive(slide, 'slidingWindow: slide')
  const offsetMs = offsetOf(options, 'slidingWindow', 'slide', slideMs)
  limitCount('slidingWindow', sizeMs, slideMs)
  const slicing = slideMs < sizeMs ? slidingSlices(sizeMs, slideMs, offsetMs) : undefined
  const answer = (timestamp: Timestamp): Answer => {
    const newest = windowStart(timestamp, offsetMs, slideMs)
    const windows: Window[] = []
    let start = newest
    for (; start + sizeMs > timestamp; start -= slideMs) {
      windows.push(new Window(start, start + sizeMs))
    }
    // The answer changes when the next window begins, and when the oldest one ends.
    const oldestEnd = start + slideMs + sizeMs
    const before = Math.min(newest + slideMs, windows.length === 0 ? Infinity : oldestEnd)
    return { windows, from: Math.max(newest, start + sizeMs), before }
  }
  return aligned('sliding', timeOf(options, 'slidingWindow'), answer, slicing)
}

/**
 * Windows that begin together each `maxSize` and end one `step` after the other: the day so far,
 * each hour.
 *
 * @throws `JOB_GRAPH_INVALID` if a duration is not positive, `maxSize` not a multiple of `step`, or
 *   the step not larger than the offset.
 */
export function cumulativeWindow(
  maxSize: Duration,
  step: Duration,
  options: AlignedWindowOptions = {},
): WindowAssigner {
  const sizeMs = positive(maxSize, 'cumulativeWindow: maxSize')
  const stepMs = positive(step, 'cumulativeWindow: step')
  const offsetMs = offsetOf(options, 'cumulativeWindow', 'step', stepMs)
  limitCount('cumulativeWindow', sizeMs, stepMs)
  if (sizeMs % stepMs !== 0) {
    const problem = `maxSize (${sizeMs} ms) is no multiple of step (${stepMs} ms)`
    throw invalid(`cumulativeWindow: ${problem}`, 'choose a step that divides maxSize')
  }
  const answer = (timestamp: Timestamp): Answer => {
    const start = windowStart(timestamp, offsetMs, sizeMs)
    const from = windowStart(timestamp, offsetMs, stepMs)
    const windows: Window[] = []
    for (let end = from + stepMs; end <= start + sizeMs; end += stepMs) {
      windows.push(new Window(start, end))
    }
    return { windows, from, before: from + stepMs }
  }
  const slicing = cumulativeSlices(sizeMs, stepMs, offsetMs)
  return aligned('cumulative', timeOf(options, 'cumulativeWindow'), answer, slicing)
}

/** One window of all time; it needs a trigger, for it never ends. */
export function globalWindow(): WindowAssigner {
  const all = Object.freeze([new Window(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY)])
  return Object.freeze({ kind: 'global', time: 'event', assign: () => all })
}

/**
 * Windows that end when a key has been silent for `gap`: records less than a gap apart are in one,
 * a record exactly a gap after the last begins another. A record that comes late may join two.
 *
 * @param gap or a function that gives it for each record.
 * @throws `JOB_GRAPH_INVALID` if the gap is not positive.
 */
export function sessionWindow<T = unknown>(
  gap: Duration | ((value: T) => Duration),
  options: WindowTimeOptions = {},
): MergingWindowAssigner<T> {
  const time = timeOf(options, 'sessionWindow')
  if (typeof gap !== 'function') {
    const gapMs = positive(gap, 'sessionWindow: gap')
    const assign = (_value: T, timestamp: Timestamp) => new Window(timestamp, timestamp + gapMs)
    return Object.freeze({ kind: 'session', time, assign })
  }
  const assign = (value: T, timestamp: Timestamp) => {
    return new Window(timestamp, timestamp + positive(gap(value), 'sessionWindow: gap of a record'))
  }
  return Object.freeze({ kind: 'session', time, assign })
}

/** Windows, and the span of time for which they are the answer. */
interface Answer {
  readonly windows: readonly Window[]
  readonly from: Timestamp
  readonly before: Timestamp
}

function aligned(
  kind: WindowAssigner['kind'],
  time: WindowTime,
  answer: (timestamp: Timestamp) => Answer,
  slicing?: Slicing,
): WindowAssigner {
  let last: Answer = { windows: [], from: 0, before: 0 }
  return Object.freeze({
    kind,
    time,
    ...(slicing === undefined ? {} : { slicing }),
    assign(timestamp: Timestamp) {
      if (timestamp < last.from || timestamp >= last.before) last = answer(timestamp)
      return last.windows
    },
  })
}

function timeOf({ time = 'event' }: WindowTimeOptions, what: string): WindowTime {
  if (time === 'event' || time === 'processing') return time
  throw invalid(`${what}: time is "${String(time)}"`, "give 'event' or 'processing'")
}

function positive(duration: unknown, what: string): number {
  const durationMs = parseDurationMs(duration, what)
  if (durationMs > 0 && Number.isSafeInteger(durationMs)) return durationMs
  throw invalid(`${what} is ${durationMs} ms`, 'give whole milliseconds, more than 0')
}

function offsetOf(
  { offset = 0 }: AlignedWindowOptions,
  what: string,
  than: string,
  sizeMs: number,
): number {
  const offsetMs = parseSignedDurationMs(offset, `${what}: offset`)
  if (Math.abs(offsetMs) < sizeMs && Number.isSafeInteger(offsetMs)) return offsetMs
  const problem = `${what}: offset (${offsetMs} ms) is not smaller than ${than} (${sizeMs} ms)`
  throw invalid(problem, `give whole milliseconds, less than the ${than}`)
}

function limitCount(what: string, sizeMs: number, stepMs: number): void {
  if (sizeMs / stepMs <= WINDOWS_PER_RECORD_MAX) return
  const problem = `${what}: a record would be in ${Math.ceil(sizeMs / stepMs)} windows`
  throw invalid(problem, `at most ${WINDOWS_PER_RECORD_MAX} are possible; check the units`)
}

function invalid(message: string, cure: string): MillraceError {
  return new MillraceError('JOB_GRAPH_INVALID', message, { cure })
}
