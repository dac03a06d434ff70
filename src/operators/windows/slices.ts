/**
 * How overlapping windows are cut into slices, so that a record is folded into one slice instead
 * of into each of its windows. Slices end wherever a window begins or ends, so every window is a
 * number of whole ones. A slice is known by its end, a window too.
 */
import type { Timestamp } from '../functions.ts'

/** Slices of up to so many slides lie in one entry of state. */
const CHUNK_SLIDES_MAX = 16
/** Windows of up to so many slides lie in one or two entries: a walk through more costs more. */
const WINDOW_SLIDES_FEW = 8
/** Of others an entry holds this part, so that little is kept for longer than needed. */
const CHUNKS_PER_WINDOW = 4

/** The slices of an assigner; all in milliseconds, all ends exclusive. */
export interface Slicing {
  /** Where the slice of a record begins and ends. */
  startOf(timestamp: Timestamp): Timestamp
  endOf(timestamp: Timestamp): Timestamp
  /** End of the entry of state that holds a slice: the same for neighbours. */
  chunkOf(sliceEnd: Timestamp): Timestamp
  /** End of the last window that holds a slice. */
  lastWindow(sliceEnd: Timestamp): Timestamp
  /** End of the first window that holds a slice and ends after `after`; +∞ if there is none. */
  nextWindow(sliceEnd: Timestamp, after: Timestamp): Timestamp
  /** End of the first of all windows that end after this. */
  windowAfter(time: Timestamp): Timestamp
  /** True if a window ends here. */
  isWindowEnd(time: Timestamp): boolean
  /** Where the window begins that ends at `end`. */
  windowStart(end: Timestamp): Timestamp
}

/** Where the span of this size begins in which `timestamp` lies: whole milliseconds, exactly. */
export function windowStart(timestamp: Timestamp, offsetMs: number, sizeMs: number): Timestamp {
  const whole = Math.floor(timestamp) // with a fraction the difference below would be rounded
  const remainder = (whole - offsetMs) % sizeMs
  return whole - (remainder < 0 ? remainder + sizeMs : remainder) + 0 // −0 is 0
}

/** The slices of sliding windows; the slide must be shorter than the size. */
export function slidingSlices(sizeMs: number, slideMs: number, offsetMs: number): Slicing {
  // Windows end this long after the beginning of a slide: another edge, if it is not 0.
  const cutMs = sizeMs % slideMs
  const startOf = (timestamp: Timestamp): Timestamp => {
    const start = windowStart(timestamp, offsetMs, slideMs)
    return timestamp < start + cutMs ? start : start + cutMs
  }
  return Object.freeze<Slicing>({
    startOf,
    endOf(timestamp) {
      const start = windowStart(timestamp, offsetMs, slideMs)
      return timestamp < start + cutMs ? start + cutMs : start + slideMs
    },
    chunkOf: chunks(sizeMs, slideMs, offsetMs),
    lastWindow: (sliceEnd) => windowStart(sliceEnd - 1, offsetMs, slideMs) + sizeMs,
    nextWindow(sliceEnd, after) {
      const later = Math.max(sliceEnd - 1, after)
      const end = windowStart(later, offsetMs + cutMs, slideMs) + slideMs
      return end <= windowStart(sliceEnd - 1, offsetMs, slideMs) + sizeMs ? end : Infinity
    },
    windowAfter: (time) => windowStart(time, offsetMs + cutMs, slideMs) + slideMs,
    isWindowEnd: (time) => windowStart(time, offsetMs + cutMs, slideMs) === time,
    windowStart: (end) => end - sizeMs,
  })
}

/** The slices of cumulative windows: their steps. */
export function cumulativeSlices(sizeMs: number, stepMs: number, offsetMs: number): Slicing {
  const lastWindow = (sliceEnd: Timestamp): Timestamp =>
    windowStart(sliceEnd - 1, offsetMs, sizeMs) + sizeMs
  return Object.freeze<Slicing>({
    startOf: (timestamp) => windowStart(timestamp, offsetMs, stepMs),
    endOf: (timestamp) => windowStart(timestamp, offsetMs, stepMs) + stepMs,
    chunkOf: chunks(sizeMs, stepMs, offsetMs),
    lastWindow,
    nextWindow(sliceEnd, after) {
      const end = windowStart(Math.max(sliceEnd - 1, after), offsetMs, stepMs) + stepMs
      return end <= lastWindow(sliceEnd) ? end : Infinity
    },
    windowAfter: (time) => windowStart(time, offsetMs, stepMs) + stepMs,
    isWindowEnd: (time) => windowStart(time, offsetMs, stepMs) === time,
    windowStart: (end) => windowStart(end - 1, offsetMs, sizeMs),
  })
}

function chunks(sizeMs: number, slideMs: number, offsetMs: number): Slicing['chunkOf'] {
  const slides = Math.floor(sizeMs / slideMs)
  const few = Math.min(slides, WINDOW_SLIDES_FEW)
  const part = Math.floor(slides / CHUNKS_PER_WINDOW)
  const chunkMs = slideMs * Math.min(Math.max(few, part), CHUNK_SLIDES_MAX)
  return (sliceEnd) => windowStart(sliceEnd - 1, offsetMs, chunkMs) + chunkMs
}
