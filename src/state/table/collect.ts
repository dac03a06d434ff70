/**
 * Collects what a cut holds of a shard: the rows that are still as they were, with pauses, but at
 * once should they be about to move (`PendingCuts.finishRows`); then the items of its list of
 * changes, with pauses; then the images that records had made of both. Each yield is a pause.
 */
import { EntryBuffer, type SortedEntries } from './entry-buffer.ts'
import { ITEM_DETACHED } from './item.ts'
import { packedOf } from './packed-map-collection.ts'
import type { RowStore } from './row-store.ts'
import type { Shard } from './shard.ts'
import { sweepItems, sweepRows } from './sweep.ts'
import { ENTRIES_PER_PART, type TableCut } from './table-cut.ts'

/** Of a full shard, half a millisecond of work. */
const SLOTS_PER_PAUSE = 1024

/** True if a cut holds nothing of a shard, which is then done with: most cuts hold little. */
export function isOutside(store: RowStore, cut: TableCut, shardIndex: number): boolean {
  const shard = store.shards[shardIndex]
  return shard === undefined || (shard.touched <= cut.base && !cut.hasImages(shardIndex))
}

/** A shard of which a cut holds nothing: the same as `collectShard`, without entries or pauses. */
export function passShard(
  store: RowStore,
  cut: TableCut,
  shardIndex: number,
  confirmedEpoch: number,
): void {
  if (store.shards[shardIndex] === undefined) return
  cut.nextShard = shardIndex + 1
  cut.nextItemShard = shardIndex + 1
  cut.collected.clear()
  sweep(store, shardIndex, confirmedEpoch)
}

/** Adds the entries of a shard to `parts`, sorted each. */
export function* collectShard(
  store: RowStore,
  cut: TableCut,
  shardIndex: number,
  confirmedEpoch: number,
  parts: SortedEntries[],
): Generator<undefined> {
  const shard = store.shards[shardIndex]
  if (shard === undefined) return
  if (shard.touched > cut.base) {
    yield* collectRows(store, cut, shard, shardIndex, parts)
    yield* collectItems(store, cut, shard, parts)
  }
  cut.nextShard = shardIndex + 1
  cut.nextItemShard = shardIndex + 1
  cut.collected.clear()
  if (cut.hasImages(shardIndex)) yield* cut.takeImages(shardIndex, parts)
  sweep(store, shardIndex, confirmedEpoch)
}

function* collectRows(
  { cuts, group }: RowStore,
  cut: TableCut,
  shard: Shard,
  shardIndex: number,
  parts: SortedEntries[],
): Generator<undefined> {
  cut.beginRows(shard)
  const slots = group.shards.slotsPerPause ?? SLOTS_PER_PAUSE
  while (!cuts.encodeRows(cut, shardIndex, slots)) yield undefined
  const rows = cut.endRows(shardIndex)
  if (rows.count === 0) return cut.giveBack(rows)
  parts.push(rows.sorted())
  yield undefined
}

function* collectItems(
  store: RowStore,
  cut: TableCut,
  shard: Shard,
  parts: SortedEntries[],
): Generator<undefined> {
  const { changed } = shard // what is listed meanwhile changed after the cut
  if (changed.length === 0) return
  const mayPause = changed.length > ENTRIES_PER_PART || holdsPacked(store)
  let buffer = new EntryBuffer()
  for (const item of changed) {
    if ((item.flags & ITEM_DETACHED) !== 0) continue
    const packed = packedOf(item)
    if (packed === undefined && !cut.needsItem(item)) continue
    if (mayPause) cut.collected.add(item)
    for (const each of packed?.itemsIn(cut) ?? [item]) {
      if (packed === undefined) store.cuts.encodeItem(buffer, each)
      else store.cuts.writeItem(buffer, each)
      if (buffer.count < ENTRIES_PER_PART) continue
      parts.push(buffer.sorted())
      buffer = new EntryBuffer()
      yield undefined
    }
  }
  if (buffer.count > 0) parts.push(buffer.sorted())
}

function holdsPacked({ layout }: RowStore): boolean {
  return layout.collections.some(({ packing }) => packing !== undefined)
}

function sweep(store: RowStore, shardIndex: number, confirmedEpoch: number): void {
  const shard = store.shards[shardIndex]
  if (shard === undefined) return
  sweepItems(store, shard, confirmedEpoch)
  if (shard.isThinned) sweepRows(store, shard, confirmedEpoch)
  store.tighten(shardIndex)
  store.below?.flush()
}
