/**
 * What a job author chains on two connected streams: functions with an entrance for each, in one
 * operator. Its watermark is the lesser of both; it ends when both have ended.
 */
import type {
  BroadcastProcessFunction,
  KeyedBroadcastProcessFunction,
} from '../../operators/broadcast-functions.ts'
import type {
  CoProcessFunction,
  KeyedCoProcessFunction,
} from '../../operators/connected-functions.ts'
import type { AsyncFunctionError, Synchronous } from '../../operators/functions.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { TimerSchema } from '../../time/descriptors.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../../state/operator-descriptors.ts'
import type { DataStream } from './data.ts'

/** Two streams without keys. */
export interface ConnectedStreams<A, B> {
  /** One result for each record of either stream. */
  map<O>(first: (value: A) => Synchronous<O>, second: (value: B) => Synchronous<O>): DataStream<O>
  /** Any number of results for each record of either stream. */
  flatMap<O>(
    first: (value: A) => Iterable<O> | AsyncFunctionError,
    second: (value: B) => Iterable<O> | AsyncFunctionError,
  ): DataStream<O>
  /** A function with a context: timestamps, side outputs, resources. */
  process<O = unknown, R = undefined>(uid: string, fn: CoProcessFunction<A, B, O, R>): DataStream<O>
}

/** Two streams that are keyed by the same type: records of one key meet in its state. */
export interface KeyedConnectedStreams<K, A, B> {
  /**
   * A function with keyed state and timers that both streams share. See `keyedCoProcess`.
   *
   * @example
   * orders.keyBy((order) => order.id).connect(payments.keyBy((payment) => payment.orderId))
   *   .process('match', {
   *     state: { order: valueState(Order) },
   *     processElement1: (order, ctx) => ctx.state.order.update(order),
   *     processElement2: (payment, ctx, out) => out.collect([ctx.state.order.value(), payment]),
   *   })
   */
  process<
    O = unknown,
    S extends StateSchema = {},
    R = undefined,
    T extends TimerSchema = {},
    P extends OperatorStateSchema = {},
  >(
    uid: string,
    fn: KeyedCoProcessFunction<K, A, B, O, S, R, T, P>,
  ): DataStream<O>
}

declare const element: unique symbol

/** A stream whose records go to every subtask, with the maps that keep what they say. */
export interface BroadcastStream<B, BS extends BroadcastStateSchema> {
  readonly [element]?: B
  readonly state: BS
}

/** A stream without keys and a broadcast one. */
export interface BroadcastConnectedStreams<A, B, BS extends BroadcastStateSchema> {
  /** A function that reads the broadcast state for the one and writes it for the other. */
  process<O = unknown, R = undefined, P extends OperatorStateSchema = {}>(
    uid: string,
    fn: BroadcastProcessFunction<A, B, O, BS, R, P>,
  ): DataStream<O>
}

/** A keyed stream and a broadcast one. */
export interface KeyedBroadcastConnectedStreams<K, A, B, BS extends BroadcastStateSchema> {
  /**
   * A function with keyed state and timers that reads the broadcast state for the keyed records,
   * and writes it for the others. See `keyedBroadcastProcess`.
   *
   * @example
   * payments.keyBy((payment) => payment.account).connect(rules).process('apply', {
   *   processElement(payment, ctx, out) {
   *     const rule = ctx.broadcast.byMerchant.get(payment.merchant)
   *     if (rule !== undefined && payment.amount > rule.limit) out.collect(payment)
   *   },
   *   processBroadcastElement: (rule, ctx) => ctx.broadcast.byMerchant.set(rule.merchant, rule),
   * })
   */
  process<
    O = unknown,
    S extends StateSchema = {},
    R = undefined,
    T extends TimerSchema = {},
    P extends OperatorStateSchema = {},
  >(
    uid: string,
    fn: KeyedBroadcastProcessFunction<K, A, B, O, BS, S, R, T, P>,
  ): DataStream<O>
}
