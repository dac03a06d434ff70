/**
 * Declarations of keyed state, written beside the function that uses it. From one object come the
 * types in `ctx.state`, the layout in the backend, the schema in the snapshot and the types of the
 * snapshot reader.
 */
import { dynamicType } from '../types/dynamic.ts'
import type { Type } from '../types/type.ts'
import type {
  FoldingState,
  ListState,
  MapState,
  ReadonlyFoldingState,
  ReadonlyListState,
  ReadonlyMapState,
  ReadonlyValueState,
  ValueState,
} from './handles.ts'
import { type StateOptions, type TimeToLive, ttlOf } from './ttl.ts'

/** Every kind of state, as snapshots name them. */
export const STATE_KINDS = [
  'value',
  'list',
  'map',
  'reducing',
  'aggregating',
  'sorted-map',
  'set',
  'deque',
  'counter',
] as const
export type StateKind = (typeof STATE_KINDS)[number]

declare const handle: unique symbol

/** A declared state; `Handle` is what the function gets, `View` what readers get. */
export interface StateDescriptor<Handle = unknown, View = unknown> {
  readonly [handle]?: { readonly handle: Handle; readonly view: View }
  readonly kind: StateKind
  /** Type of the value, element, map value or accumulator. */
  readonly type: Type<unknown>
  /** Map and sorted map state only. */
  readonly keyType?: Type<unknown>
  /** Value state only: what `value()` gives while there is none. */
  readonly initial?: unknown
  /** Reducing state only. Values are untyped here; the factory below fixes their types. */
  readonly reduce?: (a: unknown, b: unknown) => unknown
  /** How long its entries live; for ever if left out. */
  readonly ttl?: TimeToLive
  /** Aggregating state only. */
  readonly aggregate?: Aggregate<unknown, unknown, unknown>
}

/** An incremental fold; `add` and `merge` may mutate the accumulator they get and return it. */
export interface Aggregate<In, Acc, Out> {
  createAccumulator(): Acc
  add(value: In, accumulator: Acc): Acc
  getResult(accumulator: Acc): Out
  merge?(a: Acc, b: Acc): Acc
}

export type StateSchema = Readonly<Record<string, StateDescriptor>>
/** The writable handles of a schema: the type of `ctx.state`. */
export type StateOf<S> = {
  readonly [N in keyof S]: S[N] extends StateDescriptor<infer H, infer _V> ? H : never
}
/** The read-only handles of a schema. */
export type ReadonlyStateOf<S> = {
  readonly [N in keyof S]: S[N] extends StateDescriptor<infer _H, infer V> ? V : never
}

/** One value per key. `valueState<number>()` is short for `valueState(t.dynamic<number>())`. */
export function valueState<T>(
  type: Type<T>,
  options: StateOptions<NoInfer<T>> & { readonly initial: NoInfer<T> },
): StateDescriptor<ValueState<T, never>, ReadonlyValueState<T, never>>
export function valueState<T>(
  type?: Type<T>,
  options?: StateOptions<NoInfer<T>>,
): StateDescriptor<ValueState<T>, ReadonlyValueState<T>>
export function valueState<T>(
  type: Type<T> = dynamicType<T>(),
  options?: StateOptions<T> & { readonly initial?: T },
): StateDescriptor<ValueState<T>, ReadonlyValueState<T>> {
  return Object.freeze({
    kind: 'value',
    type, // handles re-narrow to T; the backend treats values as unknown
    ...(options?.initial === undefined ? {} : { initial: type.isolate(options.initial) }),
    ...ttlOf('valueState()', options),
  })
}

/** A list per key; appending costs the same at any length. */
export function listState<T>(
  type: Type<T> = dynamicType<T>(),
  options?: StateOptions<NoInfer<T>>,
): StateDescriptor<ListState<T>, ReadonlyListState<T>> {
  return Object.freeze({ kind: 'list', type, ...ttlOf('listState()', options) })
}

/** A map per key; each entry is stored, written and restored on its own. */
export function mapState<K, V>(
  key: Type<K> = dynamicType<K>(),
  value: Type<V> = dynamicType<V>(),
  options?: StateOptions<NoInfer<V>>,
): StateDescriptor<MapState<K, V>, ReadonlyMapState<K, V>> {
  return Object.freeze({
    kind: 'map',
    type: value,
    keyType: key,
    ...ttlOf('mapState()', options),
  })
}

/** A value per key into which each added value is folded by `reduce`. */
export function reducingState<T>(
  reduce: (a: T, b: T) => T,
  type: Type<T> = dynamicType<T>(),
  options?: StateOptions<NoInfer<T>>,
): StateDescriptor<FoldingState<T, T>, ReadonlyFoldingState<T>> {
  return Object.freeze({
    kind: 'reducing',
    type,
    reduce: reduce as (a: unknown, b: unknown) => unknown,
    ...ttlOf('reducingState()', options),
  })
}

/** An accumulator per key; what is read is `getResult` of it. */
export function aggregatingState<In, Acc, Out>(
  aggregate: Aggregate<In, Acc, Out>,
  accumulator: Type<Acc> = dynamicType<Acc>(),
  options?: StateOptions<NoInfer<Out>>,
): StateDescriptor<FoldingState<In, Out>, ReadonlyFoldingState<Out>> {
  return Object.freeze({
    kind: 'aggregating',
    type: accumulator,
    aggregate,
    ...ttlOf('aggregatingState()', options),
  })
}
