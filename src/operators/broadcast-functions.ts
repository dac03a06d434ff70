/**
 * What users write over a stream and a broadcast one. Records of the broadcast stream come to every
 * subtask, and only their entrance may write the broadcast state: so it is equal everywhere, if
 * what the entrance does follows from its records alone.
 */
import type { ReadonlyStateOf, StateOf, StateSchema } from '../state/descriptors.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { Type } from '../types/type.ts'
import type { ConnectedFunction } from './connected-functions.ts'
import type {
  AsyncFunctionError,
  Collector,
  Context,
  KeyedContext,
  OnTimerContext,
  Timestamp,
} from './functions.ts'

/** What the entrances that are not of the broadcast stream see of its state. */
export interface ReadonlyBroadcast<BS> {
  readonly broadcast: ReadonlyStateOf<BS>
}

/** What the entrance of the broadcast stream can reach. */
export interface BroadcastContext<BS, R = undefined, P = {}> extends Context<R, P> {
  readonly broadcast: StateOf<BS>
  /** No record older than this is expected; −∞ before the first watermark. */
  readonly currentWatermark: Timestamp
  /** The time of day as this batch of records sees it. */
  readonly currentProcessingTime: Timestamp
}

export interface KeyedBroadcastContext<K, S, BS, R = undefined, P = {}> extends BroadcastContext<
  BS,
  R,
  P
> {
  /**
   * Calls `fn` for every key of this subtask that has any state, in no particular order, with the
   * named state of that key, which it may change.
   */
  applyToKeyedState<N extends keyof S>(name: N, fn: (key: K, state: StateOf<S>[N]) => void): void
}

/** A function over a stream without keys and a broadcast one. */
export interface BroadcastProcessFunction<
  A,
  B,
  O,
  BS extends BroadcastStateSchema,
  R = undefined,
  P extends OperatorStateSchema = {},
> extends ConnectedFunction<O, R, P> {
  readonly processElement: (
    value: A,
    ctx: Context<R, P> & ReadonlyBroadcast<BS>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
  /** Takes the records of the broadcast stream, in every subtask. */
  readonly processBroadcastElement: (
    value: B,
    ctx: BroadcastContext<BS, R, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
}

/** A function over a keyed stream and a broadcast one. */
export interface KeyedBroadcastProcessFunction<
  K,
  A,
  B,
  O,
  BS extends BroadcastStateSchema,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
> extends ConnectedFunction<O, R, P> {
  /** The keyed state, by name. Names are in every snapshot: a renamed state starts empty. */
  readonly state?: S
  /** Timers by name, with what they carry. Their names are in every snapshot, too. */
  readonly timers?: T
  readonly processElement: (
    value: A,
    ctx: KeyedContext<K, S, R, T, P> & ReadonlyBroadcast<BS>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
  /** Takes the records of the broadcast stream, in every subtask; it is on no key. */
  readonly processBroadcastElement: (
    value: B,
    ctx: KeyedBroadcastContext<K, S, BS, R, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
  readonly onTimer?: (
    timestamp: Timestamp,
    ctx: OnTimerContext<K, S, R, T, P> & ReadonlyBroadcast<BS>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
}

/**
 * A function over a keyed and a broadcast stream that also names its types and the broadcast
 * state, so that it can be tested on its own. `keyedBroadcastProcess` makes it.
 */
export interface KeyedBroadcastProcess<
  K,
  A,
  B,
  O,
  BS extends BroadcastStateSchema,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
> extends KeyedBroadcastProcessFunction<K, A, B, O, BS, S, R, T, P> {
  /** As the stream declares it in `broadcast`. */
  readonly broadcast: BS
  readonly key?: Type<K>
  readonly input?: Type<A>
  readonly broadcastInput?: Type<B>
}
