/** Handles of list and map states. Reading never makes a row; a result never shares with state. */
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import type { ListState, MapState } from '../handles.ts'
import type { Item } from './item.ts'
import type { CollectionState } from './layout.ts'
import type { ListCollection } from './list-collection.ts'
import type { MapCollection } from './map-collection.ts'
import type { RowStore } from './row-store.ts'

export class ListHandle implements ListState<unknown> {
  readonly #store: RowStore
  readonly #state: CollectionState
  readonly #type: Type<unknown>

  constructor(store: RowStore, state: CollectionState) {
    this.#store = store
    this.#state = state
    this.#type = state.type
  }

  get(): readonly unknown[] {
    const all = this.#held()?.all() ?? []
    if (this.#type.copyOnRead) {
      for (let index = 0; index < all.length; index++) {
        all[index] = readIsolated(this.#type, all[index])
      }
    }
    return Object.freeze(all)
  }

  get length(): number {
    return this.#held()?.length ?? 0
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this.get()[Symbol.iterator]()
  }

  add(value: unknown): void {
    const isolated = this.#type.isolate(value)
    this.#list().add(isolated)
  }

  addAll(values: Iterable<unknown>): void {
    const isolated = Array.from(values, (value) => this.#type.isolate(value))
    if (isolated.length === 0) return this.#store.expectKey()
    const list = this.#list()
    for (const value of isolated) list.add(value)
  }

  update(values: Iterable<unknown>): void {
    const isolated = Array.from(values, (value) => this.#type.isolate(value))
    if (isolated.length === 0) return this.clear()
    this.#list().replace(isolated)
  }

  clear(): void {
    this.#held()?.clear()
  }

  #held(): ListCollection | undefined {
    return this.#store.hasCollections() ? this.#list() : undefined
  }

  #list(): ListCollection {
    return this.#store.collections().list(this.#store, this.#state)
  }
}

export class MapHandle implements MapState<unknown, unknown> {
  readonly #store: RowStore
  readonly #state: CollectionState
  readonly #type: Type<unknown>
  readonly #keyType: Type<unknown>

  constructor(store: RowStore, state: CollectionState) {
    this.#store = store
    this.#state = state
    this.#type = state.type
    this.#keyType = required(state.keyType, `${state.name} has no key type`)
  }

  get(key: unknown): unknown {
    const item = this.#held()?.find(key)
    return item === undefined ? undefined : readIsolated(this.#type, item.value)
  }

  has(key: unknown): boolean {
    return this.#held()?.find(key) !== undefined
  }

  get isEmpty(): boolean {
    return this.#held()?.isEmpty ?? true
  }

  set(key: unknown, value: unknown): void {
    const [ownKey, ownValue] = [this.#keyType.isolate(key), this.#type.isolate(value)]
    this.#map().set(ownKey, ownValue)
  }

  delete(key: unknown): void {
    this.#held()?.delete(key)
  }

  clear(): void {
    this.#held()?.clear()
  }

  keys(): Iterable<unknown> {
    return this.#each((item) => readIsolated(this.#keyType, item.key))
  }

  values(): Iterable<unknown> {
    return this.#each((item) => readIsolated(this.#type, item.value))
  }

  entries(): Iterable<readonly [unknown, unknown]> {
    return this.#each((item) => [
      readIsolated(this.#keyType, item.key),
      readIsolated(this.#type, item.value),
    ])
  }

  [Symbol.iterator](): Iterator<readonly [unknown, unknown]> {
    return this.entries()[Symbol.iterator]()
  }

  #each<R>(pick: (item: Item) => R): Iterable<R> {
    const held = this.#held()
    const store = this.#store
    return {
      *[Symbol.iterator]() {
        for (const item of held?.live() ?? []) {
          store.expectCurrent(item.owner.row)
          yield pick(item)
        }
      },
    }
  }

  #held(): MapCollection | undefined {
    return this.#store.hasCollections() ? this.#map() : undefined
  }

  #map(): MapCollection {
    return this.#store.collections().map(this.#store, this.#state)
  }
}
