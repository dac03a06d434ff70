/** The collections of one row, made when they are first used, with the key they belong to. */
import { collectionOf } from './collection-kinds.ts'
import type { Collection, CollectionHost } from './collection.ts'
import type { ItemRow } from './item.ts'
import type { CollectionState } from './layout.ts'

export class RowCollections implements ItemRow {
  readonly key: unknown
  readonly routeHash: number
  readonly shardIndex: number
  listed = 0
  readonly #byOrdinal: (Collection | undefined)[] = []

  constructor(key: unknown, routeHash: number, shardIndex: number) {
    this.key = key
    this.routeHash = routeHash
    this.shardIndex = shardIndex
  }

  get(state: CollectionState): Collection | undefined {
    return this.#byOrdinal[state.ordinal]
  }

  /** The collection of a state, made if there is none. */
  of(host: CollectionHost, state: CollectionState): Collection {
    const held = this.#byOrdinal[state.ordinal]
    if (held !== undefined) return held
    const made = collectionOf(host, this, state)
    this.#byOrdinal[state.ordinal] = made
    return made
  }

  /** One of them, if there is any. */
  get first(): Collection | undefined {
    return this.#byOrdinal[0] ?? this.#byOrdinal[1]
  }

  /** Puts in place what the store below is known to hold. */
  place(collection: Collection): void {
    this.#byOrdinal[collection.state.ordinal] = collection
  }

  *all(): Generator<Collection> {
    for (const collection of this.#byOrdinal) if (collection !== undefined) yield collection
  }

  /** True if any collection has an element, here or below. */
  get hasContent(): boolean {
    for (const collection of this.all()) if (!collection.isEmpty) return true
    return false
  }

  /** True if no collection holds anything or waits for its tombstones. */
  get isGone(): boolean {
    for (const collection of this.#byOrdinal) {
      if (collection !== undefined && !collection.isGone) return false
    }
    return true
  }
}
