/**
 * Windowed streams: what is chosen for a window, then a node for the function over it. Their
 * contract is `streams/windowed.ts`.
 */
import type { AggregateFunction, AsyncFunctionError, Synchronous } from '../operators/functions.ts'
import type { Operator, OperatorContext } from '../operators/operator.ts'
import type { OutputTag } from '../operators/output-tag.ts'
import { synchronous } from '../operators/synchronous.ts'
import {
  globalWindow,
  type MergingWindowAssigner,
  type WindowAssigner,
} from '../operators/windows/assigners.ts'
import { type ContentsKind, foldedContents, listedContents } from '../operators/windows/contents.ts'
import {
  type EmitFunction,
  type EmitterKind,
  processEmitter,
  resultEmitter,
} from '../operators/windows/emitters.ts'
import { evictingContents } from '../operators/windows/evicting-contents.ts'
import { countEvictor, type Evictor } from '../operators/windows/evictors.ts'
import { aggregating, type Fold, reducing } from '../operators/windows/fold.ts'
import type {
  WindowContext,
  WindowCount,
  WindowProcessFunction,
  WindowStateSchema,
} from '../operators/windows/functions.ts'
import { createWindowOperator, windowStates } from '../operators/windows/create.ts'
import { countTrigger, purgingTrigger, type Trigger } from '../operators/windows/triggers.ts'
import type { StateSchema } from '../state/descriptors.ts'
import { dynamicType } from '../types/dynamic.ts'
import { t } from '../types/t.ts'
import type { Type } from '../types/type.ts'
import { type Duration, parseDurationMs } from '../util/duration.ts'
import { checkStates, checkSideOutputs } from './process-node.ts'
import { type Call, callOf, invalid, requireFunction } from './site.ts'
import type { DataStream } from './streams/data.ts'
import type { KeyedStream } from './streams/keyed.ts'
import type { MergingWindowedStream, WindowedStream } from './streams/windowed.ts'
import { anyAggregate, anyWindowProcess, binary } from './untyped.ts'
import {
  checkAssigner,
  checkTrigger,
  checkWindowStates,
  defaultTrigger,
  refuseLateness,
  type SideOutputs,
  withLate,
} from './window-checks.ts'

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

type AnyAssigner = WindowAssigner | MergingWindowAssigner<unknown>

interface Choices {
  readonly assigner: AnyAssigner
  readonly trigger: Trigger | undefined
  readonly allowedLatenessMs: number
  readonly lateTag: OutputTag<unknown> | undefined
  readonly evictor: Evictor | undefined
}

/** The stream before anything but the assigner is chosen. */
export function windowed<K, T>(
  assigner: WindowAssigner | MergingWindowAssigner<T>,
  site: WindowSite,
): WindowedDataStream<K, T> {
  checkAssigner(assigner as AnyAssigner, callOf('window'))
  return new WindowedDataStream(site, {
    // The stream gives it only records of its own type.
    assigner: assigner as AnyAssigner,
    trigger: undefined,
    allowedLatenessMs: 0,
    lateTag: undefined,
    evictor: undefined,
  })
}

/** Windows of so many records, over the window of all time. */
export function countWindowed<K, T>(
  keyed: KeyedStream<K, T>,
  size: number,
  slide: number | undefined,
): WindowedStream<K, T> {
  const all = keyed.window(globalWindow())
  if (slide === undefined || slide === size) return all.trigger(purgingTrigger(countTrigger(size)))
  return all.evictor(countEvictor(size)).trigger(countTrigger(slide))
}

export class WindowedDataStream<K, T> implements WindowedStream<K, T>, MergingWindowedStream<K, T> {
  readonly #site: WindowSite
  readonly #choices: Choices

  constructor(site: WindowSite, choices: Choices) {
    this.#site = site
    this.#choices = choices
  }

  trigger(trigger: Trigger<T>): this {
    checkTrigger(trigger, this.#choices.assigner, callOf('trigger'))
    return this.#with({ trigger }) // it is asked only about records of T
  }

  evictor(evictor: Evictor<T>): this {
    const call = callOf('evictor')
    requireFunction(evictor?.before ?? evictor?.after, call, 'an evictor with before or after')
    return this.#with({ evictor: evictor as Evictor<never> as Evictor }) // of records of T
  }

  allowedLateness(lateness: Duration): this {
    refuseLateness(this.#choices.assigner, callOf('allowedLateness'))
    return this.#with({ allowedLatenessMs: parseDurationMs(lateness, 'allowedLateness') })
  }

  sideOutputLateData(tag: OutputTag<T>): this {
    const call = callOf('sideOutputLateData')
    refuseLateness(this.#choices.assigner, call)
    if (typeof tag?.name !== 'string') throw invalid(call, 'got no tag', 'pass an outputTag')
    return this.#with({ lateTag: tag }) // only records of T go there
  }

  reduce<O>(
    uid: string,
    fn: (a: T, b: T) => T | AsyncFunctionError,
    then?: Then<K, T, O>,
  ): DataStream<O> {
    const call = callOf('reduce', uid)
    requireFunction(fn, call)
    const type = this.#site.inputType
    const fold = reducing(synchronous(binary<unknown>(fn), call.what), type)
    return this.#add(call, fold, this.#outcome(then, type, call))
  }

  aggregate<A, R, O>(
    uid: string,
    fn: AggregateFunction<T, A, R>,
    then?: Then<K, R, O>,
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
    const outcome = this.#outcome(then, output, call)
    return this.#add(call, aggregating(fold, accumulator), outcome)
  }

  count<O = WindowCount<K>>(
    uid: string,
    emit?: (count: number, context: WindowContext<K>) => Synchronous<O>,
  ): DataStream<O> {
    const call = callOf('count', uid)
    const window = t.struct({ start: t.timestamp, end: t.timestamp })
    const outputType = t.struct({ key: this.#site.keyType, window, value: t.float64 })
    const outcome =
      emit === undefined
        ? { emitter: resultEmitter((value, context) => ({ ...context, value })), outputType }
        : this.#outcome(emit, outputType, call)
    return this.#add(call, aggregating(COUNTING, t.float64), outcome)
  }

  process<O = unknown, S extends StateSchema = {}, W extends WindowStateSchema = {}>(
    uid: string,
    fn: WindowProcessFunction<K, T, O, S, W>,
  ): DataStream<O> {
    const call = callOf('process', uid)
    requireFunction(fn?.process, call, 'a process function')
    return this.#add(call, undefined, this.#processed(anyWindowProcess(fn), 'values', call))
  }

  #with(choices: Partial<Choices>): this {
    // A class without heirs: `this` is this class.
    return new WindowedDataStream<K, T>(this.#site, { ...this.#choices, ...choices }) as this
  }

  /** What becomes of a result: `then`, or the result itself, which is of type `type`. */
  #outcome<R, O>(then: Then<K, R, O> | undefined, type: Type<unknown>, call: Call): Outcome {
    if (then === undefined) return { emitter: resultEmitter(undefined), outputType: type }
    if (typeof then === 'object' && then !== null) {
      requireFunction(then.process, call, 'a process function')
      return this.#processed(anyWindowProcess(then), 'result', call)
    }
    requireFunction(then, call, 'a function to emit with')
    // Results and keys are of its types.
    return { emitter: resultEmitter(then as EmitFunction), outputType: dynamicType() }
  }

  #processed(
    fn: ReturnType<typeof anyWindowProcess>,
    gets: 'values' | 'result',
    call: Call,
  ): Outcome {
    checkStates(fn.state, call)
    checkWindowStates(fn, this.#choices.assigner.kind, call)
    return {
      emitter: processEmitter(fn, gets),
      outputType: fn.output ?? dynamicType(),
      sideOutputs: checkSideOutputs(fn.sideOutputs, call) ?? 'those that are read',
    }
  }

  #add<O>(call: Call, fold: Fold | undefined, outcome: Outcome): DataStream<O> {
    const { assigner, trigger = defaultTrigger(assigner, call), lateTag } = this.#choices
    const { allowedLatenessMs } = this.#choices
    const { emitter, outputType, sideOutputs = new Map() } = outcome
    const contents = this.#contents(fold)
    const spec = { assigner, trigger, allowedLatenessMs, lateTag, contents, fold, emitter }
    return this.#site.add(call, {
      states: windowStates(spec),
      outputType,
      sideOutputs: withLate(sideOutputs, lateTag, call),
      create: (context) => createWindowOperator(context, call.what, spec),
    })
  }

  #contents(fold: Fold | undefined): ContentsKind {
    const { assigner, evictor } = this.#choices
    const { inputType } = this.#site
    if (evictor !== undefined) return evictingContents(assigner.kind, evictor, fold, inputType)
    return fold === undefined
      ? listedContents(assigner.kind, inputType)
      : foldedContents(assigner.kind, fold)
  }
}

/** What a folded result goes to. */
type Then<K, R, O> =
  | ((result: R, context: WindowContext<K>) => Synchronous<O>)
  | WindowProcessFunction<K, R, O, StateSchema, WindowStateSchema>

interface Outcome {
  readonly emitter: EmitterKind
  readonly outputType: Type<unknown>
  readonly sideOutputs?: SideOutputs
}

/** Counts records: the accumulator is the number. */
const COUNTING = Object.freeze({
  createAccumulator: () => 0,
  // The accumulator is always a number of its own.
  add: (_value: unknown, seen: unknown) => (seen as number) + 1,
  getResult: (seen: unknown) => seen,
  merge: (a: unknown, b: unknown) => (a as number) + (b as number),
})
