/**
 * What users write over two connected streams: functions with one entrance for each. They run in
 * one operator, share its state, and are called in the order in which the records come; there is
 * none between the two streams.
 */
import type { StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { Type } from '../types/type.ts'
import type {
  AsyncFunctionError,
  Collector,
  Context,
  KeyedContext,
  OnTimerContext,
  OpenContext,
  Timestamp,
} from './functions.ts'
import type { OutputTag } from './output-tag.ts'

/** What functions over connected streams have besides their entrances. */
export interface ConnectedFunction<O, R, P> {
  /** Type of what is collected; default: dynamic. */
  readonly output?: Type<O>
  /** State of the subtask that belongs to no key, by name. */
  readonly operatorState?: P
  /** If given, only these side outputs may be emitted and read. */
  readonly sideOutputs?: readonly OutputTag<unknown>[]
  /** Acquires what the function needs (a database of places, a compiled model), per subtask. */
  readonly open?: (context: OpenContext<P>) => R | Promise<R>
  readonly close?: (resources: R) => void | Promise<void>
}

/** A function over two streams without keys. */
export interface CoProcessFunction<
  A,
  B,
  O,
  R = undefined,
  P extends OperatorStateSchema = {},
> extends ConnectedFunction<O, R, P> {
  /** Takes the records of the stream that `connect` was called on. */
  readonly processElement1: (
    value: A,
    ctx: Context<R, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
  /** Takes those of the other. */
  readonly processElement2: (
    value: B,
    ctx: Context<R, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
}

/** A function over two streams that are keyed alike; both entrances see the state of the key. */
export interface KeyedCoProcessFunction<
  K,
  A,
  B,
  O,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
> extends ConnectedFunction<O, R, P> {
  /** The keyed state, by name. Names are in every snapshot: a renamed state starts empty. */
  readonly state?: S
  /** Timers by name, with what they carry. Their names are in every snapshot, too. */
  readonly timers?: T
  /** Takes the records of the stream that `connect` was called on. */
  readonly processElement1: (
    value: A,
    ctx: KeyedContext<K, S, R, T, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
  /** Takes those of the other. */
  readonly processElement2: (
    value: B,
    ctx: KeyedContext<K, S, R, T, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
  readonly onTimer?: (
    timestamp: Timestamp,
    ctx: OnTimerContext<K, S, R, T, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
}

/**
 * A function over two keyed streams that also names its key and input types, so that it can be
 * tested on its own. `keyedCoProcess` makes it.
 */
export interface KeyedCoProcess<
  K,
  A,
  B,
  O,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
> extends KeyedCoProcessFunction<K, A, B, O, S, R, T, P> {
  readonly key?: Type<K>
  readonly input1?: Type<A>
  readonly input2?: Type<B>
}
