/**
 * What users write for patterns and what their functions are given: conditions, matches, and
 * functions over matches. `M` is what a match looks like: the events of each step by its name.
 */
import type { Type } from '../../types/type.ts'
import type { AsyncFunctionError, Collector, Timestamp } from '../functions.ts'
import type { OutputTag } from '../output-tag.ts'

/** One event or more. */
export type Events<E> = readonly [E, ...E[]]

/** A match as its function gets it: the events of each step, by the names of the steps. */
export type Match<M> = { readonly [N in keyof M]: M[N] }

/** What there is of a match that is not complete: any step may have no event yet. */
export type PartialMatchOf<M> = {
  readonly [N in keyof M]: M[N] extends readonly (infer E)[] ? readonly E[] : never
}

/** What a condition can reach besides its event. Valid only during the call. */
export interface ConditionContext<M> {
  /** The events of the match so far; a step that is being repeated has those before this one. */
  readonly match: Match<M>
  /** Event time of the event; in processing time, when it came. */
  readonly timestamp: Timestamp
  readonly currentProcessingTime: Timestamp
}

/** Whether an event fits a step. Called again and again: it must depend on nothing else. */
export type PatternCondition<E, M> = (
  event: E,
  ctx: ConditionContext<M>,
) => boolean | AsyncFunctionError

/** A condition that also tells the type of the events that fit. */
export type PatternGuard<E, F extends E, M> = (event: E, ctx: ConditionContext<M>) => event is F

/** What a function over matches can reach besides its match. Valid only during the call. */
export interface MatchContext<K> {
  readonly key: K
  /** Event time at which the match ended; undefined in processing time. */
  readonly timestamp: Timestamp | undefined
  readonly currentProcessingTime: Timestamp
}

/** The same for process functions. */
export interface PatternProcessContext<K> extends MatchContext<K> {
  /** Emits to a side output; read it with `stream.sideOutput(tag)`. */
  output<X>(tag: OutputTag<X>, value: X): void
}

/** A function over matches that may emit any number of results for each. */
export interface PatternProcessFunction<K, M, O> {
  /** Type of what is collected; default: dynamic. */
  readonly output?: Type<O>
  /** If given, only these side outputs may be emitted and read. */
  readonly sideOutputs?: readonly OutputTag<unknown>[]
  readonly processMatch: (
    match: Match<M>,
    ctx: PatternProcessContext<K>,
    out: Collector<O>,
  ) => void | undefined | AsyncFunctionError
}
