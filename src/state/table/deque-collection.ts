/**
 * The deque of one row: a map from positions to elements, of which it knows the ends. Positions go
 * down in front and up at the back, so that a push or pop changes one entry. Some between the ends
 * may be free, of elements that expired.
 */
import { readKey } from '../../types/keys.ts'
import { ByteReader } from '../../util/bytes.ts'
import type { CollectionHost } from './collection.ts'
import type { Item, ItemRow } from './item.ts'
import type { CollectionState } from './layout.ts'
import { MapCollection } from './map-collection.ts'

/** Where the elements lie: `first` up to below `end`, `count` of them taken. */
export interface Extent {
  readonly first: number
  readonly end: number
  readonly count: number
}

export class DequeCollection extends MapCollection {
  #first = 0
  #end = 0
  #count = 0

  constructor(host: CollectionHost, row: ItemRow, state: CollectionState, below?: Extent) {
    super(host, row, state, below !== undefined && below.count > 0)
    if (below === undefined) return
    this.#first = below.first
    this.#end = below.end
    this.#count = below.count
  }

  get extent(): Extent {
    return { first: this.#first, end: this.#end, count: this.#count }
  }

  get length(): number {
    return this.#count
  }

  override get isEmpty(): boolean {
    return this.#count === 0
  }

  override get isKnownEmpty(): boolean {
    return this.#count === 0
  }

  /** Adds an isolated value at an end. */
  push(value: unknown, atFront: boolean): Item {
    if (this.#count === 0) this.#first = this.#end
    const position = atFront ? --this.#first : this.#end++
    this.#count++
    this.host.recount()
    return this.set(position, value)
  }

  /** The element at an end. */
  end(atFront: boolean): Item | undefined {
    if (this.#count === 0) return undefined
    return this.find(atFront ? this.#first : this.#end - 1)
  }

  /** The element of this index, from 0 on. */
  at(index: number): Item | undefined {
    if (index < 0 || index >= this.#count) return undefined
    if (this.#count === this.#end - this.#first) return this.find(this.#first + index)
    let left = index
    for (const item of this.live()) if (left-- === 0) return item
    return undefined
  }

  /** Takes out an element, and lets the ends be elements again. */
  override remove(item: Item): void {
    this.#count--
    this.host.recount()
    this.delete(item.key)
    while (this.#count > 0 && this.find(this.#first) === undefined) this.#first++
    while (this.#count > 0 && this.find(this.#end - 1) === undefined) this.#end--
  }

  override restore(key: unknown, value: unknown, stampMs: number): void {
    const position = key as number // positions are all that keys of a deque are
    if (this.#count === 0) this.#first = position
    this.#end = position + 1
    this.#count++
    super.restore(key, value, stampMs)
  }

  /** In order; elements pushed meanwhile do not come. */
  override *live(): Generator<Item> {
    if (!this.isComplete) this.loadIfSmall()
    const end = this.#end
    for (let position = this.#first; position < end; position++) {
      const item = this.find(position)
      if (item !== undefined) yield item
    }
  }

  protected override dropAll(): void {
    super.dropAll()
    this.#first = 0
    this.#end = 0
    this.#count = 0
  }
}

/** The extent with one more element, whose user key these bytes are; they come in order. */
export function extended(extent: Extent | undefined, userKey: Uint8Array): Extent {
  const position = readKey(new ByteReader(userKey)) as number // as `restore` relies on
  return {
    first: extent?.first ?? position,
    end: position + 1,
    count: (extent?.count ?? 0) + 1,
  }
}
