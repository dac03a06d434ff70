/** What a job author chains on a stream that is grouped by key. */
import type {
  AggregateFunction,
  AsyncFunctionError,
  KeyedProcessFunction,
} from '../../operators/functions.ts'
import type { Pattern } from '../../operators/patterns/types.ts'
import type { MergingWindowAssigner, WindowAssigner } from '../../operators/windows/assigners.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { Subject } from '../../state/sealed/subject.ts'
import type { TimerSchema } from '../../time/descriptors.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../../state/operator-descriptors.ts'
import type { Type } from '../../types/type.ts'
import type {
  BroadcastStream,
  KeyedBroadcastConnectedStreams,
  KeyedConnectedStreams,
} from './connected.ts'
import type { DataStream } from './data.ts'
import type { PatternStream } from './pattern.ts'
import type { KeyedHelperMethods } from './helpers.ts'
import type { KeyedJoinMethods } from './joined.ts'
import type { MergingWindowedStream, WindowedStream } from './windowed.ts'

/** A running result of a key: what `count` and `sum` emit, once per record. */
export interface Update<K, V> {
  readonly key: K
  readonly value: V
}

/** Running results per key. */
export interface UpdateStream<K, V> extends DataStream<Update<K, V>> {
  /** Only the last result of each key, at the end of input. */
  latest(uid: string): DataStream<Update<K, V>>
}

export interface KeyedStream<K, T> extends KeyedHelperMethods<K, T>, KeyedJoinMethods<K, T> {
  /**
   * Says whose each key is, so that what is kept of a subject can be erased by itself, from every
   * checkpoint that there is: its keyed state and timers, in all operators that are chained to the
   * stream that this returns, are sealed under a key of the subject's own. Needs
   * `encryption.keys` and `encryption.subjects`, and checkpoints that are aligned.
   *
   * @param subjectOf must give the same for the same key, always; several keys may have a subject
   *   in common. It is called when state is written and looked up, not for each record.
   * @throws `JOB_GRAPH_INVALID` if it is no function. A job with it does not start without keys
   *   (`SUBJECT_KEYS_MISSING`), nor with `checkpointing.unaligned` `always` (`CONFIG_INVALID`), nor
   *   from a checkpoint in which an operator was without it, or the other way round
   *   (`CHECKPOINT_INCOMPATIBLE`).
   * @example
   * orders
   *   .keyBy((order) => [order.customer, order.month])
   *   .shredBy(([customer]) => customer)
   *   .count('orders')
   */
  shredBy(subjectOf: (key: K) => Subject): KeyedStream<K, T>
  /** How many records of the key there were so far; one update for each. */
  count(uid: string): UpdateStream<K, number>
  /** The sum of `fn` over the records of the key so far; one update for each. */
  sum(uid: string, fn: (value: T) => number | AsyncFunctionError): UpdateStream<K, number>
  /**
   * Folds the records of a key into one of the same type; emits the running result for each.
   *
   * @param type of the result as it is kept in state. Default: that of the stream.
   */
  reduce(uid: string, fn: (a: T, b: T) => T | AsyncFunctionError, type?: Type<T>): DataStream<T>
  /**
   * Folds the records of a key into an accumulator; emits the running result for each.
   *
   * @example
   * orders.keyBy((order) => order.customer).aggregate('mean', {
   *   createAccumulator: () => ({ sum: 0, n: 0 }),
   *   add: (order, mean) => ({ sum: mean.sum + order.total, n: mean.n + 1 }),
   *   getResult: (mean) => mean.sum / mean.n,
   * })
   */
  aggregate<A, O>(uid: string, fn: AggregateFunction<T, A, O>): DataStream<O>
  /** A function with keyed state and timers. See `keyedProcess`. */
  process<
    O = unknown,
    S extends StateSchema = {},
    R = undefined,
    Timers extends TimerSchema = {},
    P extends OperatorStateSchema = {},
  >(
    uid: string,
    fn: KeyedProcessFunction<K, T, O, S, R, Timers, P>,
  ): DataStream<O>
  /** This stream and another that is keyed by the same type, for functions that take both. */
  connect<B, BS extends BroadcastStateSchema>(
    other: BroadcastStream<B, BS>,
  ): KeyedBroadcastConnectedStreams<K, T, B, BS>
  connect<B>(other: KeyedStream<K, B>): KeyedConnectedStreams<K, T, B>
  /**
   * Groups the records of a key by time, too. Needs timestamps: see `EventTime`.
   *
   * @example
   * clicks.keyBy((click) => click.page).window(tumblingWindow('1 min')).count('views')
   */
  window(assigner: MergingWindowAssigner<T>): MergingWindowedStream<K, T>
  window(assigner: WindowAssigner): WindowedStream<K, T>
  /**
   * Looks for a pattern among the records of a key. Needs timestamps, unless in processing time.
   *
   * @example
   * const burst = pattern<Login>().begin('fail', (login) => !login.ok).times(3).within('1 min')
   * logins.keyBy((login) => login.user).pattern(burst).select('bursts', (match) => match.fail[0])
   */
  pattern<M>(pattern: Pattern<T, M>): PatternStream<K, T, M>
  /**
   * Groups so many records of a key. With `slide`, one result each `slide` records, over the last
   * `size` of them; all these are kept then. A group that is not full in the end gives no result.
   *
   * @throws `JOB_GRAPH_INVALID` if a number is not whole or less than 1.
   */
  countWindow(size: number, slide?: number): WindowedStream<K, T>
  /** The last record of each key, at the end of input. */
  latest(uid: string): DataStream<T>
  /** Puts a function from stream to stream into the chain. */
  through<S>(fn: (stream: this) => S): S
}
