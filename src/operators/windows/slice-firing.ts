/**
 * What firing slices means at one time. It is the same for all keys whose timers are due then, and
 * the remainders of large numbers that it takes are dear: it is worked out for the first of them.
 */
import type { Timestamp } from '../functions.ts'
import type { Chunk } from './slice-contents.ts'
import type { Slicing } from './slices.ts'
import { Window } from './window.ts'

export class SliceFiring {
  /** The window that ends; undefined if none does. */
  window: Window | undefined
  readonly #slicing: Slicing
  readonly #latenessMs: number
  #time = Number.NaN
  /** End of the window that comes next, whoever holds something in it. */
  #earliest = 0
  /** The slice looked at last, and the end of the next window that holds it. */
  #sliceEnd = Number.NaN
  #nextOfSlice = 0
  /** Chunks that end by now are over, from then on they are kept; in between nobody has asked. */
  #overTo = -Infinity
  #keptFrom = Infinity

  constructor(slicing: Slicing, latenessMs: number) {
    this.#slicing = slicing
    this.#latenessMs = latenessMs
  }

  moveTo(time: Timestamp): void {
    if (time === this.#time) return
    const slicing = this.#slicing
    const end = time + 1
    this.#time = time
    this.window = slicing.isWindowEnd(end) ? new Window(slicing.windowStart(end), end) : undefined
    this.#earliest = slicing.windowAfter(end)
    this.#sliceEnd = Number.NaN
    this.#overTo = -Infinity
    this.#keptFrom = Infinity
  }

  /** End of the next window that holds any of these slices; +∞ if there is none. */
  nextWindow(chunks: readonly Chunk[]): Timestamp {
    let next = Infinity
    // The newest slices are in the most windows that are still to come.
    for (let index = chunks.length - 1; index >= 0; index--) {
      const chunk = chunks[index] as Chunk // within the list
      for (let at = chunk.length - 2; at >= 0; at -= 2) {
        next = Math.min(next, this.#nextOf(chunk[at] as Timestamp)) // at even places are ends
        if (next === this.#earliest) return next
      }
    }
    return next
  }

  /** When the slices of a chunk, or one of them, are no longer needed. */
  cleanupTime(sliceEnd: Timestamp): Timestamp {
    return this.#slicing.lastWindow(sliceEnd) - 1 + this.#latenessMs
  }

  /** True of a chunk that nothing needs any more. */
  isOver(chunkEnd: Timestamp): boolean {
    if (chunkEnd <= this.#overTo) return true
    if (chunkEnd >= this.#keptFrom) return false
    const isOver = this.cleanupTime(chunkEnd) <= this.#time
    if (isOver) this.#overTo = chunkEnd
    else this.#keptFrom = chunkEnd
    return isOver
  }

  #nextOf(sliceEnd: Timestamp): Timestamp {
    if (sliceEnd !== this.#sliceEnd) {
      this.#sliceEnd = sliceEnd
      this.#nextOfSlice = this.#slicing.nextWindow(sliceEnd, this.#time + 1)
    }
    return this.#nextOfSlice
  }
}
