/** The collections of one row, made when they are first used, with the key they belong to. */
import { collectionOf } from './collection-kinds.ts'
import type { Collection } from './collection.ts'
import type { ItemRow } from './item.ts'
import type { CollectionState } from './layout.ts'
import type { PackedHost } from './packed-map-collection.ts'

export class RowCollections implements ItemRow {
  readonly key: unknown
  readonly routeHash: number
  readonly shardIndex: number
  listed = 0
  /** Of the first state, nearer than the others: mostly there is only one. */
  #first: Collection | undefined
  /** Of the others, by ordinal; the first place stays empty. */
  #others: (Collection | undefined)[] | undefined

  constructor(key: unknown, routeHash: number, shardIndex: number) {
    this.key = key
    this.routeHash = routeHash
    this.shardIndex = shardIndex
  }

  get(state: CollectionState): Collection | undefined {
    const { ordinal } = state
    return ordinal === 0 ? this.#first : this.#others?.[ordinal]
  }

  /** The collection of a state, made if there is none. */
  of(host: PackedHost, state: CollectionState): Collection {
    return this.get(state) ?? this.place(collectionOf(host, this, state))
  }

  /** One of them, if there is any. */
  get first(): Collection | undefined {
    return this.#first ?? this.#others?.[1]
  }

  /** Puts in place what is new, or what the store below is known to hold. */
  place<C extends Collection>(collection: C): C {
    const { ordinal } = collection.state
    if (ordinal === 0) this.#first = collection
    else {
      this.#others ??= []
      this.#others[ordinal] = collection
    }
    return collection
  }

  *all(): Generator<Collection> {
    if (this.#first !== undefined) yield this.#first
    if (this.#others === undefined) return
    for (const collection of this.#others) if (collection !== undefined) yield collection
  }

  /** True if any collection has an element, here or below. */
  get hasContent(): boolean {
    for (const collection of this.all()) if (!collection.isEmpty) return true
    return false
  }

  /** True if no collection holds anything or waits for its tombstones. */
  get isGone(): boolean {
    for (const collection of this.all()) if (!collection.isGone) return false
    return true
  }
}
