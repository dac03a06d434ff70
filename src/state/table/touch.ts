/**
 * Looks at the rows of many keys before they are selected one by one. In a large table each row is
 * a miss in the processor's caches, and so much lies between two records that the processor waits
 * for one miss at a time. Here they follow each other closely, and it waits for many together.
 */
import { required } from '../../util/assert.ts'
import { murmurHash } from '../../util/hash.ts'
import type { Collection } from './collection.ts'
import type { RowCollections } from './row-collections.ts'
import { WORD_HASH } from './layout.ts'
import type { RowFinder } from './row-finder.ts'
import { SPREAD } from './shard.ts'
import { groupMaskOf } from './table-group.ts'

/** Of smaller tables, what is used often stays in the caches, and the looking would cost more. */
export const ROWS_WORTH_TOUCHING = 16_384
/** What collections consist of is all over the heap. */
export const COLLECTIONS_WORTH_TOUCHING = 16_384

export class RowToucher {
  /** Depends on everything that was looked at: without it the compiler could leave looking out. */
  seen = 0
  readonly #keys: unknown[] = []
  readonly #rows: (RowCollections | undefined)[] = []
  readonly #collections: (Collection | undefined)[] = []

  /** Looks where the rows of these hashes are, whose keys lie within them. */
  touchRows(table: RowFinder, routeHashes: Int32Array, count: number): void {
    this.seen ^= readHomes(table, routeHashes, count)
  }

  /** The same for keys that lie beside them. */
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

  /** As `touch`, for the collections of the rows: from one object to the next, each in a round. */
  touchCollections(table: RowFinder, routeHashes: Int32Array, count: number): void {
    const rows = this.#rows
    const collections = this.#collections
    let seen = 0
    for (let at = 0; at < count; at++) {
      const routeHash = routeHashes[at] as number // at < count
      const shard = required(table.shards[table.shardIndexOf(routeHash)], 'a key of this table')
      rows[at] = shard.collections?.[shard.slotOfHash(routeHash)]
    }
    for (let at = 0; at < count; at++) collections[at] = rows[at]?.first
    for (let at = 0; at < count; at++) seen ^= collections[at]?.touched ?? 0
    rows.fill(undefined)
    collections.fill(undefined)
    this.seen ^= seen
  }
}

/**
 * Reads the slots in which the search for these hashes begins. The less lies between two of them,
 * the more of them does the processor wait for at the same time: so all is written out here.
 */
function readHomes(table: RowFinder, routeHashes: Int32Array, count: number): number {
  const { subBits, stride, group } = table
  const { words, at: places } = table.places
  const { maxParallelism, keyGroups } = group
  const mask = groupMaskOf(group)
  let seen = 0
  for (let at = 0; at < count; at++) {
    const mixed = murmurHash(routeHashes[at] as number) // at < count
    const spread = Math.imul(mixed, SPREAD)
    const keyGroup = (mask >= 0 ? mixed & mask : mixed % maxParallelism) - keyGroups.start
    const index = (keyGroup << subBits) + (spread >>> (32 - subBits))
    const base = places[2 * index] as number // keys are of this table
    const slot = (spread << subBits) >>> (places[2 * index + 1] as number)
    seen ^= (words[index] as Int32Array)[(base + slot * stride) * 2 + WORD_HASH] as number
  }
  return seen
}
