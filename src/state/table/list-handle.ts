/** The handle of list states. Reading never makes a row; a result never shares with state. */
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { assert } from '../../util/assert.ts'
import type { ListState } from '../handles.ts'
import type { CollectionState } from './layout.ts'
import { ListCollection } from './list-collection.ts'
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
    const list = this.#store.collections().of(this.#store, this.#state)
    assert(list instanceof ListCollection, `${this.#state.name} is a list`)
    return list
  }
}
