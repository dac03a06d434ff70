/**
 * The helpers of keyed streams, each a node or two. Their contract is `streams/helpers.ts`;
 * `KeyedDataStream` inherits them.
 */
import type { AsyncFunctionError } from '../operators/functions.ts'
import {
  DeduplicateOperator,
  type DeduplicateSpec,
  deduplicateStates,
} from '../operators/helpers/deduplicate.ts'
import {
  type Extreme,
  ExtremeOperator,
  extremeStates,
  MeanOperator,
  meanStates,
} from '../operators/helpers/running.ts'
import { TOP_STATE, TopNOperator, type TopNSpec } from '../operators/helpers/top-n.ts'
import type { Operator, OperatorContext } from '../operators/operator.ts'
import { type MergingWindowAssigner, sessionWindow } from '../operators/windows/assigners.ts'
import { valueState, type StateSchema } from '../state/descriptors.ts'
import { keyText } from '../types/keys.ts'
import { t } from '../types/t.ts'
import type { Type } from '../types/type.ts'
import { parseDurationMs } from '../util/duration.ts'
import { KeyedJoins } from './keyed-joins.ts'
import { type Call, callOf, invalid, requireFunction } from './site.ts'
import type { DataStream } from './streams/data.ts'
import type {
  AggregatedSessionizeOptions,
  DeduplicateOptions,
  KeyedHelperMethods,
  RankUpdate,
  Session,
  SessionizeOptions,
  TopNOptions,
} from './streams/helpers.ts'
import type { UpdateStream } from './streams/keyed.ts'
import type { MergingWindowedStream } from './streams/windowed.ts'
import { unary } from './untyped.ts'

/** More ranks than this would make each change costly. */
const RANKS_MAX = 10_000

/** An operator over a keyed stream. */
export interface HelperNode {
  readonly states: StateSchema
  readonly usesTimers?: boolean
  readonly outputType: Type<unknown>
  readonly create: (context: OperatorContext) => Operator
}

/** What the stream does for its helpers. */
export interface HelperSite {
  readonly inputType: Type<unknown>
  readonly keyType: Type<unknown>
  add<O>(call: Call, node: HelperNode): DataStream<O>
  /** Adds an operator that emits updates with values of this type. */
  updates<K, V>(
    call: Call,
    value: Type<V>,
    node: Omit<HelperNode, 'outputType'>,
  ): UpdateStream<K, V>
}

export abstract class KeyedHelpers<K, T>
  extends KeyedJoins<K, T>
  implements KeyedHelperMethods<K, T>
{
  protected abstract helperSite(): HelperSite
  abstract window(assigner: MergingWindowAssigner<T>): MergingWindowedStream<K, T>

  min(uid: string, fn: (value: T) => number | AsyncFunctionError): UpdateStream<K, number> {
    return this.#extreme(callOf('min', uid), 'min', fn)
  }

  max(uid: string, fn: (value: T) => number | AsyncFunctionError): UpdateStream<K, number> {
    return this.#extreme(callOf('max', uid), 'max', fn)
  }

  mean(uid: string, fn: (value: T) => number | AsyncFunctionError): UpdateStream<K, number> {
    const call = callOf('mean', uid)
    requireFunction(fn, call)
    const untyped = unary(fn)
    return this.helperSite().updates(call, t.float64, {
      states: meanStates,
      create: (context) => new MeanOperator(context, call.what, untyped),
    })
  }

  deduplicate(uid: string, options: DeduplicateOptions<T>): DataStream<T> {
    const call = callOf('deduplicate', uid)
    const spec = deduplicateSpec(options, call)
    const site = this.helperSite()
    return site.add(call, {
      states: deduplicateStates(spec),
      usesTimers: spec.withinMs !== undefined,
      outputType: site.inputType,
      create: (context) => new DeduplicateOperator(context, call.what, spec),
    })
  }

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
  topN(
    uid: string,
    n: number,
    options: TopNOptions<T>,
  ): DataStream<RankUpdate<K, T>> | UpdateStream<K, readonly T[]> {
    const call = callOf('topN', uid)
    const spec = topNSpec(n, options, call)
    const site = this.helperSite()
    const list = t.list(site.inputType)
    const node = {
      states: { [TOP_STATE]: valueState(list) },
      create: (context: OperatorContext) => new TopNOperator(context, call.what, spec),
    }
    if (spec.emit === 'list') {
      // Its elements are of T.
      return site.updates<K, readonly T[]>(call, list as Type<readonly T[]>, node)
    }
    const outputType = t.struct({ key: site.keyType, rank: t.float64, value: site.inputType })
    return site.add<RankUpdate<K, T>>(call, { ...node, outputType })
  }

  sessionize<A, R>(
    uid: string,
    options: AggregatedSessionizeOptions<T, A, R>,
  ): DataStream<Session<K, R>>
  sessionize(uid: string, options: SessionizeOptions<T>): DataStream<Session<K, readonly T[]>>
  sessionize<A, R>(
    uid: string,
    options: SessionizeOptions<T> | AggregatedSessionizeOptions<T, A, R>,
  ): DataStream<Session<K, R>> | DataStream<Session<K, readonly T[]>> {
    const call = callOf('sessionize', uid)
    const { gap, allowedLateness = 0 } = options ?? {}
    if (gap === undefined) throw invalid(call, 'has no gap', "pass { gap: '30 min' }")
    const { inputType, keyType } = this.helperSite()
    const windows = this.window(sessionWindow(gap)).allowedLateness(allowedLateness)
    const sessionOf = <V>(key: K, { start, end }: Span, value: V): Session<K, V> => {
      return { key, id: `${keyText(key)}@${start}`, start, end, value }
    }
    const typeOf = <V>(value: Type<V>) => {
      const fields = { key: keyType, id: t.string, start: t.timestamp, end: t.timestamp, value }
      // Its fields are those of a session, and the stream's own types.
      return t.struct(fields) as unknown as Type<Session<K, V>>
    }
    if ('aggregate' in options) {
      const { aggregate } = options
      const sessions = windows.aggregate(uid, aggregate, (value, { key, window }) =>
        sessionOf(key, window, value),
      )
      return sessions.returns(typeOf(aggregate.output ?? t.dynamic<R>()))
    }
    return windows.process(uid, {
      output: typeOf(t.list(inputType) as Type<readonly T[]>), // its elements are of T
      process: (key, window, values, out) => out.collect(sessionOf(key, window, values)),
    })
  }

  #extreme(
    call: Call,
    which: Extreme,
    fn: (value: T) => number | AsyncFunctionError,
  ): UpdateStream<K, number> {
    requireFunction(fn, call)
    const untyped = unary(fn)
    return this.helperSite().updates(call, t.float64, {
      states: extremeStates(which),
      create: (context) => new ExtremeOperator(context, call.what, which, untyped),
    })
  }
}

interface Span {
  readonly start: number
  readonly end: number
}

function deduplicateSpec<T>(options: DeduplicateOptions<T>, call: Call): DeduplicateSpec {
  const { keep, by, within } = options ?? {}
  requireOneOf(call, 'keep', keep, ['first', 'last'])
  if (by !== undefined) requireFunction(by, call, 'a function as "by"')
  const withinMs =
    within === undefined ? undefined : parseDurationMs(within, `${call.what}: within`)
  if (withinMs === 0) throw invalid(call, 'remembers nothing within 0 ms', 'give a longer "within"')
  return { keep, by: by === undefined ? undefined : unary(by), withinMs }
}

function topNSpec<T>(n: number, options: TopNOptions<T>, call: Call): TopNSpec {
  if (!Number.isSafeInteger(n) || n < 1 || n > RANKS_MAX) {
    const cure = `give a whole number from 1 to ${RANKS_MAX}`
    throw invalid(call, `: ${String(n)} is no number of records`, cure)
  }
  const { by, order = 'descending', ties = 'first', unique, emit = 'list' } = options ?? {}
  requireFunction(by, call, 'a function as "by"')
  if (unique !== undefined) requireFunction(unique, call, 'a function as "unique"')
  requireOneOf(call, 'order', order, ['descending', 'ascending'])
  requireOneOf(call, 'ties', ties, ['first', 'last'])
  requireOneOf(call, 'emit', emit, ['list', 'ranks'])
  const identity = unique === undefined ? undefined : unary(unique)
  return { n, by: unary(by), order, ties, emit, unique: identity }
}

function requireOneOf(call: Call, name: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return
  const cure = `use ${allowed.map((each) => `"${each}"`).join(' or ')}`
  throw invalid(call, `: ${name} is ${JSON.stringify(value)}`, cure)
}
