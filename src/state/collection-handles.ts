/**
 * What a function sees of sorted map, set, deque and counter state; the others are in
 * `handles.ts`, where it is said what holds for all of them.
 */
import type { MapState, ReadonlyMapState } from './handles.ts'

/** What keys may begin with: text for a string, bytes for bytes, the first parts of a tuple. */
export type KeyPrefix<K> = unknown extends K
  ? unknown
  : K extends string
    ? string
    : K extends Uint8Array
      ? Uint8Array
      : K extends readonly unknown[]
        ? FirstParts<K>
        : never

type FirstParts<T extends readonly unknown[]> = T extends readonly [infer First, ...infer Rest]
  ? readonly [] | readonly [First, ...FirstParts<Rest>]
  : readonly []

/** Which entries of a sorted map, and in which order; nothing said: all, upwards. */
export interface SortedRange<K> {
  /** The lowest key, itself included. */
  readonly from?: K
  /** Leaves out `from` itself. */
  readonly fromExclusive?: boolean
  /** The highest key, itself left out. */
  readonly to?: K
  /** Includes `to` itself. */
  readonly toInclusive?: boolean
  /** Only keys that begin like this; not together with `from` or `to`. */
  readonly prefix?: KeyPrefix<K>
  /** From the highest key downwards. */
  readonly reverse?: boolean
  /** At most so many entries. */
  readonly limit?: number
}

/** Everything comes in the order of the keys. */
export interface ReadonlySortedMapState<K, V> extends ReadonlyMapState<K, V> {
  /**
   * The entries of a range, read as they are asked for. Entries may be changed meanwhile; those
   * that are new do not come.
   *
   * @throws `TYPE_MISMATCH` for a prefix together with `from` or `to`, and for a negative or
   *   fractional limit.
   * @example
   * for (const [at, price] of prices.range({ from: noon, reverse: true, limit: 10 })) …
   */
  range(range: SortedRange<K>): Iterable<readonly [K, V]>
  /** The entry of the lowest key. */
  first(): readonly [K, V] | undefined
  /** The entry of the highest key. */
  last(): readonly [K, V] | undefined
}
export interface SortedMapState<K, V> extends ReadonlySortedMapState<K, V>, MapState<K, V> {}

/** As tables hold sorted maps for operators of the engine. */
export interface WalkedSortedMap<K, V> extends SortedMapState<K, V> {
  /**
   * The entries from one key to another, both included, until `visit` gives false: as `range`
   * without an object for each. An entry may be changed or deleted while it is visited.
   */
  walk(from: K, to: K, visit: (key: K, value: V) => boolean): void
}

export interface ReadonlySetState<T> extends Iterable<T> {
  has(value: T): boolean
  /** In no particular order. */
  values(): Iterable<T>
  readonly isEmpty: boolean
}
export interface SetState<T> extends ReadonlySetState<T> {
  /** Adding what is there already changes nothing (but counts as a write for time-to-live). */
  add(value: T): void
  delete(value: T): void
  clear(): void
}

/** Iterating goes from the first element to the last. */
export interface ReadonlyDequeState<T> extends Iterable<T> {
  readonly length: number
  first(): T | undefined
  last(): T | undefined
  /** The element of an index; a negative one counts from the end, as with arrays. */
  at(index: number): T | undefined
}
export interface DequeState<T> extends ReadonlyDequeState<T> {
  pushFirst(value: T): void
  pushLast(value: T): void
  /** Takes the first element out; `undefined` if there is none. */
  popFirst(): T | undefined
  popLast(): T | undefined
  clear(): void
}

export interface ReadonlyCounterState {
  /** The sum; 0 if nothing was added. */
  value(): number
}
export interface CounterState extends ReadonlyCounterState {
  /** Adds, or with a negative amount subtracts. Gives the new value. */
  add(amount: number): number
  /** Adds 1. Gives the new value. */
  increment(): number
  clear(): void
}
