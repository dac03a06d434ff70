/** The keys of a shard that have any state. */
import { keyIsPrimitive } from '../../types/keys.ts'
import { readIsolated } from '../../types/isolated.ts'
import { required } from '../../util/assert.ts'
import type { RowFinder } from './row-finder.ts'
import type { KeyAndHash } from './row-source.ts'
import { isEmptyRow } from './sweep.ts'

/** As they are now; each may be selected and changed while the others are still to come. */
export function keysOfShard(store: RowFinder, shardIndex: number): readonly KeyAndHash[] {
  const shard = required(store.shards[shardIndex], 'a shard of this table')
  const found: KeyAndHash[] = []
  for (let slot = 0; slot < shard.capacity && shard.count > 0; slot++) {
    if (!shard.isTaken(slot) || isEmptyRow(store.records, shard, slot)) continue
    const held = shard.keyAt(slot)
    const key = keyIsPrimitive(held) ? held : readIsolated(store.keyType, held)
    found.push({ key, routeHash: shard.routeHashAt(slot) })
  }
  return found
}
