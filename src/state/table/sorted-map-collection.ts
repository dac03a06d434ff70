/**
 * The sorted map of one row: a map whose entries can be walked in the order of their keys, between
 * two cuts, either way, a few at a time from below.
 */
import { compareKeys } from '../../types/keys-order.ts'
import type { ColdEntry, CollectionHost } from './collection.ts'
import type { Item, ItemRow } from './item.ts'
import type { KeyCut } from './key-cut.ts'
import type { CollectionState } from './layout.ts'
import { afterBytes, itemBelow, MapCollection } from './map-collection.ts'
import { SortedItemIndex } from './sorted-items.ts'

/** Of what lies below, so many entries are read first; then twice as many each time. */
const PAGE_FIRST = 8
const PAGE_MAX = 256

export interface KeyRange {
  readonly lower: KeyCut | undefined
  readonly upper: KeyCut | undefined
  readonly isDown: boolean
}

export class SortedMapCollection extends MapCollection {
  readonly #sorted: SortedItemIndex['sorted']

  constructor(host: CollectionHost, row: ItemRow, state: CollectionState, liesBelow = false) {
    const index = new SortedItemIndex()
    super(host, row, state, liesBelow, index)
    this.#sorted = index.sorted
  }

  override live(): Generator<Item> {
    return this.range({ lower: undefined, upper: undefined, isDown: false })
  }

  /** As `live`, in the order of keys. */
  *range(range: KeyRange): Generator<Item> {
    // Small maps are worth having whole; of larger ones only what is asked for is read.
    if (!this.isComplete) this.loadIfSmall()
    const last = this.serials
    const here = this.#here(range, last)
    if (this.isComplete) return yield* here
    const compare = range.isDown ? compareDown : compareKeys
    let next = here.next()
    for (const entry of this.#below(range)) {
      while (next.done !== true && compare(next.value.key, entry.key) < 0) {
        if (this.#isLive(next.value)) yield next.value
        next = here.next()
      }
      if (this.isComplete) return // it was cleared
      const item = this.index.get(entry.key)
      if (item === undefined) yield itemBelow(this, entry)
      else if (!item.isDead) yield item
      if (next.done !== true && compare(next.value.key, entry.key) === 0) next = here.next()
    }
    for (; next.done !== true; next = here.next()) if (this.#isLive(next.value)) yield next.value
  }

  /**
   * As `range` between two keys, both included, until `visit` gives false; false if it has not
   * begun, for too much lies below.
   */
  walk(from: unknown, to: unknown, visit: (item: Item) => boolean): boolean {
    if (!this.isComplete) this.loadIfSmall()
    if (!this.isComplete) return false
    const last = this.serials
    this.#sorted.walk(from, to, (item) => item.serial > last || item.isDead || visit(item))
    return true
  }

  /** What is in memory, dead items included unless they are all there is. */
  *#here({ lower, upper, isDown }: KeyRange, last: number): Generator<Item> {
    const sorted = this.#sorted
    const walk = isDown ? sorted.downwards(lower, upper) : sorted.upwards(lower, upper)
    for (const item of walk) {
      if (item.serial <= last && (!item.isDead || !this.isComplete)) yield item
    }
  }

  *#below({ lower, upper, isDown }: KeyRange): Generator<ColdEntry> {
    let range = { lower: lower?.bytes(), upper: upper?.bytes(), isDown }
    for (let limit = PAGE_FIRST; ; limit = Math.min(PAGE_MAX, 2 * limit)) {
      const page = this.host.below?.entries(this, range, limit) ?? []
      yield* page
      if (page.length < limit || this.isComplete) return
      const { keyBytes } = page[page.length - 1] ?? {}
      range = isDown
        ? { ...range, upper: Buffer.from(keyBytes ?? []) }
        : { ...range, lower: Buffer.from(afterBytes(keyBytes) ?? []) }
    }
  }

  #isLive(item: Item): boolean {
    return !item.isDead && this.index.get(item.key) === item
  }
}

function compareDown(a: unknown, b: unknown): number {
  return compareKeys(b, a)
}
