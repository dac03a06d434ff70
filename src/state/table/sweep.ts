/** Removes what is left of deleted rows and items once no run needs their tombstones. */
import { type Item, ITEM_DETACHED, ITEM_LISTED, ITEM_RANGE } from './item.ts'
import { ROW_BELOW, ROW_RECORDED, ROW_THINNED, WORD_EPOCH, WORD_FLAGS } from './layout.ts'
import { packedOf } from './packed-map-collection.ts'
import type { Records } from './records.ts'
import type { Shard } from './shard.ts'

/** What sweeping needs of a table. */
export interface Swept {
  readonly records: Records
  /** The store below, which is told of deleted items before they are forgotten. */
  readonly below: { discard(item: Item): void } | undefined
  readonly shard: Shard | undefined
  readonly slot: number
  removeRow(shard: Shard, slot: number): void
}

/** True if a row holds nothing, here or below. */
export function isEmptyRow(records: Records, shard: Shard, slot: number): boolean {
  return records.isEmpty(shard, slot) && shard.collections?.[slot]?.hasContent !== true
}

/** True if besides nothing is kept for tombstones that are still to be cut. */
export function isLeftover(records: Records, shard: Shard, slot: number): boolean {
  const collections = shard.collections?.[slot]
  if (!records.isEmpty(shard, slot)) return false
  return collections === undefined || (collections.isGone && collections.listed === 0)
}

/** Removes rows of which nothing is left and whose tombstones, if any, were confirmed. */
export function sweepRows(swept: Swept, shard: Shard, confirmedEpoch: number): void {
  const { records } = swept
  let isThinned = false
  for (let slot = shard.capacity - 1; slot >= 0; slot--) {
    const word = shard.laneOf(slot) * 2
    const flags = shard.words[word + WORD_FLAGS] as number // the slot is below the capacity
    if ((flags & ROW_THINNED) === 0) continue
    const epoch = shard.words[word + WORD_EPOCH] as number // as above
    // What has a record below leaves through the store.
    const isNeeded =
      (flags & ROW_RECORDED) !== 0 || ((flags & ROW_BELOW) !== 0 && epoch > confirmedEpoch)
    const isCurrent = swept.shard === shard && swept.slot === slot
    if (isNeeded || isCurrent || !isLeftover(records, shard, slot)) isThinned = true
    else {
      swept.removeRow(shard, slot)
      slot++ // one from the other end of the shard, which is still to be looked at, may be here now
    }
  }
  shard.isThinned = isThinned
}

/** Takes confirmed items off the list of changes; dead ones leave their collections. */
export function sweepItems({ below }: Swept, shard: Shard, confirmedEpoch: number): void {
  if (shard.changed.length === 0) return
  const kept: Item[] = []
  for (const item of shard.changed) {
    if ((item.flags & ITEM_DETACHED) !== 0) continue
    packedOf(item)?.sweep(confirmedEpoch)
    if ((item.flags & ITEM_DETACHED) !== 0) continue // the sweep left nothing
    if (item.epoch > confirmedEpoch) {
      kept.push(item)
      continue
    }
    item.flags &= ~ITEM_LISTED
    item.owner.row.listed--
    if (!item.isDead) continue
    if ((item.flags & ITEM_RANGE) === 0) below?.discard(item)
    item.owner.forget(item)
  }
  shard.changed = kept
}
