/**
 * The part of a cut that is one table's. A cut holds what changed in the epochs after `base` up to
 * `epoch`. Nothing is copied when it is made: what is still as it was is encoded when its shard is
 * collected; what a record touches before that is encoded first, into the images of its shard.
 */
import { required } from '../../util/assert.ts'
import { EntryBuffer, type SortedEntries } from './entry-buffer.ts'
import type { Item } from './item.ts'
import type { Shard } from './shard.ts'

/** So many entries are sorted and encoded without a pause. */
export const ENTRIES_PER_PART = 2048

export class TableCut {
  readonly base: number
  readonly epoch: number
  /** The rows of shards below it are collected: they may change without more ado. */
  nextShard = 0
  /** So are those of the next shard in slots below it. */
  nextSlot = 0
  /** The shard amid whose slots the cut is, and what its rows are encoded into. */
  walk: { readonly shard: Shard; readonly rows: EntryBuffer } | undefined
  /** The same for the items of collections. */
  nextItemShard = 0
  /** And for timers, by key group from the table's first on. */
  nextTimerGroup = 0
  /** What the rows of shard after shard are encoded into: as long by now as the last ones took. */
  readonly #spare: EntryBuffer[] = []
  readonly #lent = new Set<EntryBuffer>()
  /** Items of the shard under way that are collected already. */
  readonly collected = new Set<object>()
  readonly #images = new Map<number, EntryBuffer[]>()
  readonly #timerImages = new Map<number, EntryBuffer[]>()

  constructor(base: number, epoch: number) {
    this.base = base
    this.epoch = epoch
  }

  /** True if a row last changed in `epoch` still has to be encoded for this cut. */
  needsRow(epoch: number, shardIndex: number, slot: number): boolean {
    if (!this.holds(epoch)) return false
    return shardIndex > this.nextShard || (shardIndex === this.nextShard && slot >= this.nextSlot)
  }

  needsItem(item: Item): boolean {
    return this.needsEntry(item, item.epoch)
  }

  /** The same for an entry of a packed map, which a body stands for. */
  needsEntry(body: Item, epoch: number): boolean {
    const { shardIndex } = body.owner.row
    return this.holds(epoch) && shardIndex >= this.nextItemShard && !this.collected.has(body)
  }

  /** `imaged` is the newest cut that a timer was encoded for. */
  needsTimer(epoch: number, imaged: number, group: number): boolean {
    return this.holds(epoch) && group >= this.nextTimerGroup && imaged < this.epoch
  }

  /** True if something last changed in `epoch` is part of this cut. */
  holds(epoch: number): boolean {
    return epoch > this.base && epoch <= this.epoch
  }

  /** Where the entries of a shard go that have to be encoded now. */
  images(shardIndex: number): EntryBuffer {
    return bufferOf(this.#images, shardIndex)
  }

  timerImages(group: number): EntryBuffer {
    return bufferOf(this.#timerImages, group)
  }

  hasImages(shardIndex: number): boolean {
    return this.#images.has(shardIndex)
  }

  hasTimerImages(group: number): boolean {
    return this.#timerImages.has(group)
  }

  /** Adds the images of a shard to `parts`; there must be no more to come. */
  *takeImages(shardIndex: number, parts: SortedEntries[]): Generator<undefined> {
    yield* take(this.#images, shardIndex, parts)
  }

  *takeTimerImages(group: number, parts: SortedEntries[]): Generator<undefined> {
    yield* take(this.#timerImages, group, parts)
  }

  /** The rows of a shard are encoded from now on, slot by slot. */
  beginRows(shard: Shard): void {
    const rows = this.#spare.pop() ?? new EntryBuffer()
    this.#lent.add(rows)
    this.walk = { shard, rows }
  }

  /** They all are: gives what they were encoded into. */
  endRows(shardIndex: number): EntryBuffer {
    const { rows } = required(this.walk, 'the rows of a shard were begun')
    this.walk = undefined
    this.nextShard = shardIndex + 1
    this.nextSlot = 0
    return rows
  }

  /** Nobody looks at the entries of a buffer any more, be it one of images or of rows. */
  giveBack(buffer: EntryBuffer): void {
    if (!this.#lent.delete(buffer)) return
    buffer.reset()
    this.#spare.push(buffer)
  }

  /** Needs nothing any more: it is written, or nobody wants it. */
  close(): void {
    this.nextShard = Number.POSITIVE_INFINITY
    this.walk = undefined
    this.nextItemShard = Number.POSITIVE_INFINITY
    this.nextTimerGroup = Number.POSITIVE_INFINITY
    this.collected.clear()
    this.#images.clear()
    this.#timerImages.clear()
    this.#spare.length = 0
    this.#lent.clear()
  }
}

function bufferOf(all: Map<number, EntryBuffer[]>, index: number): EntryBuffer {
  const held = all.get(index) ?? []
  const last = held.at(-1)
  if (last !== undefined && last.count < ENTRIES_PER_PART) return last
  const made = new EntryBuffer()
  held.push(made)
  all.set(index, held)
  return made
}

function* take(
  all: Map<number, EntryBuffer[]>,
  index: number,
  parts: SortedEntries[],
): Generator<undefined> {
  const held = all.get(index) ?? []
  all.delete(index)
  for (const buffer of held) {
    parts.push(buffer.sorted())
    yield undefined
  }
}
