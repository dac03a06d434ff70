/**
 * What each kind of collection is in memory, and what a row's record below says of it, so that it
 * can stand for its entries without reading them.
 */
import type { Collection } from './collection.ts'
import { DequeCollection, type Extent } from './deque-collection.ts'
import type { ItemRow } from './item.ts'
import type { CollectionState } from './layout.ts'
import { ListCollection } from './list-collection.ts'
import { MapCollection } from './map-collection.ts'
import { type PackedHost, PackedMapCollection } from './packed-map-collection.ts'
import { SortedMapCollection } from './sorted-map-collection.ts'

/**
 * What lies below of one collection: chunks of a list, elements of a deque, for others 1 if there
 * may be entries. `size` is 0 if nothing does.
 */
export interface Summary {
  readonly size: number
  /** Deques only. */
  readonly extent?: Extent
}

export const NO_ENTRIES: Summary = Object.freeze({ size: 0 })

/** A collection of which so much lies below. */
export function collectionOf(
  host: PackedHost,
  row: ItemRow,
  state: CollectionState,
  { size, extent }: Summary = NO_ENTRIES,
): Collection {
  if (state.packing !== undefined) return new PackedMapCollection(host, row, state)
  switch (state.kind) {
    case 'list':
      return new ListCollection(host, row, state, size)
    case 'deque':
      return new DequeCollection(host, row, state, extent)
    case 'sorted-map':
      return new SortedMapCollection(host, row, state, size > 0)
    case 'map':
    case 'set':
      return new MapCollection(host, row, state, size > 0)
  }
}

export function summaryOf(collection: Collection | undefined): Summary {
  if (collection instanceof ListCollection) return { size: collection.chunkCount }
  if (collection instanceof DequeCollection) {
    const { extent } = collection
    return { size: extent.count, extent }
  }
  const mayHold = collection instanceof MapCollection && !collection.isKnownEmpty
  return mayHold ? { size: 1 } : NO_ENTRIES
}
