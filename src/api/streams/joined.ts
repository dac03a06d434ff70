/**
 * What a job author chains to join two streams that are keyed by the same type. All joins are in
 * event time, which is the lesser of both streams', and need timestamps.
 */
import type { AsyncFunctionError, Collector, Synchronous } from '../../operators/functions.ts'
import type {
  CoGroupContext,
  IntervalJoinContext,
  TemporalJoinContext,
} from '../../operators/joins/functions.ts'
import type { OutputTag } from '../../operators/output-tag.ts'
import type { MergingWindowAssigner, WindowAssigner } from '../../operators/windows/assigners.ts'
import type { WindowContext } from '../../operators/windows/functions.ts'
import type { MergingTrigger, Trigger } from '../../operators/windows/triggers.ts'
import type { Type } from '../../types/type.ts'
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
   * Joins each record with those of the other stream that are in the same window.
   *
   * @example
   * views.keyBy((view) => view.ad).join(clicks.keyBy((click) => click.ad))
   *   .window(tumblingWindow('1 min'))
   *   .apply('clicked', (view, click) => ({ ad: view.ad, after: click.at - view.at }))
   */
  join<R>(right: KeyedStream<K, R>): WindowJoin<K, T, R>
  /** Hands the records of a key and window to a function, a list of each stream. */
  coGroup<R>(right: KeyedStream<K, R>): CoGroup<K, T, R>
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

export interface WindowJoin<K, L, R> {
  /** Which windows; the records of both streams are in them, and sessions hold those of both. */
  window(assigner: MergingWindowAssigner<L | R>): WindowJoinWindows<K, L, R, MergingTrigger<L | R>>
  window(assigner: WindowAssigner): WindowJoinWindows<K, L, R, Trigger<L | R>>
}

export interface CoGroup<K, L, R> {
  /** Which windows; the records of both streams are in them, and sessions hold those of both. */
  window(assigner: MergingWindowAssigner<L | R>): CoGroupWindows<K, L, R, MergingTrigger<L | R>>
  window(assigner: WindowAssigner): CoGroupWindows<K, L, R, Trigger<L | R>>
}

/** What holds for windows of two streams as for those of one. */
interface PairWindowed<L, R, T> {
  /** When windows fire. Default: when they end. */
  trigger(trigger: T): this
  /** Windows are kept this much longer: a late record of them fires anew. Default: 0. */
  allowedLateness(lateness: Duration): this
  /** Where records go that come even later; else they are only counted. */
  sideOutputLateData(tags: LateOutputs<L, R>): this
}

export interface WindowJoined<K, L, R, T, LateL = L, LateR = R> extends PairWindowed<
  LateL,
  LateR,
  T
> {
  /**
   * Makes a result of each pair of a window that fires, unless it returns undefined. Results have
   * the last moment of their window as timestamp.
   */
  apply<O>(
    uid: string,
    fn: (left: L, right: R, ctx: WindowContext<K>) => Synchronous<O>,
  ): DataStream<Exclude<O, undefined>>
}

/** Without a choice it is an inner join. */
export interface WindowJoinWindows<K, L, R, T> extends WindowJoined<K, L, R, T> {
  /** Only pairs. */
  inner(): WindowJoined<K, L, R, T>
  /** Also left records in whose window there is no right one. */
  leftOuter(): WindowJoined<K, L, R | undefined, T, L, R>
  /** Also right records in whose window there is no left one. */
  rightOuter(): WindowJoined<K, L | undefined, R, T, L, R>
  /** Both. */
  fullOuter(): WindowJoined<K, L | undefined, R | undefined, T, L, R>
}

export interface CoGroupOptions<O> {
  /** Type of what is collected; default: dynamic. */
  readonly output?: Type<O>
  /** If given, only these side outputs may be emitted and read. */
  readonly sideOutputs?: readonly OutputTag<unknown>[]
}

export interface CoGroupWindows<K, L, R, T> extends PairWindowed<L, R, T> {
  /** Is called for each window that fires; one of the lists may be empty. */
  apply<O = unknown>(
    uid: string,
    fn: (
      left: readonly L[],
      right: readonly R[],
      ctx: CoGroupContext<K>,
      out: Collector<O>,
    ) => void | undefined | AsyncFunctionError,
    options?: CoGroupOptions<O>,
  ): DataStream<O>
}
