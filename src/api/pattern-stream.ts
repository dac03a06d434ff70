/**
 * Pattern streams: what is chosen for a pattern, then a node for the function over its matches.
 * Their contract is `streams/pattern.ts`.
 */
import type { MillraceError } from '../errors.ts'
import type { Synchronous } from '../operators/functions.ts'
import type { TimeDomain } from '../operators/operator.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import { AnyPattern } from '../operators/patterns/builder.ts'
import { compile } from '../operators/patterns/compile.ts'
import type { TimedOutOutput } from '../operators/patterns/emitter.ts'
import type { MatchEvents } from '../operators/patterns/extract.ts'
import type {
  Match,
  MatchContext,
  PartialMatchOf,
  PatternProcessFunction,
} from '../operators/patterns/functions.ts'
import { PatternOperator, patternStates } from '../operators/patterns/operator.ts'
import type { Automaton } from '../operators/patterns/states.ts'
import type { PatternSpec } from '../operators/patterns/steps.ts'
import { synchronous } from '../operators/synchronous.ts'
import { dynamicType } from '../types/dynamic.ts'
import { checkSideOutputs } from './process-node.ts'
import { callOf, type Call, invalid, requireFunction } from './site.ts'
import type { DataStream } from './streams/data.ts'
import type { PatternStream } from './streams/pattern.ts'
import { binary } from './untyped.ts'
import type { WindowSite } from './windowed-stream.ts'

interface Choices {
  readonly spec: PatternSpec
  readonly automaton: Automaton
  readonly domain: TimeDomain
  readonly lateTag: OutputTag<unknown> | undefined
  readonly timedOut: TimedOutOutput | undefined
}

type AnyProcess = PatternProcessFunction<unknown, MatchEvents, unknown>

/** The stream before anything but the pattern is chosen. */
export function patternStream<K, T, M>(
  pattern: unknown,
  site: WindowSite,
): PatternDataStream<K, T, M> {
  if (!(pattern instanceof AnyPattern)) {
    const cure = "begin one with pattern<Event>().begin('name', condition)"
    throw invalid(callOf('pattern'), 'got something that is no pattern', cure)
  }
  const spec = pattern.checked()
  const automaton = compile(spec.steps)
  const domain = 'event-time'
  return new PatternDataStream(site, {
    spec,
    automaton,
    domain,
    lateTag: undefined,
    timedOut: undefined,
  })
}

class PatternDataStream<K, T, M> implements PatternStream<K, T, M> {
  readonly #site: WindowSite
  readonly #choices: Choices

  constructor(site: WindowSite, choices: Choices) {
    this.#site = site
    this.#choices = choices
  }

  inProcessingTime(): this {
    if (this.#choices.lateTag !== undefined) throw neverLate(callOf('inProcessingTime'))
    return this.#with({ domain: 'processing-time' })
  }

  sideOutputLateData(tag: OutputTag<T>): this {
    const call = callOf('sideOutputLateData')
    if (typeof tag?.name !== 'string') throw invalid(call, 'got no tag', 'pass an outputTag')
    if (this.#choices.domain === 'processing-time') throw neverLate(call)
    return this.#with({ lateTag: tag }) // only records of T go there
  }

  timedOut<X>(
    tag: OutputTag<X>,
    select: (match: PartialMatchOf<M>, ctx: MatchContext<K>) => Synchronous<X>,
  ): this {
    const call = callOf('timedOut')
    if (typeof tag?.name !== 'string') throw invalid(call, 'got no tag', 'pass an outputTag')
    requireFunction(select, call)
    if (!canTimeOut(this.#choices)) {
      throw invalid(call, 'waits for matches that have no time limit', 'add .within(duration)')
    }
    // The operator gives it matches of this pattern, and keys of the stream.
    const untyped = select as unknown as TimedOutOutput['select']
    return this.#with({ timedOut: { tag, select: untyped } })
  }

  select<O>(
    uid: string,
    fn: (match: Match<M>, ctx: MatchContext<K>) => Synchronous<O>,
  ): DataStream<O> {
    const call = callOf('select', uid)
    requireFunction(fn, call)
    const checked = synchronous(binary<unknown>(fn), call.what)
    return this.#add(call, {
      sideOutputs: [],
      processMatch: (match, ctx, out) => out.collect(checked(match, ctx)),
    })
  }

  process<O = unknown>(uid: string, fn: PatternProcessFunction<K, M, O>): DataStream<O> {
    const call = callOf('process', uid)
    requireFunction(fn?.processMatch, call, 'a processMatch function')
    // The operator gives it matches of this pattern, and keys of the stream.
    return this.#add(call, fn as unknown as AnyProcess)
  }

  #with(choices: Partial<Choices>): this {
    // A class without heirs: `this` is this class.
    return new PatternDataStream<K, T, M>(this.#site, { ...this.#choices, ...choices }) as this
  }

  #add<O>(call: Call, process: AnyProcess): DataStream<O> {
    const { spec, automaton, domain, lateTag, timedOut } = this.#choices
    const own = [timedOut?.tag, lateTag].filter((tag) => tag !== undefined)
    const declared =
      process.sideOutputs === undefined ? undefined : [...process.sideOutputs, ...own]
    const functions = { process, timedOut, declared }
    const parts = { pattern: spec, automaton, domain, lateTag, functions }
    return this.#site.add(call, {
      states: patternStates(domain, this.#site.inputType),
      outputType: process.output ?? dynamicType(),
      sideOutputs: checkSideOutputs(declared, call) ?? 'those that are read',
      create: (context) => new PatternOperator(context, call.what, parts),
    })
  }
}

function canTimeOut({ spec, automaton }: Choices): boolean {
  return (
    spec.withinMs < Infinity || automaton.byName.values().some((state) => state.limitMs < Infinity)
  )
}

function neverLate(call: Call): MillraceError {
  const cure = 'leave out one of the two'
  return invalid(call, 'asks for late records, of which there are none in processing time', cure)
}
