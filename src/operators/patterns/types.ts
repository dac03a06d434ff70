/**
 * Patterns as they are written: each call gives a pattern with one step or property more, and the
 * type of its match grows with it. `pattern()` makes the first.
 */
import type { Duration } from '../../util/duration.ts'
import type { CompileError } from '../functions.ts'
import type { Events, PartialMatchOf, PatternCondition, PatternGuard } from './functions.ts'
import type { SkipStrategy } from './skip.ts'

declare const matchOf: unique symbol

/** A name that no step before has. */
type NewName<N extends string, M> = N extends keyof M
  ? CompileError<'two steps of a pattern cannot have the same name'>
  : N
/** What conditions of a step see: required events of the steps before, and its own so far. */
type Seen<M, N extends string, E> = M & { readonly [P in N]: readonly E[] }
/** What a match has for a step. */
type Found<N extends string, E, O extends boolean> = {
  readonly [P in N]: O extends true ? readonly E[] : Events<E>
}
type FoundGroup<G, O extends boolean> = O extends true ? PartialMatchOf<G> : G

/** How a step follows the one before. */
interface Follows<T, M> {
  <N extends string, E extends T>(
    name: NewName<N, M>,
    guard: PatternGuard<T, E, Seen<M, N, T>>,
  ): PatternStep<T, M, N, E>
  <N extends string>(
    name: NewName<N, M>,
    condition?: PatternCondition<T, Seen<M, N, T>>,
  ): PatternStep<T, M, N, T>
  <G>(group: Pattern<T, G>): PatternGroup<T, M, G>
}

/** Where a pattern begins. */
export interface PatternStart<T> {
  /** The first step, or a group of steps. */
  readonly begin: Follows<T, {}>
}

/** A pattern over events of `T`; `M` is what a match has. */
export interface Pattern<T, M> {
  readonly [matchOf]?: M
  /** The next event must fit. */
  readonly next: Follows<T, M>
  /** Events that do not fit are passed over until one does. */
  readonly followedBy: Follows<T, M>
  /** As `followedBy`, and events that fit may be passed over, too: more matches. */
  readonly followedByAny: Follows<T, M>
  /** The next event must not fit. */
  notNext<N extends string>(
    name: NewName<N, M>,
    condition?: PatternCondition<T, M>,
  ): PatternNot<T, M>
  /**
   * No event that fits may come before the next step; at the end of a pattern, with `within`, none
   * before the time is over.
   */
  notFollowedBy<N extends string>(
    name: NewName<N, M>,
    condition?: PatternCondition<T, M>,
  ): PatternNot<T, M>
  /**
   * The whole match takes less than this from its first event to its last, or, with `'previous'`,
   * each event of this step comes less than this after the event before it. Of several times for
   * the whole the shortest counts.
   */
  within(duration: Duration, between?: 'whole' | 'previous'): this
  /** What becomes of the other matches after one. Default: `noSkip()`. */
  afterMatch(strategy: SkipStrategy<keyof M & string>): this
}

/** A pattern that ends in something that must not occur. */
export interface PatternNot<T, M> extends Pattern<T, M> {
  /** This must hold, too. */
  where(condition: PatternCondition<T, M>): this
  /** Or this. */
  or(condition: PatternCondition<T, M>): this
}

/** How often the last step of a pattern occurs; each may be said once. */
interface Quantified {
  /** Any number of times, at least one. */
  oneOrMore(): this
  /** Any number of times, at least so many. */
  timesOrMore(times: number): this
  /** Of events that fit, the next need not be the one taken: all combinations match. */
  allowCombinations(): this
  /** Nothing may lie between the events of the step. */
  consecutive(): this
}

/** A pattern that ends in a step of name `N`, with events of `E`; `O`: it may be left out. */
export interface PatternStep<T, M, N extends string, E, O extends boolean = false>
  extends Pattern<T, M & Found<N, E, O>>, Quantified {
  /** This must hold, too; a type guard narrows the events of the step. */
  where<F extends E & T>(guard: PatternGuard<E, F, Seen<M, N, E>>): PatternStep<T, M, N, F, O>
  where(condition: PatternCondition<E, Seen<M, N, E>>): this
  /** Or this. */
  or(condition: PatternCondition<T, Seen<M, N, T>>): PatternStep<T, M, N, T, O>
  /** So many times. */
  times(times: number): this
  /** At least `from` and at most `to` times. */
  times<F extends number>(from: F, to: number): PatternStep<T, M, N, E, F extends 0 ? true : O>
  /** It may be left out. */
  optional(): PatternStep<T, M, N, E, true>
  /** As many events as possible. Has no effect at the end of a pattern, as in Flink. */
  greedy(): this
  /** Ends a loop: from an event for which this holds, the step takes none. */
  until(condition: PatternCondition<T, Seen<M, N, E>>): this
}

/** A pattern that ends in a group of steps. */
export interface PatternGroup<T, M, G, O extends boolean = false>
  extends Pattern<T, M & FoundGroup<G, O>>, Quantified {
  /** So many times. */
  times(times: number): this
  /** At least `from` and at most `to` times. */
  times<F extends number>(from: F, to: number): PatternGroup<T, M, G, F extends 0 ? true : O>
  /** It may be left out. */
  optional(): PatternGroup<T, M, G, true>
  /** Ends a loop: from an event for which this holds, the group takes none. */
  until(condition: PatternCondition<T, M & PartialMatchOf<G>>): this
}
