/**
 * What a job author chains on two connected streams: functions with an entrance for each, in one
 * operator. Its watermark is the lesser of both; it ends when both have ended.
 */
import type {
  CoProcessFunction,
  KeyedCoProcessFunction,
} from '../../operators/connected-functions.ts'
import type { AsyncFunctionError, Synchronous } from '../../operators/functions.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { TimerSchema } from '../../time/descriptors.ts'
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
  process<O = unknown, S extends StateSchema = {}, R = undefined, T extends TimerSchema = {}>(
    uid: string,
    fn: KeyedCoProcessFunction<K, A, B, O, S, R, T>,
  ): DataStream<O>
}
