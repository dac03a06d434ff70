/**
 * What users write and what their functions are given: process and aggregate functions, contexts,
 * collectors, timers. Functions are synchronous; the types here refuse asynchronous ones in words.
 */
import type { StateOf, StateSchema } from '../state/descriptors.ts'
import type { OperatorStateOf, OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { Type } from '../types/type.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { OutputTag } from './output-tag.ts'
import type { FiredTimer, TimersOf } from './timer-functions.ts'

/** Milliseconds since 1970-01-01 UTC. */
export type Timestamp = number

declare const explanation: unique symbol
/** Nothing is of this type: it stands in compile errors to say what is wrong. */
export interface CompileError<Message extends string> {
  readonly [explanation]: Message
}
/** Stands for a promise where a function must be synchronous; the compiler shows its text. */
export interface AsyncFunctionError<
  Message extends string = 'functions are synchronous: use asyncMap for asynchronous calls',
> extends CompileError<Message> {}

/** What a function may return: `R`, unless that is a promise. */
export type Synchronous<R> = R extends PromiseLike<unknown> | AsyncIterable<unknown>
  ? AsyncFunctionError
  : R
/** Takes results. Never blocks. */
export interface Collector<O> {
  /** @param timestamp default: that of the record or event-time timer being processed. */
  collect(value: O, timestamp?: Timestamp): void
}

/** What a process function can reach besides its record. Valid only during the call. */
export interface Context<R = undefined, P = {}> {
  /** Event time of the record, if its source assigns one. */
  readonly timestamp: Timestamp | undefined
  /** What `open` returned. */
  readonly resources: R
  /** The operator state the function declares, of this subtask. */
  readonly operatorState: OperatorStateOf<P>
  /** Emits to a side output; read it with `stream.sideOutput(tag)`. */
  output<X>(tag: OutputTag<X>, value: X): void
}
export interface KeyedContext<K, S, R = undefined, T = {}, P = {}> extends Context<R, P> {
  readonly currentKey: K
  /** The states the function declares, of the current key. */
  readonly state: StateOf<S>
  /** The timers of the current key: `timers.close.set(…)` where `close` is declared. */
  readonly timers: TimersOf<T>
}
/** The same with what is to be known of the timer: `timerName`, `timeDomain` and `payload`. */
export type OnTimerContext<K, S, R = undefined, T = {}, P = {}> = KeyedContext<K, S, R, T, P> &
  FiredTimer<T>

/** What `open` is told. */
export interface OpenContext<P = {}> {
  readonly jobName: string
  readonly uid: string
  readonly subtaskIndex: number
  readonly parallelism: number
  /** The operator state the function declares, as restored. */
  readonly operatorState: OperatorStateOf<P>
}

/** A function over a stream without keys. */
export interface ProcessFunction<I, O, R = undefined, P extends OperatorStateSchema = {}> {
  /** Type of what is collected; default: dynamic. */
  readonly output?: Type<O>
  /** State of the subtask that belongs to no key, by name. */
  readonly operatorState?: P
  /** If given, only these side outputs may be emitted and read. */
  readonly sideOutputs?: readonly OutputTag<unknown>[]
  /** Acquires what the function needs (a database of places, a compiled model), per subtask. */
  readonly open?: (context: OpenContext<P>) => R | Promise<R>
  readonly processElement: (
    value: I,
    ctx: Context<R, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
  readonly close?: (resources: R) => void | Promise<void>
}

/** A function over a keyed stream, with the state it declares. */
export interface KeyedProcessFunction<
  K,
  I,
  O,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
> {
  /** Type of what is collected; default: dynamic. */
  readonly output?: Type<O>
  /** The keyed state, by name. Names are in every snapshot: a renamed state starts empty. */
  readonly state?: S
  /** Timers by name, with what they carry. Their names are in every snapshot, too. */
  readonly timers?: T
  /** State of the subtask that belongs to no key, by name. */
  readonly operatorState?: P
  /** If given, only these side outputs may be emitted and read. */
  readonly sideOutputs?: readonly OutputTag<unknown>[]
  /** Acquires what the function needs (a database of places, a compiled model), per subtask. */
  readonly open?: (context: OpenContext<P>) => R | Promise<R>
  readonly processElement: (
    value: I,
    ctx: KeyedContext<K, S, R, T, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
  readonly onTimer?: (
    timestamp: Timestamp,
    ctx: OnTimerContext<K, S, R, T, P>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
  readonly close?: (resources: R) => void | Promise<void>
}

/**
 * A keyed process function that also names its key and input types, so that it can be tested, and
 * its state read, on its own. `keyedProcess` makes it.
 */
export interface KeyedProcess<
  K,
  I,
  O,
  S extends StateSchema = {},
  R = undefined,
  T extends TimerSchema = {},
  P extends OperatorStateSchema = {},
> extends KeyedProcessFunction<K, I, O, S, R, T, P> {
  readonly key?: Type<K>
  readonly input?: Type<I>
}

/** An incremental fold with an accumulator per key; `add` may change the one it gets. */
export interface AggregateFunction<I, A, O> {
  /** Type of the accumulator, as it is kept in state; default: dynamic. */
  readonly accumulator?: Type<A>
  /** Type of the result; default: dynamic. */
  readonly output?: Type<O>
  readonly createAccumulator: () => A
  readonly add: (value: I, accumulator: A) => A | AsyncFunctionError
  readonly getResult: (accumulator: A) => O
  readonly merge?: (a: A, b: A) => A
}
