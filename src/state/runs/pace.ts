/**
 * Background work beside the record loop of the same thread: it works for at most `budgetMs`, then
 * lets the others go on. Reading the clock costs more than an entry, so only every so many units.
 */

/** How long background work may hold the thread, and how it gives way. */
export interface Slice {
  /** Milliseconds from an arbitrary start, as `Clock.monotonic`. */
  monotonic(): number
  readonly budgetMs: number
  /** Resolves after the thread's other work had a turn. */
  yield(): Promise<void>
  /**
   * True if the others had nothing to do for some of the time lately: their work comes at a pace of
   * its own, and they can catch up with it. Those who never do get through no sooner for waiting.
   */
  hasTimeToSpare?(): boolean
}

const UNITS_PER_LOOK = 32
/** Of a slice, while others catch up: they then have four fifths of the time, or all they need. */
const SHORT_SHARE = 1 / 4
/** In a turn that takes less of a slice than this the others had next to nothing to do. */
const BUSY_SHARE = 1 / 16

export class Pacer {
  readonly #slice: Slice
  #endsAt: number
  #units = 0

  constructor(slice: Slice) {
    this.#slice = slice
    this.#endsAt = slice.monotonic() + slice.budgetMs
  }

  /** After each unit of work; a promise, to be awaited, if the slice is over. */
  worked(): Promise<void> | undefined {
    return (++this.#units & (UNITS_PER_LOOK - 1)) === 0 ? this.look() : undefined
  }

  /** As `worked`, for a unit so large that the clock is always worth a look. */
  look(): Promise<void> | undefined {
    return this.#slice.monotonic() < this.#endsAt ? undefined : this.#giveWay()
  }

  async #giveWay(): Promise<void> {
    const { budgetMs } = this.#slice
    const gaveWayAt = this.#slice.monotonic()
    await this.#slice.yield()
    const now = this.#slice.monotonic()
    const othersMs = now - gaveWayAt
    // Who has much to do gets as long as this: slices longer than their turns would starve them.
    const isBusy = othersMs > budgetMs * BUSY_SHARE
    this.#endsAt = now + (isBusy ? this.#besides(othersMs) : budgetMs)
  }

  #besides(othersMs: number): number {
    const { budgetMs } = this.#slice
    const shortMs = budgetMs * SHORT_SHARE
    if (this.#slice.hasTimeToSpare?.() === true) return shortMs
    return Math.min(budgetMs, Math.max(othersMs, shortMs))
  }
}
