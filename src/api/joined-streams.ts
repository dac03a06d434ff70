/**
 * Joins in time of two keyed streams: what is chosen for one, then a node with two inputs. Their
 * contract is `streams/joined.ts`. Those by window are in `window-joins.ts`.
 */
import type { Synchronous } from '../operators/functions.ts'
import type { IntervalJoinContext, TemporalJoinContext } from '../operators/joins/functions.ts'
import {
  IntervalJoinOperator,
  intervalJoinStates,
  type LateTags,
  type OuterSides,
} from '../operators/joins/interval.ts'
import { TemporalJoinOperator, temporalJoinStates } from '../operators/joins/temporal.ts'
import { type Duration, parseSignedDurationMs } from '../util/duration.ts'
import { INNER, type JoinSite, lateTags, NO_TAGS, outputsOf } from './join-site.ts'
import { type Call, callOf, invalid, requireFunction } from './site.ts'
import type { DataStream } from './streams/data.ts'
import type {
  BoundedIntervalJoin,
  IntervalBounds,
  IntervalJoin,
  IntervalJoined,
  LateOutputs,
  TemporalJoin,
  TemporalJoined,
  TemporalJoinOptions,
} from './streams/joined.ts'
import { ternary, unary } from './untyped.ts'

export class IntervalJoinStreams<K, L, R> implements IntervalJoin<K, L, R> {
  readonly #site: JoinSite

  constructor(site: JoinSite) {
    this.#site = site
  }

  between(
    lower: Duration,
    upper: Duration,
    bounds: IntervalBounds = {},
  ): BoundedIntervalJoin<K, L, R> {
    const call = callOf('between')
    const lowerMs = boundOf(lower, 'lower', call) + (bounds.lowerExclusive === true ? 1 : 0)
    const upperMs = boundOf(upper, 'upper', call) - (bounds.upperExclusive === true ? 1 : 0)
    if (lowerMs > upperMs) {
      const problem = `has no time between ${lowerMs} ms and ${upperMs} ms`
      throw invalid(call, problem, 'give the lower bound first; a minus sign goes back in time')
    }
    return new IntervalJoinStream(this.#site, { lowerMs, upperMs, outer: INNER, late: NO_TAGS })
  }
}

interface IntervalChoices {
  readonly lowerMs: number
  readonly upperMs: number
  readonly outer: OuterSides
  readonly late: LateTags
}

class IntervalJoinStream<K, L, R, LateL = L, LateR = R> implements IntervalJoined<
  K,
  L,
  R,
  LateL,
  LateR
> {
  readonly #site: JoinSite
  readonly #choices: IntervalChoices

  constructor(site: JoinSite, choices: IntervalChoices) {
    this.#site = site
    this.#choices = choices
  }

  inner(): IntervalJoined<K, L, R> {
    return this.#outer(INNER)
  }

  leftOuter(): IntervalJoined<K, L, R | undefined, L, R> {
    return this.#outer({ left: true, right: false })
  }

  rightOuter(): IntervalJoined<K, L | undefined, R, L, R> {
    return this.#outer({ left: false, right: true })
  }

  fullOuter(): IntervalJoined<K, L | undefined, R | undefined, L, R> {
    return this.#outer({ left: true, right: true })
  }

  sideOutputLateData(tags: LateOutputs<LateL, LateR>): this {
    const late = lateTags(tags, this.#choices.late, callOf('sideOutputLateData'))
    // A class without heirs: `this` is this class.
    return new IntervalJoinStream(this.#site, { ...this.#choices, late }) as this
  }

  process<O>(
    uid: string,
    fn: (left: L, right: R, ctx: IntervalJoinContext<K>) => Synchronous<O>,
  ): DataStream<Exclude<O, undefined>> {
    const call = callOf('intervalJoin', uid)
    requireFunction(fn, call)
    const { leftType, rightType } = this.#site
    const spec = { ...this.#choices, leftType, rightType, join: ternary<unknown>(fn) }
    return this.#site.add(call, {
      states: intervalJoinStates(spec),
      sideOutputs: outputsOf(spec.late, call),
      create: (context) => new IntervalJoinOperator(context, call.what, spec),
    })
  }

  #outer<A, B>(outer: OuterSides): IntervalJoined<K, A, B, L, R> {
    return new IntervalJoinStream<K, A, B, L, R>(this.#site, { ...this.#choices, outer })
  }
}

interface TemporalChoices {
  readonly isOuter: boolean
  readonly isDeleted: ((version: unknown) => unknown) | undefined
  readonly late: LateTags
}

export class TemporalJoinStream<K, F, V, LateV = V> implements TemporalJoined<K, F, V, LateV> {
  readonly #site: JoinSite
  readonly #choices: TemporalChoices

  private constructor(site: JoinSite, choices: TemporalChoices) {
    this.#site = site
    this.#choices = choices
  }

  static of<K, F, V>(
    site: JoinSite,
    { isDeleted }: TemporalJoinOptions<V>,
    call: Call,
  ): TemporalJoin<K, F, V> {
    if (isDeleted !== undefined) requireFunction(isDeleted, call, 'a function as isDeleted')
    const untyped = isDeleted === undefined ? undefined : unary(isDeleted)
    const choices = { isOuter: false, isDeleted: untyped, late: NO_TAGS }
    return new TemporalJoinStream<K, F, V>(site, choices)
  }

  inner(): TemporalJoined<K, F, V> {
    return new TemporalJoinStream<K, F, V>(this.#site, { ...this.#choices, isOuter: false })
  }

  leftOuter(): TemporalJoined<K, F, V | undefined, V> {
    const choices = { ...this.#choices, isOuter: true }
    return new TemporalJoinStream<K, F, V | undefined, V>(this.#site, choices)
  }

  sideOutputLateData(tags: LateOutputs<F, LateV>): this {
    const late = lateTags(tags, this.#choices.late, callOf('sideOutputLateData'))
    // A class without heirs: `this` is this class.
    return new TemporalJoinStream(this.#site, { ...this.#choices, late }) as this
  }

  process<O>(
    uid: string,
    fn: (fact: F, version: V, ctx: TemporalJoinContext<K>) => Synchronous<O>,
  ): DataStream<Exclude<O, undefined>> {
    const call = callOf('temporalJoin', uid)
    requireFunction(fn, call)
    const { leftType: factType, rightType: versionType } = this.#site
    const spec = { ...this.#choices, factType, versionType, join: ternary<unknown>(fn) }
    return this.#site.add(call, {
      states: temporalJoinStates(spec),
      sideOutputs: outputsOf(spec.late, call),
      create: (context) => new TemporalJoinOperator(context, call.what, spec),
    })
  }
}

function boundOf(bound: Duration, name: string, call: Call): number {
  const ms = parseSignedDurationMs(bound, `${call.what}: ${name}`)
  if (Number.isSafeInteger(ms)) return ms
  throw invalid(call, `: ${name} is ${ms} ms`, 'give whole milliseconds')
}
