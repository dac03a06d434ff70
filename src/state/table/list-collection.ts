/**
 * The list state of one row, in chunks of at most 64 elements, all but the last full. A chunk is an
 * item, so that appending makes only the last one dirty. A chunk that lies below is a hole here.
 */
import { MillraceError } from '../../errors.ts'
import { CHUNK_ELEMENTS_MAX } from '../runs/entry-value.ts'
import { Collection, type CollectionHost } from './collection.ts'
import { detach, Item, ITEM_BELOW, ITEM_REFERENCED, type ItemRow } from './item.ts'
import type { CollectionState } from './layout.ts'

export class ListCollection extends Collection {
  readonly #chunks: (Item | undefined)[]
  /** The last chunk, the one that grows, where it is in memory. */
  #last: Item | undefined
  /** Chunks in memory. */
  #held = 0
  #hand = 0

  constructor(host: CollectionHost, row: ItemRow, state: CollectionState, chunksBelow = 0) {
    super(host, row, state)
    this.#chunks = chunksBelow === 0 ? [] : Array.from({ length: chunksBelow }, () => undefined)
    this.isBelow = chunksBelow > 0
  }

  get touched(): number {
    return this.#last === undefined ? 0 : elementsOf(this.#last).length
  }

  get isGone(): boolean {
    return !this.isBelow && this.#chunks.length === 0
  }

  get isEmpty(): boolean {
    return this.#chunks.length === 0
  }

  get chunkCount(): number {
    return this.#chunks.length
  }

  get length(): number {
    const last = this.#chunks.length - 1
    return last < 0 ? 0 : last * CHUNK_ELEMENTS_MAX + this.#elements(last).length
  }

  get itemCount(): number {
    return this.#held
  }

  *idleItems(lookAtMost: number): Generator<Item> {
    // The last chunk stays: it is the one that grows.
    for (let looked = 0; looked < lookAtMost && this.#held > 1; looked++) {
      const chunk = this.#chunks[this.#hand]
      this.#hand = this.#hand + 1 < this.#chunks.length - 1 ? this.#hand + 1 : 0
      if (chunk === undefined) continue
      if ((chunk.flags & ITEM_REFERENCED) === 0) yield chunk
      else chunk.flags &= ~ITEM_REFERENCED
    }
  }

  letGo(item: Item): void {
    this.#chunks[item.key as number] = undefined // a chunk's key is its number
    if (item === this.#last) this.#last = undefined
    this.#count(-1)
    this.isBelow = true
  }

  *items(): Generator<Item> {
    for (const chunk of this.#chunks) if (chunk !== undefined) yield chunk
  }

  /** All elements, in a new array. */
  all(): unknown[] {
    if (this.#chunks.length === 1) return this.#elements(0).slice()
    const all: unknown[] = []
    for (let number = 0; number < this.#chunks.length; number++) {
      for (const element of this.#elements(number)) all.push(element)
    }
    return all
  }

  /** Appends an isolated value. */
  add(value: unknown): void {
    const chunk = this.#last ?? this.#loadLast()
    if (chunk !== undefined && elementsOf(chunk).length < CHUNK_ELEMENTS_MAX) {
      chunk.flags |= ITEM_REFERENCED
      this.#touch(chunk)
      elementsOf(chunk).push(value)
    } else this.#put(this.#chunks.length, [value])
  }

  /** Makes it hold exactly these isolated values. */
  replace(values: readonly unknown[]): void {
    const count = Math.ceil(values.length / CHUNK_ELEMENTS_MAX)
    if (count < this.#chunks.length) this.clear()
    for (let number = 0; number < count; number++) {
      const from = number * CHUNK_ELEMENTS_MAX
      this.#put(number, values.slice(from, from + CHUNK_ELEMENTS_MAX))
    }
  }

  /** Adds a chunk as an earlier run holds it; they come in order. */
  restore(number: number, elements: unknown[]): void {
    if (number !== this.#chunks.length) {
      const message = `chunk ${number} of a list comes where ${this.#chunks.length} should`
      throw new MillraceError('STORAGE_CORRUPT', message)
    }
    this.#last = new Item(this, number, elements, ITEM_BELOW)
    this.#chunks.push(this.#last)
    this.#count(1)
    this.isBelow = true
  }

  protected drop(item: Item): void {
    detach(item) // chunks never die one by one: there is nothing else to drop
  }

  protected dropAll(): void {
    this.#chunks.length = 0
    this.#last = undefined
    this.#held = 0
    this.#hand = 0
  }

  #put(number: number, elements: unknown[]): void {
    let chunk = this.#chunks[number]
    if (chunk === undefined) {
      chunk = new Item(this, number, [], number < this.#chunks.length ? ITEM_BELOW : 0)
      this.#hold(chunk, number)
    }
    this.#touch(chunk)
    chunk.value = elements
  }

  /** Has a chunk in memory that was not. */
  #hold(chunk: Item, number: number): void {
    this.#chunks[number] = chunk
    if (number === this.#chunks.length - 1) this.#last = chunk
    this.#count(1)
  }

  #touch(chunk: Item): void {
    if (chunk.epoch !== this.host.epoch) this.host.touchItem(chunk)
  }

  #count(change: number): void {
    this.#held += change
    this.host.countItems(change)
  }

  #chunk(number: number): Item {
    const held = this.#chunks[number]
    if (held !== undefined) {
      held.flags |= ITEM_REFERENCED
      return held
    }
    const elements = this.host.below?.chunk(this, number) ?? []
    const chunk = new Item(this, number, elements, ITEM_BELOW)
    this.#hold(chunk, number)
    return chunk
  }

  #loadLast(): Item | undefined {
    const last = this.#chunks.length - 1
    return last < 0 ? undefined : this.#chunk(last)
  }

  #elements(number: number): unknown[] {
    return elementsOf(this.#chunk(number))
  }
}

function elementsOf(chunk: Item): unknown[] {
  return chunk.value as unknown[] // a chunk's value is its elements
}
