/**
 * The map or set state of one row with numbers as keys and numbers or booleans as values, packed.
 * What a cut needs is known of each entry, as of the items of other maps; but in the list of its
 * shard's changes one item, the body, stands for all entries of the map.
 */
import { assert } from '../../util/assert.ts'
import { Collection, type CollectionHost } from './collection.ts'
import { detach, Item, ITEM_BELOW, ITEM_DEAD, type ItemRow } from './item.ts'
import type { CollectionState } from './layout.ts'
import {
  ENTRY_BELOW,
  ENTRY_DEAD,
  ENTRY_EPOCH,
  ENTRY_MARK,
  ENTRY_VALUE,
  PackedEntries,
} from './packed-entries.ts'
import type { SlotArena } from './slot-arena.ts'

/** Key, value and flags. */
const COPY_LANES = 3

/** What packed maps need of their table besides. */
export interface PackedHost extends CollectionHost {
  /** Where the entries of all maps lie. */
  readonly packed: SlotArena
  /** Must be called before an entry changes for the first time in an epoch. */
  touchPacked(of: PackedMapCollection, at: number): void
  /** Saves an entry for cuts that still need it as it is; before it is dropped. */
  preservePacked(of: PackedMapCollection, at: number): void
  /** Room was taken or, below zero, given back; for the estimate of memory. */
  countLanes(change: number): void
}

export class PackedMapCollection extends Collection {
  readonly #entries: PackedEntries
  readonly #host: PackedHost
  readonly #hasValues: boolean
  /** Stands for the entries in the list of changes; made anew once all of them went. */
  #body: Item | undefined
  /** Entries that are not dead. */
  #live = 0

  constructor(host: PackedHost, row: ItemRow, state: CollectionState) {
    super(host, row, state)
    this.#host = host
    this.#hasValues = state.kind === 'map'
    this.#entries = new PackedEntries(host.packed, this.#hasValues)
  }

  get touched(): number {
    return this.#entries.words.length
  }

  get isGone(): boolean {
    return !this.isBelow && this.#entries.count === 0
  }

  get isEmpty(): boolean {
    return this.#live === 0
  }

  get itemCount(): number {
    return this.#entries.count
  }

  get body(): Item {
    this.#body ??= new Item(this, undefined, undefined, 0)
    return this.#body
  }

  /** The number that is held for a key, or undefined. */
  get(key: unknown): number | undefined {
    const at = this.placeOf(key)
    return at < 0 ? undefined : this.valueAt(at)
  }

  has(key: unknown): boolean {
    return this.placeOf(key) >= 0
  }

  /** Where a key lies, until one comes or goes; -1 if it is not there. */
  placeOf(key: unknown): number {
    if (typeof key !== 'number') return -1
    const entries = this.#entries
    const at = entries.find(key)
    return at >= 0 && (entries.flagsAt(at) & ENTRY_DEAD) === 0 ? at : -1
  }

  valueAt(at: number): number {
    return this.#entries.lanes[at + ENTRY_VALUE] as number // within its entry
  }

  /** Gives an entry that is there another value. */
  change(at: number, value: number): void {
    if (this.epochAt(at) !== this.#host.epoch) this.#touch(at)
    this.#entries.lanes[at + ENTRY_VALUE] = value
  }

  /** @param value of a set: any number. */
  set(key: number, value: number): void {
    const entries = this.#entries
    const found = entries.find(key)
    const at = found >= 0 ? found : this.#add(key)
    const word = at * 2
    if (entries.words[word + ENTRY_EPOCH] !== this.#host.epoch) this.#touch(at)
    const mark = entries.words[word + ENTRY_MARK] as number // within its entry, as below
    if ((mark & ENTRY_DEAD) !== 0) {
      entries.words[word + ENTRY_MARK] = mark & ~ENTRY_DEAD
      this.#live++
    }
    if (this.#hasValues) entries.lanes[at + ENTRY_VALUE] = value
  }

  delete(key: unknown): void {
    if (typeof key !== 'number') return
    const entries = this.#entries
    const at = entries.find(key)
    if (at < 0 || (entries.flagsAt(at) & ENTRY_DEAD) !== 0) return
    if (entries.words[at * 2 + ENTRY_EPOCH] !== this.#host.epoch) this.#touch(at)
    this.#live--
    if ((entries.flagsAt(at) & ENTRY_BELOW) === 0) this.#remove(at)
    else {
      const mark = entries.words[at * 2 + ENTRY_MARK] as number // within its entry
      entries.words[at * 2 + ENTRY_MARK] = mark | ENTRY_DEAD
    }
    this.#host.thin()
  }

  /** Adds an entry as an earlier run holds it. */
  restore(key: number, value: number): void {
    const at = this.#add(key)
    const word = at * 2 + ENTRY_MARK
    const mark = this.#entries.words[word] as number // within its entry
    this.#entries.words[word] = (mark & ~ENTRY_DEAD) | ENTRY_BELOW
    if (this.#hasValues) this.#entries.lanes[at + ENTRY_VALUE] = value
    this.#live++
    this.isBelow = true
  }

  /**
   * The keys that were there when it began and still are. An entry that is set meanwhile comes with
   * its new value, or not at all if it is new.
   */
  *liveKeys(): Generator<number> {
    const entries = this.#entries
    const last = entries.serial
    for (const key of entries.liveKeys()) {
      const at = entries.find(key)
      if (at < 0 || (entries.flagsAt(at) & ENTRY_DEAD) !== 0) continue
      if (entries.serialAt(at) <= last) yield key
    }
  }

  /** As an item, which is made for it and changes nothing here. */
  itemAt(at: number): Item {
    const entries = this.#entries
    return this.#item(entries.keyAt(at), this.#laneAt(at), entries.flagsAt(at))
  }

  epochAt(at: number): number {
    return this.#entries.words[at * 2 + ENTRY_EPOCH] as number // within its entry
  }

  /** Earlier runs will hold an entry. False if there is nothing to hold: it is dead, as there. */
  noteEncoded(at: number): boolean {
    const flags = this.#entries.flagsAt(at)
    if ((flags & ENTRY_DEAD) !== 0) return (flags & ENTRY_BELOW) !== 0
    const word = at * 2 + ENTRY_MARK
    this.#entries.words[word] = (this.#entries.words[word] as number) | ENTRY_BELOW // within it
    this.isBelow = true
    return true
  }

  /** The entries that a cut holds; they are copied, and may change afterwards. */
  itemsIn(cut: { holds(epoch: number): boolean }): Iterable<Item> {
    const entries = this.#entries
    const held = entries
      .places()
      .filter((at) => cut.holds(this.epochAt(at)) && this.noteEncoded(at))
    const copies = new Float64Array(held.length * COPY_LANES)
    for (const [index, at] of held.entries()) {
      copies.set([entries.keyAt(at), this.#laneAt(at), entries.flagsAt(at)], index * COPY_LANES)
    }
    return this.#itemsOf(copies)
  }

  *items(): Generator<Item> {
    for (const at of this.#entries.places()) yield this.itemAt(at)
  }

  /** Drops dead entries whose tombstones are no longer needed. */
  sweep(confirmedEpoch: number): void {
    if (this.#live === this.#entries.count) return
    const entries = this.#entries
    const isOver = (at: number): boolean =>
      (entries.flagsAt(at) & ENTRY_DEAD) !== 0 && this.epochAt(at) <= confirmedEpoch
    const over = entries.places().filter(isOver)
    for (const key of over.map((at) => entries.keyAt(at))) this.#remove(entries.find(key))
  }

  // What it holds never leaves memory: tables with a store below have other maps.
  *idleItems(): Generator<Item> {}

  letGo(): void {
    assert(false, 'packed maps stay in memory')
  }

  protected drop(): void {
    assert(false, 'the entries of packed maps are no items')
  }

  protected override preserveAll(): void {
    for (const at of this.#entries.places()) this.#host.preservePacked(this, at)
  }

  protected dropAll(): void {
    const { room } = this.#entries
    this.#entries.clear()
    this.#live = 0
    this.#host.countLanes(-room)
    this.#leaveChanges()
  }

  /** The arena's words and lanes may be others afterwards. */
  #add(key: number): number {
    const { room } = this.#entries
    const at = this.#entries.add(key, ENTRY_DEAD)
    if (this.#entries.room !== room) this.#host.countLanes(this.#entries.room - room)
    return at
  }

  #remove(at: number): void {
    const { room } = this.#entries
    this.#entries.remove(at)
    if (this.#entries.room !== room) this.#host.countLanes(this.#entries.room - room)
    if (this.#entries.count > 0) return
    // Older runs hold nothing of it that is not deleted by newer ones.
    this.isBelow = false
    this.#leaveChanges()
  }

  #touch(at: number): void {
    this.#host.touchPacked(this, at)
    this.#entries.words[at * 2 + ENTRY_EPOCH] = this.#host.epoch
  }

  #leaveChanges(): void {
    if (this.#body !== undefined) detach(this.#body)
    this.#body = undefined
  }

  *#itemsOf(copies: Float64Array): Generator<Item> {
    for (let lane = 0; lane < copies.length; lane += COPY_LANES) {
      const [key = 0, value = 0, flags = 0] = copies.subarray(lane, lane + COPY_LANES)
      yield this.#item(key, value, flags)
    }
  }

  #laneAt(at: number): number {
    return this.#hasValues ? (this.#entries.lanes[at + ENTRY_VALUE] as number) : 0 // within it
  }

  #item(key: number, lane: number, held: number): Item {
    const isDead = (held & ENTRY_DEAD) !== 0
    const flags = (isDead ? ITEM_DEAD : 0) | ((held & ENTRY_BELOW) !== 0 ? ITEM_BELOW : 0)
    const value = this.state.packing === 'boolean' ? lane === 1 : lane
    return new Item(this, key, this.#hasValues ? value : undefined, flags)
  }
}

/** The map that an item of the list of changes stands for, if it is one's body. */
export function packedOf(item: Item): PackedMapCollection | undefined {
  const { owner } = item
  return owner instanceof PackedMapCollection && item === owner.body ? owner : undefined
}
