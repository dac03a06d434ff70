/**
 * What lists and maps of a row share: whose they are, the mark of their last `clear`, and what they
 * ask of the table. A collection may lie partly below, in the cold store; then `isComplete` is
 * false and what is not in memory has to be asked for.
 */
import { detach, Item, ITEM_DEAD, ITEM_RANGE, type ItemOwner, type ItemRow } from './item.ts'
import type { CollectionState } from './layout.ts'

/** What a collection needs of its table. */
export interface CollectionHost {
  readonly epoch: number
  /** Must be called before an item changes for the first time in an epoch. */
  touchItem(item: Item): void
  /** Saves the item for cuts that still need it as it is; before it is dropped. */
  preserveItem(item: Item): void
  /** Something was removed from the current row. */
  thin(): void
  /** Items were added (or, below zero, removed); for the estimate of memory. */
  countItems(change: number): void
  /** What the store below says of the current row's collections is out of date. */
  recount(): void
  readonly below: ColdItems | undefined
}

/** An entry of a map as it lies below, with the bytes of its user key. */
export interface ColdEntry {
  readonly key: unknown
  readonly value: unknown
  readonly stampMs: number
  readonly keyBytes: Uint8Array
}

/** A range of user keys as bytes; without bounds all of them. */
export interface ColdRange {
  readonly lower?: Uint8Array | undefined
  /** Exclusive. */
  readonly upper?: Uint8Array | undefined
  /** From the upper end downwards. */
  readonly isDown?: boolean
}

/** Reads parts of collections from the cold store. */
export interface ColdItems {
  entry(owner: ItemOwner, key: unknown): Pick<ColdEntry, 'value' | 'stampMs'> | undefined
  /** The first entries of a range, in the order of key bytes. */
  entries(owner: ItemOwner, range: ColdRange, limit: number): readonly ColdEntry[]
  chunk(owner: ItemOwner, number: number): unknown[]
}

export abstract class Collection implements ItemOwner {
  readonly row: ItemRow
  readonly state: CollectionState
  readonly host: CollectionHost
  isBelow = false
  /** The time for which a mark of its time-to-live is known to be set; 0 for none. */
  markedAt = 0
  /** The mark of the last `clear`, while an older run may hold entries from before it. */
  cleared: Item | undefined

  constructor(host: CollectionHost, row: ItemRow, state: CollectionState) {
    this.host = host
    this.row = row
    this.state = state
  }

  /** True if it is known to hold nothing, and nothing in memory is kept for tombstones. */
  /** A number for which what it holds must be looked at. */
  abstract get touched(): number
  abstract get isGone(): boolean
  abstract get isEmpty(): boolean
  /** All items in memory, without the clear mark. */
  abstract items(): Iterable<Item>
  /** Items in memory. */
  abstract get itemCount(): number
  /**
   * Items that may leave memory, one after another, on and on: the next call continues where the
   * one before stopped. Those that were used since are passed over once.
   */
  abstract idleItems(lookAtMost: number): Iterable<Item>
  /** Lets an item go that lies below as it is, or is dead there, too. */
  abstract letGo(item: Item): void
  /** Drops a dead item of the collection's own. */
  protected abstract drop(item: Item): void
  protected abstract dropAll(): void

  forget(item: Item): void {
    if (item !== this.cleared) return this.drop(item)
    // The store below has to be told of the clear, too, when the row leaves memory.
    if (this.host.below === undefined) this.cleared = undefined
  }

  clear(): void {
    const { host } = this
    this.preserveAll() // this may set isBelow
    this.dropAll()
    if (this.isBelow) {
      this.cleared ??= new Item(this, undefined, undefined, ITEM_DEAD | ITEM_RANGE)
      if (this.cleared.epoch !== host.epoch) host.touchItem(this.cleared)
      this.isBelow = false
    }
    host.thin()
  }

  /** Saves what cuts still need, before all is dropped. */
  protected preserveAll(): void {
    const { host } = this
    let dropped = 0
    for (const item of this.items()) {
      host.preserveItem(item)
      detach(item)
      dropped++
    }
    host.countItems(-dropped)
  }
}
