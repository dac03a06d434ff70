/**
 * The cuts of one table that are not collected yet, and how rows and items become entries of a cut.
 * What a record is about to change is encoded first for every cut that still needs it as it is.
 */
import { required } from '../../util/assert.ts'
import type { EntryBuffer } from './entry-buffer.ts'
import type { EntryCodec } from './entry-codec.ts'
import { type Item, ITEM_BELOW, ITEM_RANGE } from './item.ts'
import { ROW_BELOW, WORD_EPOCH, WORD_FLAGS } from './layout.ts'
import type { PackedMapCollection } from './packed-map-collection.ts'
import type { Records } from './records.ts'
import { BLOCK_SHIFT, type Shard } from './shard.ts'
import type { TableCut } from './table-cut.ts'

export class PendingCuts {
  /** True if any cut may need images; what most writes find to be false. */
  isNeeded = false
  readonly codec: EntryCodec
  readonly #records: Records
  readonly #firstGroup: number
  readonly #subBits: number
  #cuts: TableCut[] = []

  constructor(codec: EntryCodec, records: Records, firstGroup: number, subBits: number) {
    this.codec = codec
    this.#records = records
    this.#firstGroup = firstGroup
    this.#subBits = subBits
  }

  add(cut: TableCut): void {
    this.#cuts.push(cut)
    this.isNeeded = true
  }

  /** The cut is collected, or nobody wants it. */
  remove(cut: TableCut): void {
    cut.close()
    this.#cuts = this.#cuts.filter((other) => other !== cut)
    this.isNeeded = this.#cuts.length > 0
  }

  clear(): void {
    for (const cut of this.#cuts) cut.close()
    this.#cuts = []
    this.isNeeded = false
  }

  keyGroupOf(shardIndex: number): number {
    return this.#firstGroup + (shardIndex >>> this.#subBits)
  }

  preserveRow(shard: Shard, slot: number, shardIndex: number): void {
    const at = shard.laneOf(slot)
    const epoch = shard.words[at * 2 + WORD_EPOCH] as number // the slot is taken
    for (const cut of this.#cuts) {
      if (cut.needsRow(epoch, shardIndex, slot)) {
        this.encodeRow(cut.images(shardIndex), shard, slot, shardIndex)
      }
    }
  }

  preserveItem(item: Item): void {
    const { shardIndex } = item.owner.row
    for (const cut of this.#cuts) {
      if (cut.needsItem(item)) this.encodeItem(cut.images(shardIndex), item)
    }
  }

  /** The same for an entry of a packed map. */
  preservePacked(of: PackedMapCollection, at: number): void {
    const { shardIndex } = of.row
    const epoch = of.epochAt(at)
    for (const cut of this.#cuts) {
      if (!cut.needsEntry(of.body, epoch) || !of.noteEncoded(at)) continue
      this.writeItem(cut.images(shardIndex), of.itemAt(at))
    }
  }

  /** Calls `encode` for each cut that still needs a timer as it is. */
  eachTimerCut(
    epoch: number,
    imaged: number,
    group: number,
    encode: (cut: TableCut) => void,
  ): void {
    for (const cut of this.#cuts) if (cut.needsTimer(epoch, imaged, group)) encode(cut)
  }

  /** Goes on with the rows of the shard that a cut is amid; true if none of them is left. */
  encodeRows(cut: TableCut, shardIndex: number, slots: number): boolean {
    const { shard, rows } = required(cut.walk, 'the rows of a shard were begun')
    const end = Math.min(shard.capacity, cut.nextSlot + slots)
    let slot = cut.nextSlot
    while (slot < end) {
      const touched = shard.touchedBlocks[slot >> BLOCK_SHIFT] as number // below the capacity
      const blockEnd = Math.min(end, ((slot >> BLOCK_SHIFT) + 1) << BLOCK_SHIFT)
      for (; touched > cut.base && slot < blockEnd; slot++) {
        const epoch = shard.words[shard.laneOf(slot) * 2 + WORD_EPOCH] as number // as above
        if (cut.holds(epoch)) this.encodeRow(rows, shard, slot, shardIndex)
      }
      slot = blockEnd
    }
    cut.nextSlot = slot
    return slot >= shard.capacity
  }

  /** Before rows of a shard move: a cut amid them would miss some, and have others twice. */
  finishRows(shard: Shard): void {
    for (const cut of this.#cuts) {
      if (cut.walk?.shard !== shard) continue
      this.encodeRows(cut, cut.nextShard, shard.capacity)
      cut.nextSlot = Number.POSITIVE_INFINITY
    }
  }

  /** Adds the scalars of a row, or their tombstone; nothing if no older run has an entry. */
  encodeRow(into: EntryBuffer, shard: Shard, slot: number, shardIndex: number): void {
    const word = shard.laneOf(slot) * 2 + WORD_FLAGS
    const flags = shard.words[word] as number // the slot is taken
    if (this.#records.isEmpty(shard, slot)) {
      if ((flags & ROW_BELOW) === 0) return
    } else shard.words[word] = flags | ROW_BELOW
    into.beginEntry()
    this.codec.writeKeyOf(into.out, this.keyGroupOf(shardIndex), shard, slot)
    into.beginValue()
    this.codec.writeRow(into.out, shard, slot)
    into.endEntry()
  }

  /** Adds an item or its tombstone; nothing if it is dead and no older run has an entry. */
  encodeItem(into: EntryBuffer, item: Item): void {
    if (!item.isDead) {
      item.flags |= ITEM_BELOW
      item.owner.isBelow = true
    } else if ((item.flags & (ITEM_BELOW | ITEM_RANGE)) === 0) return
    this.writeItem(into, item)
  }

  /** Adds an item as it is. */
  writeItem(into: EntryBuffer, item: Item): void {
    into.beginEntry()
    this.codec.writeItemKey(into.out, this.keyGroupOf(item.owner.row.shardIndex), item)
    into.beginValue()
    this.codec.writeItem(into.out, item)
    into.endEntry()
  }
}
