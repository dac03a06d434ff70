/** What a job author chains on a stream in which a pattern is looked for. */
import type { Synchronous } from '../../operators/functions.ts'
import type { OutputTag } from '../../operators/output-tag.ts'
import type {
  Match,
  MatchContext,
  PartialMatchOf,
  PatternProcessFunction,
} from '../../operators/patterns/functions.ts'
import type { DataStream } from './data.ts'

/** The matches of a pattern; `M` is what a match has. */
export interface PatternStream<K, T, M> {
  /**
   * Looks at records as they come, by the time of day, and not by their timestamps. By default they
   * wait for the watermark and are looked at in order of time; those of equal time as they came.
   */
  inProcessingTime(): this
  /** Where records go that come after the watermark has passed them; else they are only counted. */
  sideOutputLateData(tag: OutputTag<T>): this
  /**
   * Where matches go that are out of time before they are complete (see `within`).
   *
   * @example
   * const given = outputTag('given-up', t.string)
   * const orders = keyed.pattern(paid).timedOut(given, (match) => match.order[0]?.id ?? '')
   */
  timedOut<X>(
    tag: OutputTag<X>,
    select: (match: PartialMatchOf<M>, ctx: MatchContext<K>) => Synchronous<X>,
  ): this
  /** One result for each match. */
  select<O>(
    uid: string,
    fn: (match: Match<M>, ctx: MatchContext<K>) => Synchronous<O>,
  ): DataStream<O>
  /** Any number of results for each match, and side outputs. */
  process<O = unknown>(uid: string, fn: PatternProcessFunction<K, M, O>): DataStream<O>
}
