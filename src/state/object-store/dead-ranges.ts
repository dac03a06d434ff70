/**
 * Ranges of keys that were deleted, each with the moment of it: what was written before is dead
 * there. They do not overlap: a later one takes the place of what it covers of earlier ones, since
 * whatever those have deleted is older than it, too.
 */
import type { Buffer } from 'node:buffer'
import { compareBytes } from '../runs/entry.ts'
import { lastAtMost } from '../runs/search.ts'

export interface DeadRange {
  readonly lower: Buffer
  /** Exclusive. */
  readonly upper: Buffer
  readonly moment: number
}

export class DeadRanges {
  /** In order of keys. */
  #ranges: DeadRange[] = []

  get count(): number {
    return this.#ranges.length
  }

  /** `moment` is later than that of every other one. */
  add({ lower, upper, moment }: DeadRange): void {
    if (compareBytes(lower, upper) >= 0) return
    const first = this.#firstEndingAfter(lower)
    let end = first
    const within: DeadRange[] = []
    for (let range = this.#ranges[end]; range !== undefined; range = this.#ranges[++end]) {
      if (compareBytes(range.lower, upper) >= 0) break
      within.push(range)
    }
    const [left, right] = [within[0], within.at(-1)]
    const parts: DeadRange[] = []
    if (left !== undefined && compareBytes(left.lower, lower) < 0) {
      parts.push({ ...left, upper: lower })
    }
    parts.push({ lower, upper, moment })
    if (right !== undefined && compareBytes(right.upper, upper) > 0) {
      parts.push({ ...right, lower: upper })
    }
    this.#ranges.splice(first, within.length, ...parts)
  }

  /** True if what was written of a key up to a moment was deleted after it. */
  has(key: Uint8Array, writtenAt: number): boolean {
    const range = this.#ranges[this.#lastFrom(key)]
    if (range === undefined || range.moment <= writtenAt) return false
    return compareBytes(key, range.upper) < 0
  }

  /** The same of all keys from one to another, that one included. */
  hasAll(first: Uint8Array, last: Uint8Array, writtenAt: number): boolean {
    const range = this.#ranges[this.#lastFrom(first)]
    if (range === undefined || range.moment <= writtenAt) return false
    return compareBytes(last, range.upper) < 0
  }

  retain(isNeeded: (range: DeadRange) => boolean): void {
    this.#ranges = this.#ranges.filter(isNeeded)
  }

  #lastFrom(key: Uint8Array): number {
    const ranges = this.#ranges
    // The index is below the count.
    return lastAtMost(ranges.length, (at) => compareBytes((ranges[at] as DeadRange).lower, key))
  }

  #firstEndingAfter(key: Uint8Array): number {
    const before = this.#lastFrom(key)
    const range = this.#ranges[before]
    return range !== undefined && compareBytes(range.upper, key) > 0 ? before : before + 1
  }
}
