/**
 * Collects what a cut holds, a shard at a time: the images that were made of it, the rows that are
 * still as they were, and the items of the list of changes. A shard is small, so that this is as
 * long as work between two records may be.
 */
import { ITEM_DETACHED } from './item.ts'
import { WORD_EPOCH } from './layout.ts'
import type { RowStore } from './row-store.ts'
import type { SortedEntries } from './entry-buffer.ts'
import { sweepItems, sweepRows } from './sweep.ts'
import type { TableCut } from './table-cut.ts'

/** The entries of a shard, or undefined if nothing changed in it. */
export function collectShard(
  store: RowStore,
  cut: TableCut,
  shardIndex: number,
  confirmedEpoch: number,
): SortedEntries | undefined {
  const shard = store.shards[shardIndex]
  if (shard === undefined) return undefined
  const hasChanges = shard.touched > cut.base
  if (!hasChanges && !cut.hasImages(shardIndex)) {
    cut.nextShard = shardIndex + 1
    sweep(store, shardIndex, confirmedEpoch)
    return undefined
  }
  const buffer = cut.takeImages(shardIndex)
  const { stride, cuts } = store
  for (let slot = 0, word = WORD_EPOCH; slot < shard.capacity; slot++, word += stride * 2) {
    const epoch = shard.words[word] as number // the slot is below the capacity
    if (epoch > cut.base && epoch <= cut.epoch) cuts.encodeRow(buffer, shard, slot, shardIndex)
  }
  for (const item of shard.changed) {
    if ((item.flags & ITEM_DETACHED) === 0 && cut.holds(item.epoch)) cuts.encodeItem(buffer, item)
  }
  sweep(store, shardIndex, confirmedEpoch)
  return buffer.count === 0 ? undefined : buffer.sorted()
}

function sweep(store: RowStore, shardIndex: number, confirmedEpoch: number): void {
  const shard = store.shards[shardIndex]
  if (shard === undefined) return
  sweepItems(store, shard, confirmedEpoch)
  if (shard.isThinned) sweepRows(store, shard, confirmedEpoch)
  store.below?.flush()
}
