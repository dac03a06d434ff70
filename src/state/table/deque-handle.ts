/** The handle of deque states. */
import { readIsolated } from '../../types/isolated.ts'
import { assert } from '../../util/assert.ts'
import type { DequeState } from '../collection-handles.ts'
import { DequeCollection } from './deque-collection.ts'
import type { Item } from './item.ts'
import type { CollectionState } from './layout.ts'
import type { EntriesLife } from './lives.ts'
import type { RowCollections } from './row-collections.ts'
import type { RowStore } from './row-store.ts'

export class DequeHandle implements DequeState<unknown> {
  readonly #store: RowStore
  readonly #state: CollectionState

  /** Only of states with a time to live. */
  readonly #life: EntriesLife | undefined

  constructor(store: RowStore, state: CollectionState, life: EntriesLife | undefined) {
    this.#store = store
    this.#state = state
    this.#life = life
  }

  get length(): number {
    const held = this.#held()
    if (held === undefined || this.#life === undefined) return held?.length ?? 0
    let count = 0
    for (const _ of this.#life.allVisible(held.live())) count++
    return count
  }

  first(): unknown {
    const held = this.#held()
    return held === undefined ? undefined : this.#read(held, this.#end(held, true))
  }

  last(): unknown {
    const held = this.#held()
    return held === undefined ? undefined : this.#read(held, this.#end(held, false))
  }

  at(index: number): unknown {
    const held = this.#held()
    if (held === undefined) return undefined
    const whole = Math.trunc(index)
    const place = whole < 0 ? this.length + whole : whole
    if (this.#life === undefined) return this.#read(held, held.at(place))
    let left = place
    for (const item of this.#life.allVisible(held.live())) {
      if (left-- === 0) return this.#read(held, item)
    }
    return undefined
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
    const held = this.#held()
    if (held === undefined) return
    this.#life?.settleAll(held)
    held.clear()
  }

  *[Symbol.iterator](): Iterator<unknown> {
    const held = this.#held()
    if (held === undefined) return
    const all = held.live()
    for (const item of this.#life === undefined ? all : this.#life.allVisible(all)) {
      this.#store.expectCurrent(item.owner.row)
      yield this.#read(held, item)
    }
  }

  #push(value: unknown, atFront: boolean): void {
    const isolated = this.#state.type.isolate(value)
    const own = this.#own()
    const item = own.push(isolated, atFront)
    this.#life?.touch(own, item)
  }

  /** The element at an end that may be read; what has expired before it goes. */
  #end(held: DequeCollection, atFront: boolean): Item | undefined {
    const life = this.#life
    for (;;) {
      const item = held.end(atFront)
      if (item === undefined || life === undefined || life.visible(item) === item) return item
      life.expire(held, item)
    }
  }

  #pop(atFront: boolean): unknown {
    const held = this.#held()
    const item = held === undefined ? undefined : this.#end(held, atFront)
    if (held === undefined || item === undefined) return undefined
    const { value } = item
    held.remove(item)
    return readIsolated(this.#state.type, value)
  }

  #read(held: DequeCollection, item: Item | undefined): unknown {
    if (item === undefined) return undefined
    this.#life?.read(held, item)
    return readIsolated(this.#state.type, item.value)
  }

  #held(): DequeCollection | undefined {
    const row = this.#store.heldCollections()
    return row === undefined ? undefined : this.#of(row)
  }

  #own(): DequeCollection {
    return this.#of(this.#store.collections())
  }

  #of(row: RowCollections): DequeCollection {
    const own = row.of(this.#store, this.#state)
    assert(own instanceof DequeCollection, 'the collection of a deque is one')
    return own
  }
}
