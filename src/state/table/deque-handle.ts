/** The handle of deque states. */
import { readIsolated } from '../../types/isolated.ts'
import { assert } from '../../util/assert.ts'
import type { DequeState } from '../collection-handles.ts'
import { DequeCollection } from './deque-collection.ts'
import type { Item } from './item.ts'
import type { CollectionState } from './layout.ts'
import type { RowStore } from './row-store.ts'

export class DequeHandle implements DequeState<unknown> {
  readonly #store: RowStore
  readonly #state: CollectionState

  constructor(store: RowStore, state: CollectionState) {
    this.#store = store
    this.#state = state
  }

  get length(): number {
    return this.#held()?.length ?? 0
  }

  first(): unknown {
    return this.#read(this.#held()?.end(true))
  }

  last(): unknown {
    return this.#read(this.#held()?.end(false))
  }

  at(index: number): unknown {
    const whole = Math.trunc(index)
    return this.#read(this.#held()?.at(whole < 0 ? this.length + whole : whole))
  }

  pushFirst(value: unknown): void {
    this.#push(value, true)
  }

  pushLast(value: unknown): void {
    this.#push(value, false)
  }

  popFirst(): unknown {
    return this.#pop(true)
  }

  popLast(): unknown {
    return this.#pop(false)
  }

  clear(): void {
    this.#held()?.clear()
  }

  *[Symbol.iterator](): Iterator<unknown> {
    for (const item of this.#held()?.live() ?? []) {
      this.#store.expectCurrent(item.owner.row)
      yield this.#read(item)
    }
  }

  #push(value: unknown, atFront: boolean): void {
    const isolated = this.#state.type.isolate(value)
    this.#own().push(isolated, atFront)
  }

  #pop(atFront: boolean): unknown {
    const held = this.#held()
    const item = held?.end(atFront)
    if (held === undefined || item === undefined) return undefined
    const { value } = item
    held.take(item)
    return readIsolated(this.#state.type, value)
  }

  #read(item: Item | undefined): unknown {
    return item === undefined ? undefined : readIsolated(this.#state.type, item.value)
  }

  #held(): DequeCollection | undefined {
    return this.#store.hasCollections() ? this.#own() : undefined
  }

  #own(): DequeCollection {
    const own = this.#store.collections().of(this.#store, this.#state)
    assert(own instanceof DequeCollection, `${this.#state.name} is a deque`)
    return own
  }
}
