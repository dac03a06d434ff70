/**
 * What a function sees of its keyed state. Every handle stands for the state of the key that is
 * being processed. Reads return frozen values (or copies where freezing is impossible); what a
 * write takes is isolated from the caller.
 */

export interface ReadonlyValueState<T, Empty = undefined> {
  /** The value of the current key, or its declared initial value, or `undefined`. */
  value(): T | Empty
}
export interface ValueState<T, Empty = undefined> extends ReadonlyValueState<T, Empty> {
  update(value: T): void
  clear(): void
}

export interface ReadonlyListState<T> extends Iterable<T> {
  get(): readonly T[]
  readonly length: number
}
export interface ListState<T> extends ReadonlyListState<T> {
  add(value: T): void
  addAll(values: Iterable<T>): void
  /** Replaces the whole list. */
  update(values: Iterable<T>): void
  clear(): void
}

export interface ReadonlyMapState<K, V> extends Iterable<readonly [K, V]> {
  get(key: K): V | undefined
  has(key: K): boolean
  keys(): Iterable<K>
  values(): Iterable<V>
  entries(): Iterable<readonly [K, V]>
  readonly isEmpty: boolean
}
export interface MapState<K, V> extends ReadonlyMapState<K, V> {
  set(key: K, value: V): void
  delete(key: K): void
  clear(): void
}

/** As tables hold maps for operators of the engine. */
export interface GatheredMap<K, V> extends MapState<K, V> {
  /** Adds all entries to two lists, in any order: a walk without an object for each. */
  gather(keys: K[], values: V[]): void
}

/** How a value becomes part of what an entry holds. */
export interface EntryFold<V> {
  first(value: unknown): V
  add(held: V, value: unknown): V
  /** True if `add` may change the object that is held. */
  readonly changesInPlace: boolean
}

/** As tables hold maps for operators of the engine that fold values into entries. */
export interface FoldedMap<K, V> extends MapState<K, V> {
  /** What `get` and `set` would do, with one search; true if it is the first value of its entry. */
  fold(key: K, by: EntryFold<V>, value: unknown): boolean
}

/** Reducing state (`Out` = `In`) and aggregating state: values go in, a folded one comes out. */
export interface ReadonlyFoldingState<Out> {
  /** The folded value, or `undefined` if nothing was added. */
  get(): Out | undefined
}
export interface FoldingState<In, Out> extends ReadonlyFoldingState<Out> {
  add(value: In): void
  clear(): void
}
