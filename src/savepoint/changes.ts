/**
 * What is to become of the operators of a snapshot, as data: values that `writeSavepoint` takes.
 * Nothing is read or written here.
 */
import type { StateDescriptor, StateSchema } from '../state/descriptors.ts'
import type { ListState } from '../state/handles.ts'
import type {
  BroadcastStateSchema,
  OperatorStateDescriptor,
  OperatorStateSchema,
} from '../state/operator-descriptors.ts'
import type { PayloadOf, TimerSchema } from '../time/descriptors.ts'
import type { StateRow } from './operator-snapshot.ts'
import type { Snapshot } from './snapshot.ts'
import type { StateOwner, ValueOfState } from './state-values.ts'

/**
 * What is written of the states of a key: values as they are read, but of reducing and aggregating
 * states the accumulators.
 */
export type StateContents<S> = {
  readonly [N in keyof S]?: S[N] extends StateDescriptor<infer H>
    ? H extends { add(value: never): void; get(): infer Out }
      ? Out extends readonly unknown[]
        ? ValueOfState<S[N]>
        : unknown
      : ValueOfState<S[N]>
    : unknown
}

/** A key with its states, for a snapshot that is made anew. */
export interface StateEntry<K, S extends StateSchema, T extends TimerSchema = {}> {
  readonly key: K
  readonly states: StateContents<S>
  readonly timers?: readonly NewTimer<T>[]
}

/** A timer of a declared name. */
export interface NewTimer<T extends TimerSchema> {
  readonly name: keyof T & string
  readonly timeMs: number
  readonly payload?: PayloadOf<T[keyof T]>
}

/** Elements of lists, entries of broadcast maps, of which a `Map` is an iterable. */
export type OperatorStateContents<P, B> = {
  readonly [N in keyof P]?: P[N] extends OperatorStateDescriptor<ListState<infer E>>
    ? Iterable<E> | AsyncIterable<E>
    : never
} & {
  readonly [N in keyof B]?: B[N] extends StateDescriptor<infer H>
    ? H extends { entries(): Iterable<readonly [infer K, infer V]> }
      ? Iterable<readonly [K, V]> | AsyncIterable<readonly [K, V]>
      : never
    : never
}

export interface NewOperatorOptions<P, B> {
  /**
   * The operation as the plan of the job names it. Default: `broadcastProcess` for a function that
   * says `broadcast`, else `process`.
   */
  readonly operation?: string
  /**
   * State without keys: operator lists, which are dealt out over the subtasks, union lists and
   * broadcast maps, which each of them gets. What is left out begins empty.
   */
  readonly operatorState?: OperatorStateContents<P, B>
}

export interface ChangeOptions<K = unknown, S extends StateSchema = StateSchema> {
  /** The new uid. */
  readonly rename?: string
  /** Names of keyed states that are left out. */
  readonly drop?: readonly string[]
  /**
   * Called for each key, in order: gives the states that it is to have, those it has for no change,
   * or `undefined` to delete the key with its states and timers. Accumulators are as they are kept.
   */
  readonly rows?: (row: StateRow<K, StateContents<S>>) => StateContents<S> | undefined
}

/** An operator whose states are made anew. */
export interface NewOperator {
  readonly change: 'new'
  readonly owner: StateOwner<
    unknown,
    StateSchema,
    TimerSchema,
    OperatorStateSchema,
    BroadcastStateSchema
  >
  readonly entries: Iterable<unknown> | AsyncIterable<unknown>
  readonly operation: string
  /** By name. */
  readonly operatorState: Readonly<Record<string, Iterable<unknown> | AsyncIterable<unknown>>>
}
/** An operator that is taken over, from the snapshot itself or another one. */
export interface ChangedOperator {
  readonly change: 'changed'
  readonly owner: StateOwner<unknown, StateSchema, TimerSchema> | undefined
  readonly options: ChangeOptions
  readonly from: { readonly snapshot: Snapshot; readonly uid: string } | undefined
}
export interface DroppedOperator {
  readonly change: 'dropped'
}
export type OperatorChange = NewOperator | ChangedOperator | DroppedOperator

/**
 * State made of entries: the beginning of a job that has another past. Each key comes once; the
 * order is of no matter.
 *
 * @param owner the function whose state it is; it must say the type of its key, if it has keyed
 *   state, and of a broadcast stream also the maps, under `broadcast`.
 * @param entries none for a function without keys.
 * @example
 * operators: {
 *   totals: fromIterable(totals, [{ key: 'ann', states: { sum: 12 } }]),
 *   prices: fromIterable(prices, [], { operatorState: { rates: [['EUR', 1.1]] } }),
 * }
 */
export function fromIterable<
  K,
  S extends StateSchema,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
  B extends BroadcastStateSchema = {},
>(
  owner: StateOwner<K, S, T, P, B>,
  entries: Iterable<StateEntry<K, S, T>> | AsyncIterable<StateEntry<K, S, T>>,
  options: NewOperatorOptions<P, B> = {},
): NewOperator {
  const usual = owner.broadcast === undefined ? 'process' : 'broadcastProcess'
  const { operation = usual, operatorState = {} } = options
  return { change: 'new', owner, entries, operation, operatorState }
}

/**
 * An operator of another snapshot, for a savepoint that joins several.
 *
 * @example
 * operators: { visits: fromSnapshot(other, 'visits') }
 */
export function fromSnapshot(
  snapshot: Snapshot,
  uid: string,
  options: Omit<ChangeOptions, 'rename'> = {},
): ChangedOperator {
  return { change: 'changed', owner: undefined, options, from: { snapshot, uid } }
}

/**
 * The operator with another uid, without some of its states, or with other values.
 *
 * @param owner the function whose state it is, for the types of `rows`.
 * @example
 * operators: {
 *   'old-uid': changed({ rename: 'new-uid' }),
 *   totals: changed(totals, {
 *     rows: ({ key, states }) => (key === 'bot' ? undefined : { sum: (states.sum ?? 0) / 100 }),
 *   }),
 * }
 */
export function changed(options: ChangeOptions): ChangedOperator
export function changed<K, S extends StateSchema>(
  owner: StateOwner<K, S, TimerSchema>,
  options: ChangeOptions<K, S>,
): ChangedOperator
export function changed<K, S extends StateSchema>(
  first: StateOwner<K, S, TimerSchema> | ChangeOptions,
  second?: ChangeOptions<K, S>,
): ChangedOperator {
  if (second === undefined) {
    // The overload with one argument takes options.
    return { change: 'changed', owner: undefined, options: first as ChangeOptions, from: undefined }
  }
  // The owner's types are compared with those of the snapshot before the first row is given.
  const options = second as ChangeOptions<never, never> as ChangeOptions
  const owner = first as StateOwner<K, S, TimerSchema>
  return { change: 'changed', owner, options, from: undefined }
}

/** The operator is left out, with all that it holds. */
export function dropped(): DroppedOperator {
  return { change: 'dropped' }
}
