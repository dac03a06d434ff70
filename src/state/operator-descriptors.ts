/**
 * Declarations of state that belongs to no key, written beside the function that uses it: lists of
 * a function, and the maps of a broadcast stream. `OperatorStateStore` holds them.
 */
import { dynamicType } from '../types/dynamic.ts'
import type { Type } from '../types/type.ts'
import type { StateDescriptor } from './descriptors.ts'
import type { ListState, MapState, ReadonlyMapState } from './handles.ts'
import type { OperatorStateKind } from './operator-state.ts'

declare const handle: unique symbol

/** A declared list of an operator's subtask; `Handle` is what the function gets. */
export interface OperatorStateDescriptor<Handle = unknown> {
  readonly [handle]?: Handle
  readonly kind: 'operator-list' | 'union-list'
  /** Of an element. */
  readonly type: Type<unknown>
}

export type OperatorStateSchema = Readonly<Record<string, OperatorStateDescriptor>>
/** The handles of a schema: the type of `ctx.operatorState`. */
export type OperatorStateOf<P> = {
  readonly [N in keyof P]: P[N] extends OperatorStateDescriptor<infer H> ? H : never
}

/** The maps of a broadcast stream, by name: each declared with `mapState`. */
export type BroadcastStateSchema = Readonly<
  Record<string, StateDescriptor<MapState<unknown, unknown>, ReadonlyMapState<unknown, unknown>>>
>

/** What a graph says of one state without key. */
export interface NonKeyedState {
  readonly kind: OperatorStateKind
  /** Of a list's element or a map's value. */
  readonly type: Type<unknown>
  /** Broadcast maps only. */
  readonly keyType?: Type<unknown>
}

/**
 * A list per subtask. When the parallelism changes, the elements of all subtasks are dealt out
 * anew, evenly.
 *
 * @example
 * operatorState: { offsets: operatorListState(t.tuple(t.string, t.float64)) }
 */
export function operatorListState<T>(
  type: Type<T> = dynamicType<T>(),
): OperatorStateDescriptor<ListState<T>> {
  return Object.freeze({ kind: 'operator-list', type })
}

/**
 * A list per subtask. At every restore, each subtask gets the elements of all of them: it keeps
 * those that are its own and forgets the others, or they are doubled at the next one.
 */
export function unionListState<T>(
  type: Type<T> = dynamicType<T>(),
): OperatorStateDescriptor<ListState<T>> {
  return Object.freeze({ kind: 'union-list', type })
}
