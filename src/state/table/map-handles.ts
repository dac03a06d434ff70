/**
 * Handles of map, sorted map and set states. Reading never makes a row; a result never shares with
 * state.
 */
import { MillraceError } from '../../errors.ts'
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { assert, required } from '../../util/assert.ts'
import type { SetState, SortedRange, WalkedSortedMap } from '../collection-handles.ts'
import type { EntryFold, FoldedMap, GatheredMap } from '../handles.ts'
import type { Item } from './item.ts'
import { before, beforePrefix, behind, behindPrefix } from './key-cut.ts'
import type { CollectionState } from './layout.ts'
import type { EntriesLife } from './lives.ts'
import { MapCollection } from './map-collection.ts'
import type { RowCollections } from './row-collections.ts'
import type { RowStore } from './row-store.ts'
import { type KeyRange, SortedMapCollection } from './sorted-map-collection.ts'

type Pair = readonly [unknown, unknown]

/** What all collections of single entries have: the one of the current row, and its walks. */
abstract class EntriesHandle {
  protected readonly store: RowStore
  protected readonly type: Type<unknown>
  protected readonly keyType: Type<unknown>
  /** Only of states with a time to live. */
  protected readonly life: EntriesLife | undefined
  readonly #state: CollectionState

  constructor(store: RowStore, state: CollectionState, life: EntriesLife | undefined) {
    this.store = store
    this.#state = state
    this.life = life
    this.type = state.type
    this.keyType = required(state.keyType, `${state.name} has no key type`)
  }

  has(key: unknown): boolean {
    return this.find(this.held(), key) !== undefined
  }

  get isEmpty(): boolean {
    const held = this.held()
    if (held === undefined || this.life === undefined) return held?.isEmpty ?? true
    for (const _ of this.life.allVisible(held.live())) return false
    return true
  }

  delete(key: unknown): void {
    const held = this.held()
    if (held === undefined) return
    this.life?.settle(held, key)
    held.delete(key)
  }

  clear(): void {
    const held = this.held()
    if (held === undefined) return
    this.life?.settleAll(held)
    held.clear()
  }

  /** What a read may give of a key. */
  protected find(of: MapCollection | undefined, key: unknown): Item | undefined {
    const item = of?.find(key)
    return this.life === undefined ? item : this.life.visible(item)
  }

  /** Sets an entry; both are isolated. */
  protected put(key: unknown, value: unknown): void {
    const own = this.own()
    this.life?.settle(own, key)
    const item = own.set(key, value)
    this.life?.touch(own, item)
  }

  /** Of the current row, if it has any. */
  protected held(): MapCollection | undefined {
    const row = this.store.heldCollections()
    return row === undefined ? undefined : this.#of(row)
  }

  protected own(): MapCollection {
    return this.#of(this.store.collections())
  }

  #of(row: RowCollections): MapCollection {
    const own = row.of(this.store, this.#state)
    assert(own instanceof MapCollection, 'the collection of a map state has entries')
    return own
  }

  /** Walks through some entries; with `reads` they count as read. */
  protected each<R>(
    items: (of: MapCollection) => Iterable<Item>,
    pick: (item: Item) => R,
    reads = true,
  ): Iterable<R> {
    const held = this.held()
    const { store, life } = this
    if (held === undefined) return []
    return {
      *[Symbol.iterator]() {
        const all = items(held)
        for (const item of life === undefined ? all : life.allVisible(all)) {
          store.expectCurrent(item.owner.row)
          const picked = pick(item)
          if (reads) life?.read(held, item)
          yield picked
        }
      },
    }
  }

  protected keyOf(item: Item): unknown {
    return readIsolated(this.keyType, item.key)
  }
}

/** What a gathering finds, while it goes on. */
const gathered: Item[] = []

export class MapHandle
  extends EntriesHandle
  implements GatheredMap<unknown, unknown>, FoldedMap<unknown, unknown>
{
  get(key: unknown): unknown {
    const held = this.held()
    const item = this.find(held, key)
    if (held === undefined || item === undefined) return undefined
    this.life?.read(held, item)
    return readIsolated(this.type, item.value)
  }

  set(key: unknown, value: unknown): void {
    const [ownKey, ownValue] = [this.keyType.isolate(key), this.type.isolate(value)]
    this.put(ownKey, ownValue)
  }

  fold(key: unknown, by: EntryFold<unknown>, value: unknown): boolean {
    assert(this.life === undefined, 'what is folded by entry has no time to live')
    const held = this.held()
    const item = held?.find(key)
    if (held === undefined || item === undefined) {
      this.set(key, by.first(value))
      return true
    }
    const before = readIsolated(this.type, item.value)
    const isObject = typeof before === 'object' && before !== null
    // A pending snapshot takes it as it was.
    if (isObject && by.changesInPlace) held.touch(item)
    const next = by.add(before, value)
    if (!isObject || next !== before) held.change(item, this.type.isolate(next))
    return false
  }

  keys(): Iterable<unknown> {
    return this.each(live, (item) => this.keyOf(item), false)
  }

  values(): Iterable<unknown> {
    return this.each(live, (item) => readIsolated(this.type, item.value))
  }

  entries(): Iterable<Pair> {
    return this.each(live, (item) => this.pair(item))
  }

  gather(keys: unknown[], values: unknown[]): void {
    const held = this.held()
    if (held === undefined) return
    gathered.length = 0
    if (this.life === undefined && held.gather(gathered)) {
      for (const item of gathered) {
        if (item.isDead) continue
        keys.push(this.keyOf(item))
        values.push(readIsolated(this.type, item.value))
      }
    } else {
      for (const [key, value] of this.entries()) {
        keys.push(key)
        values.push(value)
      }
    }
    gathered.length = 0
  }

  [Symbol.iterator](): Iterator<Pair> {
    return this.entries()[Symbol.iterator]()
  }

  protected pair(item: Item): Pair {
    return [this.keyOf(item), readIsolated(this.type, item.value)]
  }
}

export class SortedMapHandle extends MapHandle implements WalkedSortedMap<unknown, unknown> {
  walk(from: unknown, to: unknown, visit: (key: unknown, value: unknown) => boolean): void {
    const held = this.held()
    if (held === undefined) return
    const isWhole =
      this.life === undefined &&
      sorted(held).walk(from, to, (item) => {
        this.store.expectCurrent(item.owner.row)
        return visit(this.keyOf(item), readIsolated(this.type, item.value))
      })
    if (isWhole) return
    for (const [key, value] of this.range({ from, to, toInclusive: true })) {
      if (!visit(key, value)) return
    }
  }

  range(range: SortedRange<unknown>): Iterable<Pair> {
    const { limit = Number.POSITIVE_INFINITY } = range
    if (limit !== Number.POSITIVE_INFINITY && !(Number.isInteger(limit) && limit >= 0)) {
      throw new MillraceError('TYPE_MISMATCH', `range(): ${String(limit)} is no limit`)
    }
    const bounds = boundsOf(range)
    const found = this.each(
      (of) => sorted(of).range(bounds),
      (item) => this.pair(item),
    )
    return limit === Number.POSITIVE_INFINITY ? found : atMost(found, limit)
  }

  first(): Pair | undefined {
    for (const found of this.range({ limit: 1 })) return found
    return undefined
  }

  last(): Pair | undefined {
    for (const found of this.range({ reverse: true, limit: 1 })) return found
    return undefined
  }
}

export class SetHandle extends EntriesHandle implements SetState<unknown> {
  add(value: unknown): void {
    const own = this.keyType.isolate(value)
    if (this.life !== undefined || this.held()?.find(own) === undefined) this.put(own, undefined)
  }

  /** There is no other read of an element, so this one counts. */
  override has(value: unknown): boolean {
    const held = this.held()
    const item = this.find(held, value)
    if (held === undefined || item === undefined) return false
    this.life?.read(held, item)
    return true
  }

  values(): Iterable<unknown> {
    return this.each(live, (item) => this.keyOf(item))
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this.values()[Symbol.iterator]()
  }
}

function live(of: MapCollection): Iterable<Item> {
  return of.live()
}

function sorted(of: MapCollection): SortedMapCollection {
  assert(of instanceof SortedMapCollection, 'only sorted maps have ranges')
  return of
}

function boundsOf(range: SortedRange<unknown>): KeyRange {
  const { prefix, fromExclusive, toInclusive, reverse: isDown = false } = range
  const [hasFrom, hasTo] = [range.from !== undefined, range.to !== undefined]
  if (prefix !== undefined) {
    if (hasFrom || hasTo) {
      throw new MillraceError('TYPE_MISMATCH', 'range() takes a prefix, or from and to, not both')
    }
    const isText = typeof prefix === 'string' || prefix instanceof Uint8Array
    if (!isText && !Array.isArray(prefix)) {
      throw new MillraceError('TYPE_MISMATCH', 'range(): only strings, bytes and tuples begin')
    }
    return { lower: beforePrefix(prefix), upper: behindPrefix(prefix), isDown }
  }
  const lower = fromExclusive === true ? behind(range.from) : before(range.from)
  const upper = toInclusive === true ? behind(range.to) : before(range.to)
  return { lower: hasFrom ? lower : undefined, upper: hasTo ? upper : undefined, isDown }
}

function atMost<T>(items: Iterable<T>, limit: number): Iterable<T> {
  return {
    *[Symbol.iterator]() {
      let left = limit
      if (left === 0) return
      for (const item of items) {
        yield item
        if (--left === 0) return
      }
    },
  }
}
