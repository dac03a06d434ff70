/** What a table asks of the store below it, or of the runs that it is restored from. */
import type { ColdItems } from './collection.ts'
import type { Item } from './item.ts'

export interface KeyAndHash {
  readonly key: unknown
  readonly routeHash: number
}

/** Where missing rows come from, if there is something below. */
export interface RowSource extends ColdItems {
  /** Brings the row of a key into the store and makes it current; an empty one if there is none. */
  load(key: unknown, routeHash: number, shardIndex: number): void
  /** Called between records, now and then while memory is filled. */
  relieve(): void
  /** Takes a deleted item out of the store before it is forgotten. */
  discard(item: Item): void
  /** Writes out what was discarded. */
  flush(): void
}
