/** The handle of list states. Reading never makes a row; a result never shares with state. */
import { readIsolated } from '../../types/isolated.ts'
import type { Type } from '../../types/type.ts'
import { assert } from '../../util/assert.ts'
import type { ListState } from '../handles.ts'
import type { CollectionState } from './layout.ts'
import { ListCollection } from './list-collection.ts'
import type { ListLife } from './lives.ts'
import type { RowCollections } from './row-collections.ts'
import type { RowStore } from './row-store.ts'

export class ListHandle implements ListState<unknown> {
  readonly #store: RowStore
  readonly #state: CollectionState
  readonly #type: Type<unknown>

  /** Only of states with a time to live; elements are then held with their stamps. */
  readonly #life: ListLife | undefined

  constructor(store: RowStore, state: CollectionState, life: ListLife | undefined) {
    this.#store = store
    this.#state = state
    this.#life = life
    this.#type = state.type
  }

  get(): readonly unknown[] {
    return Object.freeze(this.#read())
  }

  get length(): number {
    if (this.#life !== undefined) return this.#values(false).length
    return this.#held()?.length ?? 0
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this.#read()[Symbol.iterator]() // nobody else sees the array
  }

  add(value: unknown): void {
    const isolated = this.#type.isolate(value)
    this.#add(this.#list(), isolated)
  }

  addAll(values: Iterable<unknown>): void {
    const isolated = Array.from(values, (value) => this.#type.isolate(value))
    if (isolated.length === 0) return this.#store.expectKey()
    const list = this.#list()
    for (const value of isolated) this.#add(list, value)
  }

  update(values: Iterable<unknown>): void {
    const isolated = Array.from(values, (value) => this.#type.isolate(value))
    if (isolated.length === 0) return this.clear()
    const list = this.#list()
    const life = this.#life
    if (life === undefined) return list.replace(isolated)
    life.settle(list)
    list.replace(isolated.map((value) => life.stamped(list, value)))
  }

  clear(): void {
    const held = this.#held()
    if (held === undefined) return
    this.#life?.settle(held)
    held.clear()
  }

  #add(list: ListCollection, value: unknown): void {
    list.add(this.#life === undefined ? value : this.#life.stamped(list, value))
  }

  /** What a read gives, in a new array. */
  #read(): unknown[] {
    const all = this.#values(true)
    if (this.#type.copyOnRead) {
      for (let index = 0; index < all.length; index++) {
        all[index] = readIsolated(this.#type, all[index])
      }
    }
    return all
  }

  /** Those that a read may give, in a new array. */
  #values(reads: boolean): unknown[] {
    const held = this.#held()
    if (held === undefined) return []
    return this.#life === undefined ? held.all() : this.#life.visible(held, reads)
  }

  #held(): ListCollection | undefined {
    const row = this.#store.heldCollections()
    return row === undefined ? undefined : this.#of(row)
  }

  #list(): ListCollection {
    return this.#of(this.#store.collections())
  }

  #of(row: RowCollections): ListCollection {
    const list = row.of(this.#store, this.#state)
    assert(list instanceof ListCollection, 'the collection of a list state is a list')
    return list
  }
}
