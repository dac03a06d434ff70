/** What a keyed stream offers for tasks that come up in most jobs. */
import type { AsyncFunctionError, Timestamp } from '../../operators/functions.ts'
import type { MergingAggregateFunction } from '../../operators/windows/functions.ts'
import type { Duration } from '../../util/duration.ts'
import type { DataStream, PrimitiveKey } from './data.ts'
import type { UpdateStream } from './keyed.ts'

export interface DeduplicateOptions<T> {
  /**
   * `first`: the record that comes first passes, no other. `last`: each record passes that is not
   * older, by its timestamp, than one that has passed: take it as the new version.
   */
  readonly keep: 'first' | 'last'
  /** Tells records of a key apart; only those are alike for which it gives the same. */
  readonly by?: (value: T) => PrimitiveKey | AsyncFunctionError
  /**
   * So long after its timestamp is a record remembered, in event time. Without it, for ever.
   * A record that is behind the watermark by this much or more is late: it is counted, and does not
   * pass.
   */
  readonly within?: Duration
}

/** What can be ranked. */
export type Rankable = number | string | bigint

export interface TopNOptions<T> {
  /** What decides. Records for which it gives the same rank as `ties` says. */
  readonly by: (value: T) => Rankable | AsyncFunctionError
  /** Which is first. Default: `descending`, the greatest. */
  readonly order?: 'descending' | 'ascending'
  /** Of equal ones, the one that came `first` ranks higher (the default), or the `last`. */
  readonly ties?: 'first' | 'last'
  /**
   * A record takes the place of the one for which this gives the same, as updates of a count do.
   * `by` may then only rise in rank: who sinks to the last place of a full list fails the job,
   * for those that were below it have been forgotten.
   */
  readonly unique?: (value: T) => PrimitiveKey | AsyncFunctionError
  /** `list` (the default): the list, each time it changes. `ranks`: each rank that changes. */
  readonly emit?: 'list' | 'ranks'
}

/** A record has come to a rank, from 1 on; it replaces what was said of this key and rank. */
export interface RankUpdate<K, T> {
  readonly key: K
  readonly rank: number
  readonly value: T
}

/** A session of a key. */
export interface Session<K, V> {
  readonly key: K
  /** Different for all sessions of a stream; the same in every run. */
  readonly id: string
  /** The time of its first record. */
  readonly start: Timestamp
  /** The time of its last record, and the gap after it. */
  readonly end: Timestamp
  /** Its records in order of arrival, or what they were aggregated to. */
  readonly value: V
}

export interface SessionizeOptions<T> {
  /** A session ends when its key has been silent for so long; may depend on the record. */
  readonly gap: Duration | ((value: T) => Duration)
  /** Sessions are kept this much longer: a late record of them emits them anew. Default: 0. */
  readonly allowedLateness?: Duration
}

export interface AggregatedSessionizeOptions<T, A, R> extends SessionizeOptions<T> {
  /** Keeps an accumulator for each session, and not its records. */
  readonly aggregate: MergingAggregateFunction<T, A, R>
}

export interface KeyedHelperMethods<K, T> {
  /** The least of `fn` over the records of the key so far; one update for each. */
  min(uid: string, fn: (value: T) => number | AsyncFunctionError): UpdateStream<K, number>
  /** The greatest of `fn` over the records of the key so far; one update for each. */
  max(uid: string, fn: (value: T) => number | AsyncFunctionError): UpdateStream<K, number>
  /** The mean of `fn` over the records of the key so far; one update for each. */
  mean(uid: string, fn: (value: T) => number | AsyncFunctionError): UpdateStream<K, number>
  /**
   * Lets one of the records pass that are alike.
   *
   * @example
   * payments.keyBy((payment) => payment.id).deduplicate('once', { keep: 'first', within: '1 h' })
   */
  deduplicate(uid: string, options: DeduplicateOptions<T>): DataStream<T>
  /**
   * The first `n` records of a key in an order. State holds no more than those.
   *
   * @example
   * bids.keyBy((bid) => bid.auction).topN('best', 3, { by: (bid) => bid.price })
   */
  topN(
    uid: string,
    n: number,
    options: TopNOptions<T> & { readonly emit: 'ranks' },
  ): DataStream<RankUpdate<K, T>>
  topN(
    uid: string,
    n: number,
    options: TopNOptions<T> & { readonly emit?: 'list' },
  ): UpdateStream<K, readonly T[]>
  /**
   * Cuts the records of a key into sessions; each is emitted when it has ended.
   *
   * @example
   * clicks.keyBy((click) => click.user).sessionize('visits', { gap: '30 min' })
   */
  sessionize<A, R>(
    uid: string,
    options: AggregatedSessionizeOptions<T, A, R>,
  ): DataStream<Session<K, R>>
  sessionize(uid: string, options: SessionizeOptions<T>): DataStream<Session<K, readonly T[]>>
}
