/** Removes what is left of deleted rows and items once no run needs their tombstones. */
import { type Item, ITEM_DETACHED, ITEM_LISTED } from './item.ts'
import { ROW_BELOW, ROW_THINNED, WORD_EPOCH, WORD_FLAGS } from './layout.ts'
import type { Records } from './records.ts'
import type { Shard } from './shard.ts'

/** What sweeping needs of a table. */
export interface Swept {
  readonly stride: number
  readonly records: Records
  /** If there is a store below, deleted things leave through it. */
  readonly below: unknown
  readonly shard: Shard | undefined
  readonly slot: number
  removeRow(shard: Shard, slot: number): void
}

/** True if a row holds nothing, here or below. */
export function isEmptyRow(records: Records, shard: Shard, slot: number): boolean {
  return records.isEmpty(shard, slot) && (shard.collections?.[slot]?.isGone ?? true)
}

/** True if besides no collection waits for its tombstones to be cut. */
export function isLeftover(records: Records, shard: Shard, slot: number): boolean {
  return isEmptyRow(records, shard, slot) && (shard.collections?.[slot]?.listed ?? 0) === 0
}

/** Removes rows of which nothing is left and whose tombstones, if any, were confirmed. */
export function sweepRows(swept: Swept, shard: Shard, confirmedEpoch: number): void {
  const { stride, records, below } = swept
  let isThinned = false
  for (let slot = shard.capacity - 1; slot >= 0; slot--) {
    const word = slot * stride * 2
    const flags = shard.words[word + WORD_FLAGS] as number // the slot is below the capacity
    if ((flags & ROW_THINNED) === 0) continue
    const epoch = shard.words[word + WORD_EPOCH] as number // as above
    const isNeeded = (flags & ROW_BELOW) !== 0 && (epoch > confirmedEpoch || below !== undefined)
    const isCurrent = swept.shard === shard && swept.slot === slot
    if (isNeeded || isCurrent || !isLeftover(records, shard, slot)) isThinned = true
    else swept.removeRow(shard, slot)
  }
  shard.isThinned = isThinned
}

/** Takes confirmed items off the list of changes; dead ones leave their collections. */
export function sweepItems(shard: Shard, confirmedEpoch: number): void {
  if (shard.changed.length === 0) return
  const kept: Item[] = []
  for (const item of shard.changed) {
    if ((item.flags & ITEM_DETACHED) !== 0) continue
    if (item.epoch > confirmedEpoch) {
      kept.push(item)
      continue
    }
    item.flags &= ~ITEM_LISTED
    item.owner.row.listed--
    if (item.isDead) item.owner.forget(item)
  }
  shard.changed = kept
}
