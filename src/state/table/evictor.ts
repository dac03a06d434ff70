/**
 * Keeps the tables of a backend within their memory: a clock hand goes over all rows and lets those
 * go that were not used since it last came by. What the store below does not know yet is written to
 * it; what no complete checkpoint holds yet goes to the spilled segments of the epoch as well, so
 * that cuts need never read the store.
 */
import { required } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { ColdBatch } from '../cold-store.ts'
import { endOfPrefix } from '../runs/entry.ts'
import { writeSummary } from './cold-format.ts'
import { summaryOf } from './collection-kinds.ts'
import type { ColdSide } from './cold-table.ts'
import { EntryBuffer } from './entry-buffer.ts'
import {
  detach,
  type Item,
  ITEM_DETACHED,
  ITEM_LISTED,
  ITEM_STALE,
  type ItemOwner,
} from './item.ts'
import type { KeyedTable } from './keyed-table.ts'
import { ROW_RECORDED, ROW_REFERENCED, ROW_STALE, WORD_EPOCH, WORD_FLAGS } from './layout.ts'
import type { Collection } from './collection.ts'
import type { Shard } from './shard.ts'
import type { Spill } from './spill.ts'

/** Entries below a cleared collection are deleted one by one up to here, beyond as a range. */
const SINGLE_DELETES_MAX = 64
const BATCH_CHANGES_MAX = 1024
/** Collections of more items than this leave memory in parts. */
const LARGE_ITEMS = 128

export class Evictor {
  /** Rows, and items of large collections. */
  evictions = 0
  readonly #tables: readonly KeyedTable[]
  readonly #side: ColdSide
  readonly #spill: Spill
  readonly #confirmedEpoch: () => number
  readonly #batch = new ColdBatch()
  readonly #out = new ByteWriter()
  #spilled = new EntryBuffer()
  #tableIndex = 0
  #shardIndex = 0
  #slot = 0

  constructor(
    tables: readonly KeyedTable[],
    side: ColdSide,
    spill: Spill,
    confirmedEpoch: () => number,
  ) {
    this.#tables = tables
    this.#side = side
    this.#spill = spill
    this.#confirmedEpoch = confirmedEpoch
  }

  /** Lets rows go while `isWanted` says so, which is asked after each; false if none is left. */
  evict(isWanted: () => boolean): boolean {
    const slots = this.#tables.reduce(
      (sum, table) => sum + table.shards.reduce((count, shard) => count + shard.capacity, 0),
      0,
    )
    // Two rounds without success: the first may find every row referenced.
    for (let passed = 0; passed < 2 * slots;) {
      const table = this.#tables[this.#tableIndex]
      const shard = table?.shards[this.#shardIndex]
      if (table === undefined || shard === undefined || this.#slot >= shard.capacity) {
        this.#advance()
        continue
      }
      passed++
      if (!this.#pass(table, shard)) continue
      passed = 0
      if (isWanted()) continue
      this.flush()
      return true
    }
    this.flush()
    return false
  }

  /** Writes out what was let go. */
  flush(): void {
    if (this.#batch.length > 0) {
      this.#side.store.write(this.#batch)
      this.#side.isEmpty = false
      this.#batch.clear()
    }
    if (this.#spilled.count === 0) return
    this.#spill.add(this.#spilled.sorted())
    this.#spilled = new EntryBuffer()
  }

  /** The hand looks at one slot; true if its row, or some of it, went. */
  #pass(table: KeyedTable, shard: Shard): boolean {
    const slot = this.#slot
    const word = shard.laneOf(slot) * 2 + WORD_FLAGS
    const flags = shard.words[word] as number // the slot is below the capacity
    const isCurrent = table.shard === shard && table.slot === slot
    if (flags !== 0 && this.#evictIdleItems(table, shard, slot)) {
      this.#slot++
      return true
    }
    if (flags === 0 || isCurrent || (flags & ROW_REFERENCED) !== 0) {
      shard.words[word] = flags & ~ROW_REFERENCED
      this.#slot++
      return false
    }
    this.#evictRow(table, shard, slot)
    if (this.#batch.length >= BATCH_CHANGES_MAX) this.flush()
    return true // another row may be in this slot now
  }

  #advance(): void {
    this.#slot = 0
    const table = this.#tables[this.#tableIndex]
    if (table !== undefined && ++this.#shardIndex < table.shards.length) return
    this.#shardIndex = 0
    this.#tableIndex = (this.#tableIndex + 1) % Math.max(1, this.#tables.length)
  }

  #evictRow(table: KeyedTable, shard: Shard, slot: number): void {
    const shardIndex = this.#shardIndex
    const word = shard.laneOf(slot) * 2
    const collections = shard.collections?.[slot]
    table.cuts.finishRows(shard) // or what is preserved now would be encoded once more
    table.cuts.preserveRow(shard, slot, shardIndex)
    let isStale = ((shard.words[word + WORD_FLAGS] as number) & ROW_STALE) !== 0 // slot is taken
    if ((shard.words[word + WORD_EPOCH] as number) > this.#confirmedEpoch()) {
      table.cuts.encodeRow(this.#spilled, shard, slot, shardIndex)
    }
    let items = 0
    for (const collection of collections?.all() ?? []) {
      if (collection.cleared !== undefined) {
        if (this.#evictClearMark(table, collection, collection.cleared)) isStale = true
      }
      for (const item of collection.items()) {
        if (this.#evictItem(table, item)) isStale = true
        items++
      }
    }
    if (isStale) this.#writeRow(table, shard, slot, shardIndex)
    table.countItems(-items)
    table.removeRow(shard, slot)
    this.evictions++
  }

  #writeRow(table: KeyedTable, shard: Shard, slot: number, shardIndex: number): void {
    const out = this.#out
    out.reset()
    table.codec.writeKeyOf(out, table.cuts.keyGroupOf(shardIndex), shard, slot)
    const key = out.copy()
    const hasScalars = !table.records.isEmpty(shard, slot)
    const row = shard.collections?.[slot]
    const summary = table.layout.collections.map((state) => summaryOf(row?.get(state)))
    if (!hasScalars && summary.every(({ size }) => size === 0)) return this.#batch.delete(key)
    out.reset()
    writeSummary(out, summary)
    if (hasScalars) table.codec.writeRow(out, shard, slot)
    table.averages.addRow(key.length + out.length)
    this.#batch.put(key, out.copy())
  }

  /** Of large collections some items go, whether their row is used or not. */
  #evictIdleItems(table: KeyedTable, shard: Shard, slot: number): boolean {
    let evicted = 0
    for (const collection of shard.collections?.[slot]?.all() ?? []) {
      if (collection.itemCount <= LARGE_ITEMS) continue
      const mark = collection.cleared
      if (mark !== undefined && (mark.flags & ITEM_STALE) !== 0) {
        this.#deleteAll(table, collection)
        mark.flags &= ~ITEM_STALE
      }
      for (const item of collection.idleItems(LARGE_ITEMS)) {
        this.#evictItem(table, item)
        collection.letGo(item)
        evicted++
      }
    }
    if (evicted === 0) return false
    // What is said below of its collections has to be written when it leaves itself.
    const word = shard.laneOf(slot) * 2 + WORD_FLAGS
    const flags = shard.words[word] as number // the slot is taken
    shard.words[word] = flags | ROW_STALE | ROW_RECORDED
    this.evictions += evicted
    if (this.#batch.length >= BATCH_CHANGES_MAX) this.flush()
    return true
  }

  /** Takes a deleted item out of the store below, before it is forgotten. */
  discard(table: KeyedTable, item: Item): void {
    if (this.#side.isEmpty || (item.flags & ITEM_STALE) === 0) return
    const out = this.#out
    out.reset()
    table.codec.writeItemKey(out, table.cuts.keyGroupOf(item.owner.row.shardIndex), item)
    this.#batch.delete(out.copy())
    if (this.#batch.length >= BATCH_CHANGES_MAX) this.flush()
  }

  /** True if the store below did not know it. */
  #evictItem(table: KeyedTable, item: Item): boolean {
    this.#spillItem(table, item)
    const { flags } = item
    detach(item)
    if ((flags & ITEM_STALE) === 0) return false
    const out = this.#out
    out.reset()
    table.codec.writeItemKey(out, table.cuts.keyGroupOf(item.owner.row.shardIndex), item)
    const key = out.copy()
    if (item.isDead) this.#batch.delete(key)
    else {
      out.reset()
      table.codec.writeItem(out, item)
      table.averages.addItem(key.length + out.length)
      this.#batch.put(key, out.copy())
    }
    return true
  }

  #evictClearMark(table: KeyedTable, owner: Collection, mark: Item): boolean {
    this.#spillItem(table, mark)
    const { flags } = mark
    detach(mark)
    if ((flags & ITEM_STALE) === 0) return false
    this.#deleteAll(table, owner)
    return true
  }

  /** Adds an item to the spilled entries if no complete checkpoint holds it. */
  #spillItem(table: KeyedTable, item: Item): void {
    if ((item.flags & (ITEM_LISTED | ITEM_DETACHED)) !== ITEM_LISTED) return
    table.cuts.preserveItem(item)
    if (item.epoch > this.#confirmedEpoch()) table.cuts.encodeItem(this.#spilled, item)
  }

  /** Deletes what lies below of a collection from before it was cleared. */
  #deleteAll(table: KeyedTable, owner: ItemOwner): void {
    if (this.#side.isEmpty) return
    const out = this.#out
    out.reset()
    table.codec.writeCollectionKey(out, table.cuts.keyGroupOf(owner.row.shardIndex), owner)
    const prefix = out.copy()
    const end = endOfPrefix(prefix)
    const found = this.#side.store.scan(prefix, end, SINGLE_DELETES_MAX)
    if (found.length === 2 * SINGLE_DELETES_MAX) return this.#batch.deleteRange(prefix, end)
    for (let index = 0; index < found.length; index += 2) {
      this.#batch.delete(required(found[index], 'scans give pairs'))
    }
  }
}
