/**
 * Handles of map, sorted map and set states. Reading never makes a row; a result never shares with
 * state.
 */
import { MillraceError } from '../../errors.ts'
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { assert, required } from '../../util/assert.ts'
import type { SetState, SortedMapState, SortedRange } from '../collection-handles.ts'
import type { MapState } from '../handles.ts'
import type { Item } from './item.ts'
import { before, beforePrefix, behind, behindPrefix } from './key-cut.ts'
import type { CollectionState } from './layout.ts'
import { MapCollection } from './map-collection.ts'
import type { RowStore } from './row-store.ts'
import { type KeyRange, SortedMapCollection } from './sorted-map-collection.ts'

type Pair = readonly [unknown, unknown]

/** What all collections of single entries have: the one of the current row, and its walks. */
abstract class EntriesHandle {
  protected readonly store: RowStore
  protected readonly type: Type<unknown>
  protected readonly keyType: Type<unknown>
  readonly #state: CollectionState

  constructor(store: RowStore, state: CollectionState) {
    this.store = store
    this.#state = state
    this.type = state.type
    this.keyType = required(state.keyType, `${state.name} has no key type`)
  }

  has(key: unknown): boolean {
    return this.held()?.find(key) !== undefined
  }

  get isEmpty(): boolean {
    return this.held()?.isEmpty ?? true
  }

  delete(key: unknown): void {
    this.held()?.delete(key)
  }

  clear(): void {
    this.held()?.clear()
  }

  /** Of the current row, if it has any. */
  protected held(): MapCollection | undefined {
    return this.store.hasCollections() ? this.own() : undefined
  }

  protected own(): MapCollection {
    const own = this.store.collections().of(this.store, this.#state)
    assert(own instanceof MapCollection, `${this.#state.name} has entries`)
    return own
  }

  protected each<R>(
    items: (of: MapCollection) => Iterable<Item>,
    pick: (item: Item) => R,
  ): Iterable<R> {
    const held = this.held()
    const { store } = this
    return {
      *[Symbol.iterator]() {
        for (const item of held === undefined ? [] : items(held)) {
          store.expectCurrent(item.owner.row)
          yield pick(item)
        }
      },
    }
  }

  protected keyOf(item: Item): unknown {
    return readIsolated(this.keyType, item.key)
  }
}

export class MapHandle extends EntriesHandle implements MapState<unknown, unknown> {
  get(key: unknown): unknown {
    const item = this.held()?.find(key)
    return item === undefined ? undefined : readIsolated(this.type, item.value)
  }

  set(key: unknown, value: unknown): void {
    const [ownKey, ownValue] = [this.keyType.isolate(key), this.type.isolate(value)]
    this.own().set(ownKey, ownValue)
  }

  keys(): Iterable<unknown> {
    return this.each(live, (item) => this.keyOf(item))
  }

  values(): Iterable<unknown> {
    return this.each(live, (item) => readIsolated(this.type, item.value))
  }

  entries(): Iterable<Pair> {
    return this.each(live, (item) => this.pair(item))
  }

  [Symbol.iterator](): Iterator<Pair> {
    return this.entries()[Symbol.iterator]()
  }

  protected pair(item: Item): Pair {
    return [this.keyOf(item), readIsolated(this.type, item.value)]
  }
}

export class SortedMapHandle extends MapHandle implements SortedMapState<unknown, unknown> {
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
    if (this.held()?.find(own) === undefined) this.own().set(own, undefined)
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
