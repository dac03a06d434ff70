/**
 * The border between typed streams and the untyped graph. The methods of the streams have checked
 * that a function fits the records; inside the graph values are `unknown`. Every such step is here.
 */
import type { AnyBroadcastProcess, AnyKeyedBroadcastProcess } from '../operators/broadcast.ts'
import type {
  BroadcastProcessFunction,
  KeyedBroadcastProcessFunction,
} from '../operators/broadcast-functions.ts'
import type { AnyCoProcess, AnyKeyedCoProcess } from '../operators/connect.ts'
import type { CoProcessFunction, KeyedCoProcessFunction } from '../operators/connected-functions.ts'
import type {
  AggregateFunction,
  KeyedProcessFunction,
  ProcessFunction,
} from '../operators/functions.ts'
import type { AnyKeyedProcess } from '../operators/process.ts'
import type { Sink } from '../operators/sink.ts'
import type { WindowProcessFunction, WindowStateSchema } from '../operators/windows/functions.ts'
import type { StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'

export type Unary<R> = (value: unknown) => R

export function unary<R>(fn: (value: never) => R): Unary<R> {
  return fn as Unary<R> // the stream gives it only records of its own type
}

export function binary<R>(fn: (a: never, b: never) => R): (a: unknown, b: unknown) => R {
  return fn as (a: unknown, b: unknown) => R // the stream gives it only values of its own types
}

export function ternary<R>(
  fn: (a: never, b: never, c: never) => R,
): (a: unknown, b: unknown, c: unknown) => R {
  return fn as (a: unknown, b: unknown, c: unknown) => R // as above
}

export function anyProcess<I, O, R, P extends OperatorStateSchema>(
  fn: ProcessFunction<I, O, R, P>,
): ProcessFunction<unknown, unknown, unknown, OperatorStateSchema> {
  // The operator gives it records of the stream, and the resources its own open() made.
  return fn as unknown as ProcessFunction<unknown, unknown, unknown, OperatorStateSchema>
}

export function anyKeyedProcess<
  K,
  I,
  O,
  S extends StateSchema,
  R,
  T extends TimerSchema,
  P extends OperatorStateSchema,
>(fn: KeyedProcessFunction<K, I, O, S, R, T, P>): AnyKeyedProcess {
  // The operator gives it records and keys of the stream, and handles made from its own schema.
  return fn as unknown as AnyKeyedProcess
}

export function anyCoProcess<A, B, O, R, P extends OperatorStateSchema>(
  fn: CoProcessFunction<A, B, O, R, P>,
): AnyCoProcess {
  // The operator gives each entrance records of its own stream, and what its own open() made.
  return fn as unknown as AnyCoProcess
}

export function anyKeyedCoProcess<
  K,
  A,
  B,
  O,
  S extends StateSchema,
  R,
  T extends TimerSchema,
  P extends OperatorStateSchema,
>(fn: KeyedCoProcessFunction<K, A, B, O, S, R, T, P>): AnyKeyedCoProcess {
  // As above, with keys of both streams, and handles made from its own schema.
  return fn as unknown as AnyKeyedCoProcess
}

export function anyBroadcastProcess<
  A,
  B,
  O,
  BS extends BroadcastStateSchema,
  R,
  P extends OperatorStateSchema,
>(fn: BroadcastProcessFunction<A, B, O, BS, R, P>): AnyBroadcastProcess {
  // The operator gives each entrance records of its own stream, and maps of the stream's schema.
  return fn as unknown as AnyBroadcastProcess
}

export function anyKeyedBroadcastProcess<
  K,
  A,
  B,
  O,
  BS extends BroadcastStateSchema,
  S extends StateSchema,
  R,
  T extends TimerSchema,
  P extends OperatorStateSchema,
>(fn: KeyedBroadcastProcessFunction<K, A, B, O, BS, S, R, T, P>): AnyKeyedBroadcastProcess {
  // As above, with keys of the stream, and handles made from its own schema.
  return fn as unknown as AnyKeyedBroadcastProcess
}

export function anyAggregate<I, A, O>(
  fn: AggregateFunction<I, A, O>,
): AggregateFunction<unknown, unknown, unknown> {
  // Accumulators it is given come from itself, records from the stream.
  return fn as unknown as AggregateFunction<unknown, unknown, unknown>
}

export function anyWindowProcess<K, I, O, S extends StateSchema, W extends WindowStateSchema>(
  fn: WindowProcessFunction<K, I, O, S, W>,
): WindowProcessFunction<unknown, unknown, unknown, StateSchema> {
  // The operator gives it values and keys of the stream, and handles made from its own schemas.
  return fn as unknown as WindowProcessFunction<unknown, unknown, unknown, StateSchema>
}

export function anySink<T>(sink: Sink<T>): Sink<unknown> {
  return sink as Sink<never> as Sink<unknown> // it gets only records of the stream
}
