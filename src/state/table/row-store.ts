/**
 * The rows of one operator with what changes them: marks of epochs, and collections.
 *
 * Every change carries the epoch in which it was made. That is all a cut needs: it collects what
 * changed in its epochs, shard by shard, and what changes again before that is encoded first.
 */
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import type { EntryCodec } from './entry-codec.ts'
import { type Item, ITEM_LISTED, ITEM_STALE, type ItemRow } from './item.ts'
import { type RecordLayout, ROW_STALE, ROW_THINNED, WORD_EPOCH } from './layout.ts'
import type { PackedHost, PackedMapCollection } from './packed-map-collection.ts'
import { PendingCuts } from './pending-cuts.ts'
import type { Records } from './records.ts'
import { RowCollections } from './row-collections.ts'
import { RowFinder } from './row-finder.ts'
import type { Shard } from './shard.ts'
import { SlotArena } from './slot-arena.ts'
import { type TableGroup } from './table-group.ts'

export class RowStore extends RowFinder implements PackedHost {
  readonly cuts: PendingCuts
  readonly codec: EntryCodec
  epoch = 1
  itemCount = 0
  laneCount = 0
  packed = new SlotArena()

  constructor(
    keyType: Type<unknown>,
    layout: RecordLayout,
    records: Records,
    codec: EntryCodec,
    group: TableGroup,
  ) {
    super(keyType, layout, records, group)
    this.codec = codec
    this.cuts = new PendingCuts(codec, records, group.keyGroups.start, this.subBits)
  }

  /** Creates the row of the selected key; for its first write. */
  create(): Shard {
    const { currentKey, currentRouteHash: routeHash } = this
    this.addRow(currentKey, routeHash, this.shardIndexOf(routeHash), 0)
    return required(this.shard, 'a row was created')
  }

  /** Makes the current row ready for a change of its scalars; creates it if there is none. */
  prepare(): void {
    const shard = this.shard ?? this.create()
    if (shard.words[this.at * 2 + WORD_EPOCH] !== this.epoch) this.touch()
  }

  /** Must come before the first change of the current row's scalars in an epoch. */
  touch(): void {
    const { shard } = this
    if (shard === undefined) throw this.notUsable()
    if (this.cuts.isNeeded)
      this.cuts.preserveRow(shard, this.slot, this.shardIndexOf(this.currentRouteHash))
    shard.touch(this.slot, this.epoch)
    this.setFlags(ROW_STALE)
    this.group.dirtyEntries++
  }

  touchItem(item: Item): void {
    if (this.cuts.isNeeded) this.cuts.preserveItem(item)
    item.flags |= ITEM_STALE
    this.#noteChange(item)
  }

  touchPacked(of: PackedMapCollection, at: number): void {
    this.preservePacked(of, at)
    this.#noteChange(of.body)
  }

  preservePacked(of: PackedMapCollection, at: number): void {
    if (this.cuts.isNeeded) this.cuts.preservePacked(of, at)
  }

  countLanes(change: number): void {
    this.laneCount += change
  }

  #noteChange(item: Item): void {
    item.epoch = this.epoch
    const { row } = item.owner
    const shard = required(this.shards[row.shardIndex], 'a shard of this table')
    shard.touched = this.epoch
    this.group.dirtyEntries++
    if ((item.flags & ITEM_LISTED) !== 0) return
    item.flags |= ITEM_LISTED
    row.listed++
    shard.list(item)
  }

  preserveItem(item: Item): void {
    if (this.cuts.isNeeded) this.cuts.preserveItem(item)
  }

  thin(): void {
    if (this.shard === undefined) return
    this.shard.isThinned = true
    this.setFlags(ROW_THINNED)
    this.lookAfter()
  }

  countItems(change: number): void {
    this.itemCount += change
    if (change > 0) this.countGrowth()
  }

  recount(): void {
    this.setFlags(ROW_STALE)
  }

  /** The collections of the current row. */
  collections(): RowCollections {
    const shard = this.shard ?? this.create()
    const held = shard.collections?.[this.slot]
    return (
      held ?? this.newCollections(this.currentRouteHash, this.shardIndexOf(this.currentRouteHash))
    )
  }

  /** Gives the current row its collections. */
  newCollections(routeHash: number, shardIndex: number): RowCollections {
    const shard = required(this.shard, 'there is a current row')
    const made = new RowCollections(shard.keyAt(this.slot), routeHash, shardIndex)
    shard.collectionsOrNew()[this.slot] = made
    return made
  }

  /** Those of the current row, if it has any; reading none makes none. */
  heldCollections(): RowCollections | undefined {
    const { shard } = this
    if (shard === undefined) this.expectKey()
    return shard?.collections?.[this.slot]
  }

  /** Throws unless the collections of the current row are these. */
  expectCurrent(row: ItemRow): void {
    if (this.shard?.collections?.[this.slot] !== row) throw this.notUsable()
  }

  override reset(): void {
    super.reset()
    this.itemCount = 0
    this.laneCount = 0
    this.packed = new SlotArena()
    this.cuts.clear()
  }
}
