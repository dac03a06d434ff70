/**
 * Windowed streams: what is chosen for a window, then a node for the function over it. Their
 * contract is `streams/windowed.ts`.
 */
import type { AggregateFunction, AsyncFunctionError, Synchronous } from '../operators/functions.ts'
import type { Operator, OperatorContext } from '../operators/operator.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import { synchronous } from '../operators/synchronous.ts'
import type { MergingWindowAssigner, WindowAssigner } from '../operators/windows/assigners.ts'
import { foldedContents, listedContents } from '../operators/windows/contents.ts'
import {
  type EmitFunction,
  type EmitterKind,
  processEmitter,
  resultEmitter,
} from '../operators/windows/emitters.ts'
import { aggregating, type Fold, reducing } from '../operators/windows/fold.ts'
import type {
  WindowContext,
  WindowCount,
  WindowProcessFunction,
  WindowStateSchema,
} from '../operators/windows/functions.ts'
import { createWindowOperator, windowStates } from '../operators/windows/create.ts'
import { eventTimeTrigger, type Trigger } from '../operators/windows/triggers.ts'
import type { StateSchema } from '../state/descriptors.ts'
import { dynamicType } from '../types/dynamic.ts'
import { t } from '../types/t.ts'
import type { Type } from '../types/type.ts'
import { type Duration, parseDurationMs } from '../util/duration.ts'
import { checkStates, checkSideOutputs } from './process-node.ts'
import { type Call, callOf, invalid, requireFunction } from './site.ts'
import type { DataStream } from './streams/data.ts'
import type { MergingWindowedStream, WindowedStream } from './streams/windowed.ts'
import { anyAggregate, anyWindowProcess, binary } from './untyped.ts'

/** By name, or open: whatever is read. */
export type SideOutputs = ReadonlyMap<string, Type<unknown>> | 'those that are read'

/** What a keyed stream adds for a windowed one. */
export interface WindowNode {
  readonly states: StateSchema
  readonly outputType: Type<unknown>
  readonly sideOutputs: SideOutputs
  readonly create: (context: OperatorContext) => Operator
}

export interface WindowSite {
  readonly inputType: Type<unknown>
  readonly keyType: Type<unknown>
  add<O>(call: Call, node: WindowNode): DataStream<O>
}

interface Choices {
  readonly assigner: WindowAssigner | MergingWindowAssigner<unknown>
  readonly trigger: Trigger | undefined
  readonly allowedLatenessMs: number
  readonly lateTag: OutputTag<unknown> | undefined
}

const KINDS: ReadonlySet<unknown> = new Set([
  'tumbling',
  'sliding',
  'cumulative',
  'session',
  'global',
])
const OWN_STATES = /^(window|session)[-:]/

/** The stream before anything but the assigner is chosen. */
export function windowed<K, T>(
  assigner: WindowAssigner | MergingWindowAssigner<T>,
  site: WindowSite,
): WindowedDataStream<K, T> {
  const call = callOf('window')
  if (!KINDS.has(assigner?.kind) || typeof assigner.assign !== 'function') {
    const cure = 'pass tumblingWindow(…), sessionWindow(…) or another'
    throw invalid(call, 'got something that assigns no windows', cure)
  }
  return new WindowedDataStream(site, {
    // The stream gives it only records of its own type.
    assigner: assigner as WindowAssigner | MergingWindowAssigner<unknown>,
    trigger: undefined,
    allowedLatenessMs: 0,
    lateTag: undefined,
  })
}

export class WindowedDataStream<K, T> implements WindowedStream<K, T>, MergingWindowedStream<K, T> {
  readonly #site: WindowSite
  readonly #choices: Choices

  constructor(site: WindowSite, choices: Choices) {
    this.#site = site
    this.#choices = choices
  }

  trigger(trigger: Trigger<T>): this {
    const call = callOf('trigger')
    for (const part of ['onElement', 'onEventTime', 'onProcessingTime', 'clear'] as const) {
      requireFunction(trigger?.[part], call, `a trigger with ${part}`)
    }
    if (this.#choices.assigner.kind === 'session') {
      const cure = 'add it, or use windows that do not merge'
      if (trigger.onMerge === undefined) {
        throw invalid(call, 'has no onMerge, which session windows need', cure)
      }
      if (trigger.state !== undefined && trigger.mergeState === undefined) {
        throw invalid(call, 'has state and no mergeState, which session windows need', cure)
      }
    }
    return this.#with({ trigger }) // it is asked only about records of T
  }

  allowedLateness(lateness: Duration): this {
    return this.#with({ allowedLatenessMs: parseDurationMs(lateness, 'allowedLateness') })
  }

  sideOutputLateData(tag: OutputTag<T>): this {
    if (typeof tag?.name !== 'string') {
      throw invalid(callOf('sideOutputLateData'), 'got no tag', 'pass an outputTag')
    }
    return this.#with({ lateTag: tag }) // only records of T go there
  }

  reduce<O = T>(
    uid: string,
    fn: (a: T, b: T) => T | AsyncFunctionError,
    emit?: (result: T, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O> {
    const call = callOf('reduce', uid)
    requireFunction(fn, call)
    const type = this.#site.inputType
    const fold = reducing(synchronous(binary<unknown>(fn), call.what), type)
    return this.#add(call, fold, emitterOf(emit, call), {
      outputType: emit === undefined ? type : dynamicType(),
    })
  }

  aggregate<A, R, O = R>(
    uid: string,
    fn: AggregateFunction<T, A, R>,
    emit?: (result: R, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O> {
    const call = callOf('aggregate', uid)
    const { kind } = this.#choices.assigner
    requireFunction(fn?.createAccumulator, call, 'a createAccumulator function')
    requireFunction(fn.add, call, 'an add function')
    requireFunction(fn.getResult, call, 'a getResult function')
    if (kind === 'session') {
      requireFunction(fn.merge, call, 'a merge function, for sessions merge,')
    }
    const { accumulator = dynamicType(), output = dynamicType(), ...parts } = anyAggregate(fn)
    const { add, merge } = parts
    const fold = {
      ...parts,
      add: synchronous(add, call.what),
      ...(merge === undefined ? {} : { merge: synchronous(merge, call.what) }),
    }
    return this.#add(call, aggregating(fold, accumulator), emitterOf(emit, call), {
      outputType: emit === undefined ? output : dynamicType(),
    })
  }

  count<O = WindowCount<K>>(
    uid: string,
    emit?: (count: number, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O> {
    const call = callOf('count', uid)
    const window = t.struct({ start: t.timestamp, end: t.timestamp })
    const outputType = t.struct({ key: this.#site.keyType, window, value: t.float64 })
    const emitter =
      emit === undefined
        ? resultEmitter((value, context) => ({ ...context, value }))
        : emitterOf(emit, call)
    return this.#add(call, aggregating(COUNTING, t.float64), emitter, {
      outputType: emit === undefined ? outputType : dynamicType(),
    })
  }

  process<O = unknown, S extends StateSchema = {}, W extends WindowStateSchema = {}>(
    uid: string,
    fn: WindowProcessFunction<K, T, O, S, W>,
  ): DataStream<O> {
    const call = callOf('process', uid)
    const { kind } = this.#choices.assigner
    requireFunction(fn?.process, call, 'a process function')
    const untyped = anyWindowProcess(fn)
    checkStates(untyped.state, call)
    checkWindowStates(untyped, kind, call)
    return this.#add(call, undefined, processEmitter(untyped), {
      outputType: untyped.output ?? dynamicType(),
      sideOutputs: checkSideOutputs(untyped.sideOutputs, call) ?? 'those that are read',
    })
  }

  #with(choices: Partial<Choices>): this {
    // A class without heirs: `this` is this class.
    return new WindowedDataStream<K, T>(this.#site, { ...this.#choices, ...choices }) as this
  }

  #add<O>(
    call: Call,
    fold: Fold | undefined,
    emitter: EmitterKind,
    outputs: { readonly outputType: Type<unknown>; readonly sideOutputs?: SideOutputs },
  ): DataStream<O> {
    const { assigner, trigger = defaultTrigger(assigner, call), lateTag } = this.#choices
    const { allowedLatenessMs } = this.#choices
    const contents =
      fold === undefined
        ? listedContents(assigner.kind, this.#site.inputType)
        : foldedContents(assigner.kind, fold)
    const spec = { assigner, trigger, allowedLatenessMs, lateTag, contents, fold, emitter }
    return this.#site.add(call, {
      states: windowStates(spec),
      outputType: outputs.outputType,
      sideOutputs: withLate(outputs.sideOutputs ?? new Map(), lateTag, call),
      create: (context) => createWindowOperator(context, call.what, spec),
    })
  }
}

/** Counts records: the accumulator is the number. */
const COUNTING = Object.freeze({
  createAccumulator: () => 0,
  // The accumulator is always a number of its own.
  add: (_value: unknown, seen: unknown) => (seen as number) + 1,
  getResult: (seen: unknown) => seen,
  merge: (a: unknown, b: unknown) => (a as number) + (b as number),
})

function emitterOf(emit: unknown, call: Call): EmitterKind {
  if (emit !== undefined) requireFunction(emit, call, 'a function to emit with')
  return resultEmitter(emit as EmitFunction | undefined) // results and keys are of its types
}

function defaultTrigger({ kind }: { readonly kind: string }, call: Call): Trigger {
  if (kind !== 'global') return eventTimeTrigger()
  const cure = 'choose one: .trigger(countTrigger(100)), or eventTimeTrigger() for the end of input'
  throw invalid(call, 'has a global window without trigger, which never fires', cure)
}

function withLate(
  outputs: SideOutputs,
  lateTag: OutputTag<unknown> | undefined,
  call: Call,
): SideOutputs {
  if (lateTag === undefined || typeof outputs === 'string') return outputs
  if (outputs.has(lateTag.name)) {
    const problem = `declares two side outputs "${lateTag.name}"`
    throw invalid(call, problem, 'give late data a tag of its own')
  }
  return new Map([...outputs, [lateTag.name, lateTag.type]])
}

function checkWindowStates(
  fn: { readonly state?: StateSchema; readonly windowState?: StateSchema },
  kind: string,
  call: Call,
): void {
  checkStates(fn.windowState, call)
  for (const [name, state] of Object.entries(fn.windowState ?? {})) {
    if (state.kind === 'value') continue
    throw invalid(call, `: the window state "${name}" is no value state`, 'use valueState')
  }
  // Two windows with a value each would become one with none or two.
  if (kind === 'session' && Object.keys(fn.windowState ?? {}).length > 0) {
    const cure = 'keep it per key, in state'
    throw invalid(call, 'has window state, which windows that merge cannot have', cure)
  }
  for (const name of Object.keys(fn.state ?? {})) {
    if (!OWN_STATES.test(name)) continue
    throw invalid(call, `: the name of state "${name}" is taken by windows`, 'rename it')
  }
}
