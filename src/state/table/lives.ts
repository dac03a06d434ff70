/** How each shape of state lets go of what has expired: scalars, single entries, lists. */
import { assert, required } from '../../util/assert.ts'
import type { Life, Mortal } from './expiry.ts'
import type { Item } from './item.ts'
import type { CollectionState, Scalar } from './layout.ts'
import { ListCollection } from './list-collection.ts'
import { MapCollection } from './map-collection.ts'
import { ABSENT } from './records.ts'
import type { RowStore } from './row-store.ts'
import { Stamped } from './stamped.ts'

export class ScalarLife implements Mortal {
  readonly life: Life
  readonly #store: RowStore
  readonly #scalar: Scalar
  /** What the function gets of a value that is held. */
  readonly #show: (held: unknown) => unknown

  constructor(life: Life, store: RowStore, scalar: Scalar, show: (held: unknown) => unknown) {
    this.life = life
    this.#store = store
    this.#scalar = scalar
    this.#show = show
  }

  /** What a read of the current row may give. */
  read(held: unknown): unknown {
    if (held === ABSENT) return held
    const stampMs = this.#stampMs
    if (this.life.isExpired(stampMs)) return this.life.ttl.returnsExpired ? held : ABSENT
    if (this.life.ttl.renewsOnRead && stampMs !== this.life.now()) {
      this.#store.prepare()
      this.touch()
    }
    return held
  }

  /** What a write may build on: never what has expired. */
  fresh(held: unknown): unknown {
    return held !== ABSENT && this.life.isExpired(this.#stampMs) ? ABSENT : held
  }

  /** Before a write: what has expired goes first. */
  settle(): void {
    const { shard, slot, records } = this.#store
    if (shard === undefined) return
    const held = records.get(shard, slot, this.#scalar)
    if (held !== ABSENT && this.life.isExpired(this.#stampMs)) this.#remove(held)
  }

  /** After a write of the current row. */
  touch(): void {
    const { store, lanes, mark } = this.#lanes()
    const now = this.life.now()
    store.records.stamp(required(store.shard, 'written'), store.slot, this.#scalar, now)
    lanes[mark] = this.life.mark(now, lanes[mark] as number)
  }

  sweep(markedAt: number): void {
    const { shard, slot, records } = this.#store
    if (shard === undefined) return
    const { lanes, mark } = this.#lanes()
    if ((lanes[mark] as number) <= markedAt) lanes[mark] = 0
    const held = records.get(shard, slot, this.#scalar)
    const stampMs = this.#stampMs
    if (held === ABSENT || stampMs < 0) return
    if (this.life.isExpired(stampMs)) this.#remove(held)
    else lanes[mark] = this.life.mark(stampMs, lanes[mark] as number)
  }

  sweepBare(): void {
    const { shard, slot, records } = this.#store
    if (shard === undefined) return
    const held = records.get(shard, slot, this.#scalar)
    if (held !== ABSENT && this.#stampMs < 0) this.#remove(held)
  }

  get #stampMs(): number {
    const { shard, slot, records } = this.#store
    return shard === undefined ? -1 : records.stampOf(shard, slot, this.#scalar)
  }

  #lanes(): { readonly store: RowStore; readonly lanes: Float64Array; readonly mark: number } {
    const store = this.#store
    const { lanes } = required(store.shard, 'there is a row')
    return { store, lanes, mark: store.at + this.#scalar.markLane }
  }

  #remove(held: unknown): void {
    const store = this.#store
    const stampMs = this.#stampMs
    // An accumulator is shown before its row is prepared: the result is of its own.
    const shown = this.life.ttl.onExpire === undefined ? undefined : this.#show(held)
    store.prepare()
    const shard = required(store.shard, 'there is a row')
    store.records.set(shard, store.slot, this.#scalar, ABSENT)
    store.records.stamp(shard, store.slot, this.#scalar, -1)
    store.thin()
    this.life.tell(shown, stampMs)
  }
}

/** The collection of the current row, if it has one. */
function collectionOf(store: RowStore, state: CollectionState): unknown {
  return store.heldCollections()?.of(store, state)
}

/** Of maps, sorted maps, sets and deques. */
export class EntriesLife implements Mortal {
  readonly life: Life
  readonly #store: RowStore
  readonly #state: CollectionState
  readonly #show: (item: Item) => unknown

  constructor(life: Life, store: RowStore, state: CollectionState, show: (item: Item) => unknown) {
    this.life = life
    this.#store = store
    this.#state = state
    this.#show = show
  }

  /** The item, if reads may give it. */
  visible(item: Item | undefined): Item | undefined {
    return item === undefined || this.life.hides(item.stampMs) ? undefined : item
  }

  /** Those of the items that reads may give. */
  *allVisible(items: Iterable<Item>): Generator<Item> {
    for (const item of items) if (!this.life.hides(item.stampMs)) yield item
  }

  /** After a read that hands out an item. */
  read(of: MapCollection, item: Item): void {
    if (!this.life.ttl.renewsOnRead || this.life.isExpired(item.stampMs)) return
    if (item.stampMs !== this.life.now()) this.touch(of, of.renew(item))
  }

  /** After a write of an item. */
  touch(of: MapCollection, item: Item): void {
    item.stampMs = this.life.now()
    of.markedAt = this.life.mark(item.stampMs, of.markedAt)
  }

  /** Before an entry is written over or removed: if it has expired, it goes as such. */
  settle(of: MapCollection, key: unknown): void {
    if (this.life.ttl.onExpire === undefined) return
    const item = of.find(key)
    if (item !== undefined && this.life.isExpired(item.stampMs)) this.expire(of, item)
  }

  /** The same for all entries. */
  settleAll(of: MapCollection): void {
    if (this.life.ttl.onExpire === undefined) return
    for (const item of of.live()) if (this.life.isExpired(item.stampMs)) this.expire(of, item)
  }

  expire(of: MapCollection, item: Item): void {
    const { stampMs } = item
    const shown = this.#show(item)
    const mapKey = this.#state.kind.endsWith('map') ? item.key : undefined
    of.remove(item)
    this.life.tell(shown, stampMs, mapKey)
  }

  sweep(markedAt: number): void {
    const of = collectionOf(this.#store, this.#state)
    if (!(of instanceof MapCollection)) return
    if (of.markedAt <= markedAt) of.markedAt = 0
    let oldest = Number.POSITIVE_INFINITY
    for (const item of of.live()) {
      if (this.life.isExpired(item.stampMs)) this.expire(of, item)
      else if (item.stampMs >= 0) oldest = Math.min(oldest, item.stampMs)
    }
    if (oldest < Number.POSITIVE_INFINITY) of.markedAt = this.life.mark(oldest, of.markedAt)
  }

  sweepBare(): void {
    const of = collectionOf(this.#store, this.#state)
    if (!(of instanceof MapCollection)) return
    for (const item of of.live()) if (item.stampMs < 0) this.expire(of, item)
  }
}

/** Of lists, whose elements are stamped one by one. */
export class ListLife implements Mortal {
  readonly life: Life
  readonly #store: RowStore
  readonly #state: CollectionState
  readonly #show: (value: unknown) => unknown

  constructor(
    life: Life,
    store: RowStore,
    state: CollectionState,
    show: (value: unknown) => unknown,
  ) {
    this.life = life
    this.#store = store
    this.#state = state
    this.#show = show
  }

  /** The element that is held for a value written now. */
  stamped(of: ListCollection, value: unknown): Stamped {
    const stampMs = this.life.now()
    of.markedAt = this.life.mark(stampMs, of.markedAt)
    return new Stamped(value, stampMs)
  }

  /** The values that reads may give; they count as read if `reads`. */
  visible(of: ListCollection, reads: boolean): unknown[] {
    const all = elementsOf(of)
    const { life } = this
    const now = life.now()
    if (reads && life.ttl.renewsOnRead && all.some((each) => each.stampMs !== now)) {
      of.replace(all.map((each) => this.#renewed(each, now)))
      of.markedAt = life.mark(now, of.markedAt)
    }
    return all.filter(({ stampMs }) => !life.hides(stampMs)).map(({ value }) => value)
  }

  /** Before all elements are replaced or cleared. */
  settle(of: ListCollection): void {
    if (this.life.ttl.onExpire === undefined) return
    this.#expire(of, ({ stampMs }) => this.life.isExpired(stampMs))
  }

  sweep(markedAt: number): void {
    const of = this.#collection()
    if (of === undefined) return
    if (of.markedAt <= markedAt) of.markedAt = 0
    const left = this.#expire(of, ({ stampMs }) => this.life.isExpired(stampMs))
    const stamps = left.map(({ stampMs }) => stampMs).filter((stampMs) => stampMs >= 0)
    if (stamps.length === 0) return
    const oldest = stamps.reduce((min, stampMs) => Math.min(min, stampMs), Number.POSITIVE_INFINITY)
    of.markedAt = this.life.mark(oldest, of.markedAt)
  }

  sweepBare(): void {
    const of = this.#collection()
    if (of !== undefined) this.#expire(of, ({ stampMs }) => stampMs < 0)
  }

  #collection(): ListCollection | undefined {
    const of = collectionOf(this.#store, this.#state)
    return of instanceof ListCollection ? of : undefined
  }

  #renewed(element: Stamped, now: number): Stamped {
    return this.life.isExpired(element.stampMs) ? element : new Stamped(element.value, now)
  }

  /** Removes some elements; gives the others. */
  #expire(of: ListCollection, isOver: (element: Stamped) => boolean): readonly Stamped[] {
    const all = elementsOf(of)
    const left = all.filter((element) => !isOver(element))
    if (left.length === all.length) return all
    if (left.length === 0) of.clear()
    else of.replace(left)
    for (const element of all) {
      if (isOver(element)) this.life.tell(this.#show(element.value), element.stampMs)
    }
    return left
  }
}

function elementsOf(of: ListCollection): readonly Stamped[] {
  return of.all().map((element) => {
    assert(element instanceof Stamped, 'elements of a mortal list are stamped')
    return element
  })
}
