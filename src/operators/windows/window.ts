/**
 * A window inside the engine: its bounds, when it is complete, and the name of its timers, from
 * which a fired timer finds its window again. Users see plain objects with the bounds.
 */
import { MillraceError } from '../../errors.ts'
import type { Timestamp } from '../functions.ts'
import type { TimeWindow } from './functions.ts'

export class Window implements TimeWindow {
  readonly start: Timestamp
  readonly end: Timestamp
  #timerName: string | undefined
  #shown: TimeWindow | undefined

  constructor(start: Timestamp, end: Timestamp) {
    this.start = start
    this.end = end
  }

  /** Throws `STORAGE_CORRUPT` for a name that no window has. */
  static fromTimerName(name: string): Window {
    const space = name.indexOf(' ')
    const [start, end] = [wholeOf(name, 0, space), wholeOf(name, space + 1, name.length)]
    if (start <= end) return new Window(start, end)
    const window = new Window(Number(name.slice(0, space)), Number(name.slice(space + 1)))
    if (window.timerName === name && window.start <= window.end) return window
    throw new MillraceError('STORAGE_CORRUPT', `a timer is called ${name}, which is no window`)
  }

  /** The last moment that belongs to it. */
  get maxTimestamp(): Timestamp {
    return this.end - 1
  }

  /** What users see: their own object, without what the engine keeps with it. */
  get shown(): TimeWindow {
    return (this.#shown ??= Object.freeze({ start: this.start, end: this.end }))
  }

  /** Its name in snapshots: `start end`. */
  get timerName(): string {
    return (this.#timerName ??= `${this.start} ${this.end}`)
  }
}

const MINUS = 45
const ZERO = 48
/** So many are exact. */
const DIGITS_MAX = 15

/** The whole number that a part of a text is, written as `String` writes it; NaN for all else. */
function wholeOf(text: string, from: number, to: number): number {
  const isBelow = text.charCodeAt(from) === MINUS
  const first = isBelow ? from + 1 : from
  const digits = to - first
  if (digits < 1 || digits > DIGITS_MAX) return Number.NaN
  if (text.charCodeAt(first) === ZERO && (isBelow || digits > 1)) return Number.NaN
  let whole = 0
  for (let at = first; at < to; at++) {
    const digit = text.charCodeAt(at) - ZERO
    if (digit < 0 || digit > 9) return Number.NaN
    whole = whole * 10 + digit
  }
  return isBelow ? -whole : whole
}

/** The last moment of a window: when the watermark reaches it, the window is complete. */
export function maxTimestampOf(window: TimeWindow): Timestamp {
  return window.end - 1
}
