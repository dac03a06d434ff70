/**
 * What a job author chains to join two streams that are keyed by the same type. All joins are in
 * event time, which is the lesser of both streams', and need timestamps.
 */
import type { AsyncFunctionError, Synchronous } from '../../operators/functions.ts'
import type { IntervalJoinContext, TemporalJoinContext } from '../../operators/joins/functions.ts'
import type { OutputTag } from '../../operators/output-tag.ts'
import type { Duration } from '../../util/duration.ts'
import type { DataStream } from './data.ts'
import type { KeyedStream } from './keyed.ts'

/** Where late records of each stream go; else they are only counted. */
export interface LateOutputs<L, R> {
  readonly left?: OutputTag<L>
  readonly right?: OutputTag<R>
}

export interface KeyedJoinMethods<K, T> {
  /**
   * Joins each record with those of the other stream that are near it in time.
   *
   * @example
   * orders.keyBy((order) => order.id).intervalJoin(payments.keyBy((payment) => payment.order))
   *   .between('-5 min', '1 h')
   *   .process('paid', (order, payment) => ({ order: order.id, after: payment.at - order.at }))
   */
  intervalJoin<R>(right: KeyedStream<K, R>): IntervalJoin<K, T, R>
  /**
   * Joins each record, a fact, with the version that was valid at its time: the newest record of
   * the other stream that is not younger.
   *
   * @example
   * orders.keyBy((order) => order.currency).temporalJoin(rates.keyBy((rate) => rate.currency))
   *   .process('in-euro', (order, rate) => ({ id: order.id, euro: order.total * rate.toEuro }))
   */
  temporalJoin<V>(
    versions: KeyedStream<K, V>,
    options?: TemporalJoinOptions<V>,
  ): TemporalJoin<K, T, V>
}

export interface IntervalBounds {
  /** True if a record exactly at the lower bound does not match. Default: false. */
  readonly lowerExclusive?: boolean
  /** True if a record exactly at the upper bound does not match. Default: false. */
  readonly upperExclusive?: boolean
}

export interface IntervalJoin<K, L, R> {
  /**
   * A left record at time `l` matches right records at times from `l + lower` to `l + upper`. A
   * bound with a minus sign goes back in time: `'-5 min'`.
   *
   * @throws `JOB_GRAPH_INVALID` if no time lies between the bounds.
   */
  between(lower: Duration, upper: Duration, bounds?: IntervalBounds): BoundedIntervalJoin<K, L, R>
}

export interface IntervalJoined<K, L, R, LateL = L, LateR = R> {
  /** Where records go that come behind the watermark; else they are only counted. */
  sideOutputLateData(tags: LateOutputs<LateL, LateR>): this
  /**
   * Makes a result of each pair, unless it returns undefined. The result has the later timestamp of
   * both; that of an outer row is the moment from which no match can come any more.
   */
  process<O>(
    uid: string,
    fn: (left: L, right: R, ctx: IntervalJoinContext<K>) => Synchronous<O>,
  ): DataStream<Exclude<O, undefined>>
}

/** Without a choice it is an inner join. */
export interface BoundedIntervalJoin<K, L, R> extends IntervalJoined<K, L, R> {
  /** Only pairs. */
  inner(): IntervalJoined<K, L, R>
  /** Also left records without a match. */
  leftOuter(): IntervalJoined<K, L, R | undefined, L, R>
  /** Also right records without a match. */
  rightOuter(): IntervalJoined<K, L | undefined, R, L, R>
  /** Also records of both sides without a match. */
  fullOuter(): IntervalJoined<K, L | undefined, R | undefined, L, R>
}

export interface TemporalJoinOptions<V> {
  /** True for a version that says that there is none from its time on. */
  readonly isDeleted?: (version: V) => boolean | AsyncFunctionError
}

export interface TemporalJoined<K, F, V, LateV = V> {
  /**
   * Where facts (`left`) and versions (`right`) go that come when the watermark has passed them;
   * else they are only counted. A late version still holds for the facts to come.
   */
  sideOutputLateData(tags: LateOutputs<F, LateV>): this
  /** Makes a result of each fact, with its timestamp, unless it returns undefined. */
  process<O>(
    uid: string,
    fn: (fact: F, version: V, ctx: TemporalJoinContext<K>) => Synchronous<O>,
  ): DataStream<Exclude<O, undefined>>
}

/** Without a choice it is an inner join. */
export interface TemporalJoin<K, F, V> extends TemporalJoined<K, F, V> {
  /** Only facts for which there is a version. */
  inner(): TemporalJoined<K, F, V>
  /** Also facts for which there is none. */
  leftOuter(): TemporalJoined<K, F, V | undefined, V>
}
