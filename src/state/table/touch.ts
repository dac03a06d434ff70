/**
 * Looks at what lies beside the rows of many keys before these are selected one by one: keys that
 * are not in them, and collections. It is to the heap what `look-ahead.ts` is to the rows.
 */
import { required } from '../../util/assert.ts'
import type { Collection } from './collection.ts'
import type { LookAhead } from './look-ahead.ts'
import type { RowCollections } from './row-collections.ts'
import type { RowFinder } from './row-finder.ts'
import type { Shard } from './shard.ts'

export class RowToucher {
  /** Depends on everything that was looked at: without it the compiler could leave looking out. */
  seen = 0
  readonly #keys: unknown[] = []
  readonly #rows: (RowCollections | undefined)[] = []
  readonly #collections: (Collection | undefined)[] = []

  /** Looks where the rows of these hashes may be, and at keys that lie beside them. */
  touch(table: RowFinder, routeHashes: Int32Array, count: number): void {
    let seen = 0
    for (let at = 0; at < count; at++) {
      const routeHash = routeHashes[at] as number // at < count
      const shard = required(table.shards[table.shardIndexOf(routeHash)], 'a key of this table')
      const slot = shard.homeOf(routeHash)
      seen ^= shard.routeHashAt(slot)
      this.#keys[at] = shard.keys?.[slot]
    }
    for (let at = 0; at < count; at++) {
      const key = this.#keys[at]
      if (typeof key === 'string') seen ^= key.length
    }
    this.seen ^= seen
  }

  /**
   * As `touch`, for the collections of the rows: from one object to the next, each in a round.
   *
   * @param ahead has just looked for the rows, if anybody has.
   */
  touchCollections(
    table: RowFinder,
    routeHashes: Int32Array,
    count: number,
    ahead?: LookAhead,
  ): void {
    const rows = this.#rows
    const collections = this.#collections
    let seen = 0
    const found = ahead?.end ?? 0
    for (let at = 0; at < found; at++) rows[at] = ahead?.collectionsAt(at, table)
    for (let at = found; at < count; at++) {
      const routeHash = routeHashes[at] as number // at < count
      const shard = required(table.shards[table.shardIndexOf(routeHash)], 'a key of this table')
      rows[at] = shard.collections?.[slotOfHash(shard, routeHash)]
    }
    for (let at = 0; at < count; at++) collections[at] = rows[at]?.first
    for (let at = 0; at < count; at++) seen ^= collections[at]?.touched ?? 0
    rows.fill(undefined)
    collections.fill(undefined)
    this.seen ^= seen
  }
}

/** The first slot with this hash, most likely that of the row; -1 if there is none. */
export function slotOfHash(shard: Shard, routeHash: number): number {
  for (let slot = shard.homeOf(routeHash); ; slot = (slot + 1) & (shard.capacity - 1)) {
    if (!shard.isTaken(slot)) return -1
    if (shard.routeHashAt(slot) === routeHash) return slot
  }
}
