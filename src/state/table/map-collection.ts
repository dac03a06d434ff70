/** The map state of one row. Each entry is an item of its own; a deleted one stays, dead. */
import { type ColdEntry, Collection, type CollectionHost } from './collection.ts'
import { ItemIndex } from './item-index.ts'
import { detach, Item, ITEM_BELOW, ITEM_DEAD, ITEM_REFERENCED, type ItemRow } from './item.ts'
import type { CollectionState } from './layout.ts'

/** Maps of up to so many entries below are loaded whole when they are read through. */
const LOADED_ENTRIES_MAX = 256

export class MapCollection extends Collection {
  /** Nothing lies below that is not here. */
  isComplete: boolean
  protected readonly index: ItemIndex
  protected serials = 0
  #hand: Iterator<Item> | undefined
  /** Too much of it lay below to be loaded whole. */
  #isLarge = false
  /** Items that are not dead. */
  #live = 0

  constructor(
    host: CollectionHost,
    row: ItemRow,
    state: CollectionState,
    liesBelow = false,
    index = new ItemIndex(),
  ) {
    super(host, row, state)
    this.index = index
    this.isComplete = !liesBelow
    this.isBelow = liesBelow
  }

  get touched(): number {
    return this.index.touched
  }

  get isGone(): boolean {
    return this.isComplete && !this.isBelow && this.index.size === 0
  }

  get isEmpty(): boolean {
    if (this.#live > 0) return false
    if (this.isComplete) return true
    for (const _ of this.live()) return false
    return true
  }

  /** True if it is sure without a look below that nothing is in it. */
  get isKnownEmpty(): boolean {
    return this.isComplete && this.#live === 0
  }

  items(): Iterable<Item> {
    return this.index.items()
  }

  /** The item of a key, if the map has one; `key` may be anybody's. */
  find(key: unknown): Item | undefined {
    const item = this.index.get(key)
    if (item !== undefined) {
      item.flags |= ITEM_REFERENCED
      return item.isDead ? undefined : item
    }
    return this.isComplete ? undefined : this.#load(key)
  }

  /** `key` and `value` are isolated. */
  set(key: unknown, value: unknown): Item {
    const item = this.#itemOf(key)
    this.touch(item)
    item.flags |= ITEM_REFERENCED
    if (item.isDead) {
      item.flags &= ~ITEM_DEAD
      this.#live++
    }
    item.value = value
    return item
  }

  /** Gives an entry that is there another value, which is isolated. */
  change(item: Item, value: unknown): void {
    this.touch(item)
    item.value = value
  }

  delete(key: unknown): void {
    const found = this.index.get(key)
    if (found === undefined ? this.isComplete : found.isDead) return
    const item = found ?? this.#itemOf(this.state.keyType?.isolate(key) ?? key)
    this.touch(item)
    if (!item.isDead) this.#live--
    item.flags |= ITEM_DEAD
    item.value = undefined
    if ((item.flags & ITEM_BELOW) === 0) this.drop(item)
    this.host.thin()
  }

  /** Adds an entry as an earlier run holds it. */
  restore(key: unknown, value: unknown, stampMs: number): void {
    const item = itemBelow(this, { key, value, stampMs })
    this.#add(item)
    this.#live++
    this.isBelow = true
  }

  /** Removes an entry that is there. */
  remove(item: Item): void {
    this.delete(item.key)
  }

  /** Makes an entry that is there ready for a change of its stamp. */
  renew(item: Item): Item {
    const held = this.index.get(item.key) ?? this.#load(item.key) ?? item
    this.touch(held)
    return held
  }

  /**
   * The entries that were there when it began and still are. An entry that is set meanwhile comes
   * with its new value, or not at all if it is new.
   */
  *live(): Generator<Item> {
    if (!this.isComplete) this.loadIfSmall()
    const last = this.serials
    for (const item of this.index.items()) {
      if (item.serial <= last && !item.isDead) yield item
    }
    if (this.isComplete) return
    for (let lower: Uint8Array | undefined; !this.isComplete;) {
      const page = this.host.below?.entries(this, { lower }, LOADED_ENTRIES_MAX) ?? []
      for (const entry of page) {
        if (this.isComplete) return // it was cleared
        const item = this.index.get(entry.key)
        if (item === undefined) yield itemBelow(this, entry)
        else if (item.serial > last && !item.isDead) yield item
      }
      if (page.length < LOADED_ENTRIES_MAX) return
      lower = afterBytes(page.at(-1)?.keyBytes)
    }
  }

  /** Adds what `live` gives to a list; false if that is too much to be loaded whole. */
  gather(into: Item[]): boolean {
    if (!this.isComplete) this.loadIfSmall()
    if (!this.isComplete) return false
    this.index.gather(into)
    return true
  }

  get itemCount(): number {
    return this.index.size
  }

  *idleItems(lookAtMost: number): Generator<Item> {
    for (let looked = 0; looked < lookAtMost; looked++) {
      this.#hand ??= this.index.items()
      const next = this.#hand.next()
      if (next.done === true) {
        this.#hand = undefined
        return
      }
      const item = next.value
      if ((item.flags & ITEM_REFERENCED) === 0) yield item
      else item.flags &= ~ITEM_REFERENCED
    }
  }

  letGo(item: Item): void {
    this.index.delete(item.key)
    this.host.countItems(-1)
    if (item.isDead) return
    this.#live--
    this.isComplete = false
    this.isBelow = true
  }

  protected drop(item: Item): void {
    if (this.index.get(item.key) === item) {
      this.index.delete(item.key)
      this.host.countItems(-1)
      // Older runs hold nothing of it that is not deleted by newer ones.
      if (this.isComplete && this.index.size === 0) this.isBelow = false
    }
    detach(item)
  }

  protected dropAll(): void {
    this.index.clear()
    this.#hand = undefined
    this.#live = 0
    this.#isLarge = false
    this.isComplete = true
  }

  /** Must come before an item changes. */
  touch(item: Item): void {
    if (item.epoch !== this.host.epoch) this.host.touchItem(item)
  }

  /** The item of a key, or a new dead one. */
  #itemOf(key: unknown): Item {
    const found = this.index.get(key)
    if (found !== undefined) return found
    const held = key === 0 ? 0 : key // −0 is 0
    const item = new Item(this, held, undefined, ITEM_DEAD | (this.isComplete ? 0 : ITEM_BELOW))
    this.#add(item)
    return item
  }

  #load(key: unknown): Item | undefined {
    const found = this.host.below?.entry(this, key)
    const item = this.#itemOf(this.state.keyType?.isolate(key) ?? key)
    if (found === undefined) return undefined
    item.flags &= ~ITEM_DEAD
    item.value = found.value
    item.stampMs = found.stampMs
    this.#live++
    return item
  }

  /** Brings all of it into memory, if that is not much. */
  protected loadIfSmall(): void {
    if (this.#isLarge) return
    const page = this.host.below?.entries(this, {}, LOADED_ENTRIES_MAX) ?? []
    if (page.length === LOADED_ENTRIES_MAX) {
      this.#isLarge = true
      return
    }
    for (const entry of page) {
      if (this.index.get(entry.key) === undefined) {
        this.#add(itemBelow(this, entry))
        this.#live++
      }
    }
    this.isComplete = true
  }

  #add(item: Item): void {
    item.serial = ++this.serials
    item.flags |= ITEM_REFERENCED
    this.index.set(item)
    this.host.countItems(1)
  }
}

/** An entry as the store below, or an earlier run, holds it. */
export function itemBelow(
  owner: MapCollection,
  { key, value, stampMs }: Pick<ColdEntry, 'key' | 'value' | 'stampMs'>,
): Item {
  const item = new Item(owner, key, value, ITEM_BELOW)
  item.stampMs = stampMs
  return item
}

/** The lowest key bytes behind these: keys end themselves, so a zero byte makes none between. */
export function afterBytes(keyBytes: Uint8Array | undefined): Uint8Array | undefined {
  return keyBytes === undefined ? undefined : Buffer.concat([keyBytes, Buffer.alloc(1)])
}
