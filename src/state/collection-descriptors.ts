/** Declarations of the kinds of state beyond Flink's: sorted map, set, deque and counter. */
import { dynamicType } from '../types/dynamic.ts'
import { t } from '../types/t.ts'
import type { Type } from '../types/type.ts'
import type { StateDescriptor } from './descriptors.ts'
import { type StateOptions, ttlOf } from './ttl.ts'
import type {
  CounterState,
  DequeState,
  ReadonlyCounterState,
  ReadonlyDequeState,
  ReadonlySetState,
  ReadonlySortedMapState,
  SetState,
  SortedMapState,
} from './collection-handles.ts'

/**
 * A map per key that is ordered by its own keys: numbers numerically (−0 is 0, NaN comes last),
 * strings by code points, bytes unsigned, tuples part by part. Each entry is stored, written and
 * restored on its own; reading a range reads no more than that range.
 *
 * @example
 * const byTime = sortedMapState(t.tuple(t.timestamp, t.string), t.float64)
 */
export function sortedMapState<K, V>(
  key: Type<K> = dynamicType<K>(),
  value: Type<V> = dynamicType<V>(),
  options?: StateOptions<NoInfer<V>>,
): StateDescriptor<SortedMapState<K, V>, ReadonlySortedMapState<K, V>> {
  return Object.freeze({
    kind: 'sorted-map',
    type: value,
    keyType: key,
    ...ttlOf('sortedMapState()', options),
  })
}

/**
 * A set per key. Elements are compared by value, as keys are; each is stored on its own.
 *
 * @example
 * const seenIds = setState(t.string)
 */
export function setState<T>(
  type: Type<T> = dynamicType<T>(),
  options?: StateOptions<NoInfer<T>>,
): StateDescriptor<SetState<T>, ReadonlySetState<T>> {
  return Object.freeze({ kind: 'set', type, ...ttlOf('setState()', options) })
}

/**
 * A double-ended queue per key. Elements are stored one by one: a push or pop at either end costs
 * and writes one entry, however long it is.
 *
 * @example
 * const lastTen = dequeState(t.float64)
 */
export function dequeState<T>(
  type: Type<T> = dynamicType<T>(),
  options?: StateOptions<NoInfer<T>>,
): StateDescriptor<DequeState<T>, ReadonlyDequeState<T>> {
  return Object.freeze({ kind: 'deque', type, ...ttlOf('dequeState()', options) })
}

/**
 * A number per key to which others are added; 0 while there is none. It is a float64, in which
 * whole numbers are exact up to 2^53; with `t.int32` a sum outside of int32 is refused.
 *
 * @example
 * const clicks = counterState()
 */
export function counterState(
  type: Type<number> = t.float64,
  options?: StateOptions<number>,
): StateDescriptor<CounterState, ReadonlyCounterState> {
  return Object.freeze({ kind: 'counter', type, ...ttlOf('counterState()', options) })
}
