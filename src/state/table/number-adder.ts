/**
 * Adds numbers to a state of many keys in one short loop. What lies between two records elsewhere
 * is longer than what a processor looks ahead, and it waits for one row at a time; of this loop it
 * has several under way. Rows that are new, that change for the first time in an epoch, or whose
 * keys lie beside them are selected, as for any other change.
 */
import type { Buffer } from 'node:buffer'
import type { NumberAdder } from '../backend.ts'
import type { ValueState } from '../handles.ts'
import { isTextAt } from './key-text.ts'
import {
  A_NUMBER,
  ROW_NUMBER_KEY,
  ROW_REFERENCED,
  ROW_TEXT_KEY,
  type Scalar,
  WORD_EPOCH,
  WORD_FLAGS,
  WORD_HASH,
} from './layout.ts'
import type { RowStore } from './row-store.ts'

export class RowNumberAdder implements NumberAdder {
  at = 0
  readonly #store: RowStore
  readonly #scalar: Scalar
  readonly #handle: ValueState<number, never>
  readonly #prefetch: (keys: readonly unknown[], routeHashes: Int32Array, count: number) => void

  /**
   * @param scalar any number may take the place of another there.
   * @param prefetch has what lies below the rows, or beside them, fetched.
   */
  constructor(
    store: RowStore,
    scalar: Scalar,
    handle: ValueState<number, never>,
    prefetch: (keys: readonly unknown[], routeHashes: Int32Array, count: number) => void,
  ) {
    this.#store = store
    this.#scalar = scalar
    this.#handle = handle
    this.#prefetch = prefetch
  }

  get isReady(): boolean {
    return !this.#store.group.isRestoring
  }

  addEach(
    keys: unknown[],
    routeHashes: Int32Array,
    end: number,
    amounts: Float64Array,
    sums: Float64Array,
  ): void {
    const store = this.#store
    this.at = 0
    this.#prefetch(keys, routeHashes, end)
    while (this.at < end) {
      // Again after rows have moved.
      if (!store.ahead.isBegun) store.ahead.begin(store, routeHashes, end)
      this.at = this.#addToRows(keys, routeHashes, this.at, end, amounts, sums)
      if (this.at === end) break
      store.select(keys[this.at], routeHashes[this.at] as number) // one for each key
      keys[this.at] = this.#addToOne(amounts, sums)
      this.at++
    }
    store.ahead.forget()
    store.deselect()
  }

  /** Adds as far as rows are there and may change as they lie; gives where it stopped. */
  #addToRows(
    keys: readonly unknown[],
    routeHashes: Int32Array,
    start: number,
    end: number,
    amounts: Float64Array,
    sums: Float64Array,
  ): number {
    const { places, stride, epoch, ahead, layout } = this.#store
    const { keyLane } = layout
    const { lane, presenceWord, presenceShift } = this.#scalar
    for (let at = start; at < end; at++) {
      const key = keys[at]
      const index = ahead.shards[at] as number // a shard that the table has
      const words = places.words[index] as Int32Array
      const lanes = places.lanes[index] as Float64Array
      const first = places.at[2 * index] as number
      const last = first + stride * (-1 >>> (places.at[2 * index + 1] as number))
      let row = ahead.lanes[at] as number
      let flags = words[row * 2 + WORD_FLAGS] as number
      // As a key, −0 is 0: whoever selects it is told so.
      if (typeof key === 'number' && key !== 0) {
        while (lanes[row + keyLane] !== key || (flags & ROW_NUMBER_KEY) === 0) {
          if (flags === 0) return at
          row = row === last ? first : row + stride
          flags = words[row * 2 + WORD_FLAGS] as number
        }
      } else if (typeof key === 'string') {
        const hash = routeHashes[at] as number
        while (words[row * 2 + WORD_HASH] !== hash && flags !== 0) {
          row = row === last ? first : row + stride
          flags = words[row * 2 + WORD_FLAGS] as number
        }
        if ((flags & ROW_TEXT_KEY) === 0) return at
        // Another text with the same hash: so rare that it may take the longer way.
        if (!isTextAt(places.bytes[index] as Buffer, (row + keyLane) * 8, key)) return at
      } else return at
      const presence = words[row * 2 + presenceWord] as number
      if (((presence >>> presenceShift) & 3) !== A_NUMBER) return at
      if (words[row * 2 + WORD_EPOCH] !== epoch) return at
      const sum = (lanes[row + lane] as number) + (amounts[at] as number)
      lanes[row + lane] = sum
      sums[at] = sum
      if ((flags & ROW_REFERENCED) === 0) words[row * 2 + WORD_FLAGS] = flags | ROW_REFERENCED
    }
    return end
  }

  /** Gives the key as state holds it. */
  #addToOne(amounts: Float64Array, sums: Float64Array): unknown {
    const { at } = this
    const handle = this.#handle
    const sum = handle.value() + (amounts[at] as number)
    handle.update(sum)
    sums[at] = sum
    return this.#store.currentKey
  }
}
