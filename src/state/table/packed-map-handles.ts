/** Handles of map and set states whose entries lie packed. They promise what those of others do. */
import type { Type } from '../../types/type.ts'
import { assert, required } from '../../util/assert.ts'
import type { SetState } from '../collection-handles.ts'
import type { EntryFold, FoldedMap, GatheredMap } from '../handles.ts'
import type { CollectionState } from './layout.ts'
import { PackedMapCollection } from './packed-map-collection.ts'
import type { RowCollections } from './row-collections.ts'
import type { RowStore } from './row-store.ts'

type Pair = readonly [unknown, unknown]

abstract class PackedHandle {
  protected readonly store: RowStore
  protected readonly keyType: Type<unknown>
  protected readonly state: CollectionState

  constructor(store: RowStore, state: CollectionState) {
    this.store = store
    this.state = state
    this.keyType = required(state.keyType, `${state.name} has no key type`)
  }

  has(key: unknown): boolean {
    return this.held()?.has(key) ?? false
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
  protected held(): PackedMapCollection | undefined {
    const row = this.store.heldCollections()
    return row === undefined ? undefined : this.#of(row)
  }

  /** Sets an entry; both are isolated. */
  protected put(key: unknown, value: number): void {
    assert(typeof key === 'number', 'packed maps have numbers as keys')
    this.#of(this.store.collections()).set(key, value)
  }

  /** Walks through the keys that are there. */
  protected each<R>(pick: (held: PackedMapCollection, key: number) => R): Iterable<R> {
    const held = this.held()
    const { store } = this
    if (held === undefined) return []
    return {
      *[Symbol.iterator]() {
        for (const key of held.liveKeys()) {
          store.expectCurrent(held.row)
          yield pick(held, key)
        }
      },
    }
  }

  #of(row: RowCollections): PackedMapCollection {
    const own = row.of(this.store, this.state)
    assert(own instanceof PackedMapCollection, 'the collection of a packed map is packed')
    return own
  }
}

export class PackedMapHandle
  extends PackedHandle
  implements GatheredMap<unknown, unknown>, FoldedMap<unknown, unknown>
{
  readonly #type: Type<unknown>
  readonly #isBoolean: boolean

  constructor(store: RowStore, state: CollectionState) {
    super(store, state)
    this.#type = state.type
    this.#isBoolean = state.packing === 'boolean'
  }

  get(key: unknown): unknown {
    const held = this.held()?.get(key)
    return this.#isBoolean && held !== undefined ? held === 1 : held
  }

  set(key: unknown, value: unknown): void {
    const [ownKey, ownValue] = [this.keyType.isolate(key), this.#type.isolate(value)]
    this.put(ownKey, Number(ownValue))
  }

  fold(key: unknown, by: EntryFold<unknown>, value: unknown): boolean {
    const held = this.held()
    const at = held === undefined ? -1 : held.placeOf(key)
    if (held === undefined || at < 0) {
      this.set(key, by.first(value))
      return true
    }
    const before = held.valueAt(at)
    const next = by.add(this.#isBoolean ? before === 1 : before, value)
    held.change(at, Number(this.#type.isolate(next)))
    return false
  }

  keys(): Iterable<unknown> {
    return this.each((_held, key) => key)
  }

  values(): Iterable<unknown> {
    return this.each((held, key) => this.#value(held, key))
  }

  entries(): Iterable<Pair> {
    return this.each((held, key) => [key, this.#value(held, key)] as const)
  }

  gather(keys: unknown[], values: unknown[]): void {
    for (const [key, value] of this.entries()) {
      keys.push(key)
      values.push(value)
    }
  }

  [Symbol.iterator](): Iterator<Pair> {
    return this.entries()[Symbol.iterator]()
  }

  #value(held: PackedMapCollection, key: number): unknown {
    const value = held.get(key)
    return this.#isBoolean ? value === 1 : value
  }
}

export class PackedSetHandle extends PackedHandle implements SetState<unknown> {
  add(value: unknown): void {
    const own = this.keyType.isolate(value)
    if (this.held()?.has(own) !== true) this.put(own, 0)
  }

  values(): Iterable<unknown> {
    return this.each((_held, key) => key)
  }

  [Symbol.iterator](): Iterator<unknown> {
    return this.values()[Symbol.iterator]()
  }
}
