/**
 * What a collection is made of: an entry of a map, a chunk of a list, or the mark that the whole
 * collection was cleared. Each is one entry of a run and is dirty on its own.
 */
import type { CollectionState } from './layout.ts'

/** A map entry that was deleted, or a clear mark; kept until no run needs the tombstone. */
export const ITEM_DEAD = 1
/** The mark of `clear`: its tombstone covers the whole collection in older runs. */
export const ITEM_RANGE = 2
/** An earlier run, or the store below, may hold an entry of it. */
export const ITEM_BELOW = 4
/** The store below does not know the newest value. */
export const ITEM_STALE = 8
/** It is in the list of its shard's changes. */
export const ITEM_LISTED = 16
/** It left its collection; the list of changes drops it when it comes by. */
export const ITEM_DETACHED = 32
/** Used since the clock hand last passed. */
export const ITEM_REFERENCED = 64

/** The row that a collection belongs to. */
export interface ItemRow {
  readonly key: unknown
  readonly routeHash: number
  readonly shardIndex: number
  /** How many of its items are in the list of changes and not detached. */
  listed: number
}

export interface ItemOwner {
  readonly row: ItemRow
  readonly state: CollectionState
  /** An earlier run, or the store below, may hold entries of it. */
  isBelow: boolean
  /** Drops a dead item whose tombstone is no longer needed. */
  forget(item: Item): void
}

export class Item {
  readonly owner: ItemOwner
  /** The user's key of a map entry, the number of a chunk. */
  readonly key: unknown
  /** The value of a map entry; the elements of a chunk. */
  value: unknown
  /** Items of a map that were made later have a higher one. */
  serial = 0
  /** The epoch in which it was last changed; 0 if never since it was loaded. */
  epoch = 0
  /** The last touch, for time-to-live; -1 for none. Elements of lists have their own. */
  stampMs = -1
  flags: number

  constructor(owner: ItemOwner, key: unknown, value: unknown, flags: number) {
    this.owner = owner
    this.key = key
    this.value = value
    this.flags = flags
  }

  get isDead(): boolean {
    return (this.flags & ITEM_DEAD) !== 0
  }
}

/** Marks an item that leaves its collection. */
export function detach(item: Item): void {
  if ((item.flags & ITEM_DETACHED) !== 0) return
  item.flags |= ITEM_DETACHED
  if ((item.flags & ITEM_LISTED) !== 0) item.owner.row.listed--
}
