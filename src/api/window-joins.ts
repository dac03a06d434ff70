/**
 * Joins of two keyed streams by window: what is chosen for one, then a node with two inputs. Their
 * contract is `streams/joined.ts`.
 */
import type { AsyncFunctionError, Collector, Synchronous } from '../operators/functions.ts'
import type { CoGroupContext } from '../operators/joins/functions.ts'
import type { LateTags, OuterSides } from '../operators/joins/interval.ts'
import {
  coGroupEmitter,
  type CoGroupFunction,
  joinEmitter,
  PairWindowOperator,
  pairWindowSpec,
} from '../operators/joins/window.ts'
import type { MergingWindowAssigner, WindowAssigner } from '../operators/windows/assigners.ts'
import { windowStates } from '../operators/windows/create.ts'
import type { EmitterKind } from '../operators/windows/emitters.ts'
import type { WindowContext } from '../operators/windows/functions.ts'
import type { MergingTrigger, Trigger } from '../operators/windows/triggers.ts'
import type { Type } from '../types/type.ts'
import { type Duration, parseDurationMs } from '../util/duration.ts'
import { INNER, type JoinSite, lateTags, NO_TAGS, outputsOf } from './join-site.ts'
import { checkSideOutputs } from './process-node.ts'
import { type Call, callOf, requireFunction } from './site.ts'
import type { DataStream } from './streams/data.ts'
import type {
  CoGroup,
  CoGroupOptions,
  CoGroupWindows,
  LateOutputs,
  WindowJoin,
  WindowJoined,
  WindowJoinWindows,
} from './streams/joined.ts'
import { ternary } from './untyped.ts'
import {
  checkAssigner,
  checkTrigger,
  defaultTrigger,
  refuseLateness,
  type SideOutputs,
} from './window-checks.ts'

type AnyAssigner = WindowAssigner | MergingWindowAssigner<unknown>

interface Choices {
  readonly assigner: AnyAssigner
  readonly trigger: Trigger | undefined
  readonly allowedLatenessMs: number
  readonly late: LateTags
}

interface Outputs {
  readonly outputType?: Type<unknown>
  readonly sideOutputs: SideOutputs
}

/** What is chosen for windows of two streams, whatever is done with them. */
abstract class PairWindows<L, R, T extends Trigger<L | R>> {
  protected readonly site: JoinSite
  protected readonly choices: Choices

  constructor(site: JoinSite, choices: Choices) {
    this.site = site
    this.choices = choices
  }

  /** The same with other choices. */
  protected abstract with(choices: Choices): this

  trigger(trigger: T): this {
    checkTrigger(trigger, this.choices.assigner, callOf('trigger'))
    return this.with({ ...this.choices, trigger }) // it is asked only about records of both
  }

  allowedLateness(lateness: Duration): this {
    refuseLateness(this.choices.assigner, callOf('allowedLateness'))
    const allowedLatenessMs = parseDurationMs(lateness, 'allowedLateness')
    return this.with({ ...this.choices, allowedLatenessMs })
  }

  sideOutputLateData(tags: LateOutputs<L, R>): this {
    const call = callOf('sideOutputLateData')
    refuseLateness(this.choices.assigner, call)
    return this.with({ ...this.choices, late: lateTags(tags, this.choices.late, call) })
  }

  protected add<O>(call: Call, emitter: EmitterKind, outputs: Outputs): DataStream<O> {
    const { leftType, rightType } = this.site
    const trigger = this.choices.trigger ?? defaultTrigger(this.choices.assigner, call)
    const spec = { ...this.choices, trigger, leftType, rightType, emitter }
    return this.site.add(call, {
      states: windowStates(pairWindowSpec(spec)),
      ...outputs,
      create: (context) => new PairWindowOperator(context, call.what, spec),
    })
  }
}

function choicesOf<T>(assigner: WindowAssigner | MergingWindowAssigner<T>): Choices {
  const untyped = assigner as AnyAssigner // the streams give it only records of their own
  checkAssigner(untyped, callOf('window'))
  return { assigner: untyped, trigger: undefined, allowedLatenessMs: 0, late: NO_TAGS }
}

export class WindowJoinStreams<K, L, R> implements WindowJoin<K, L, R> {
  readonly #site: JoinSite

  constructor(site: JoinSite) {
    this.#site = site
  }

  window(assigner: MergingWindowAssigner<L | R>): WindowJoinWindows<K, L, R, MergingTrigger<L | R>>
  window(assigner: WindowAssigner): WindowJoinWindows<K, L, R, Trigger<L | R>>
  window(
    assigner: WindowAssigner | MergingWindowAssigner<L | R>,
  ): WindowJoinWindows<K, L, R, Trigger<L | R>> {
    return new WindowJoinStream(this.#site, choicesOf(assigner), INNER)
  }
}

class WindowJoinStream<K, L, R, LateL, LateR>
  extends PairWindows<LateL, LateR, Trigger<LateL | LateR>>
  implements WindowJoined<K, L, R, Trigger<LateL | LateR>, LateL, LateR>
{
  readonly #outer: OuterSides

  constructor(site: JoinSite, choices: Choices, outer: OuterSides) {
    super(site, choices)
    this.#outer = outer
  }

  inner(): WindowJoinStream<K, LateL, LateR, LateL, LateR> {
    return new WindowJoinStream(this.site, this.choices, INNER)
  }

  leftOuter(): WindowJoinStream<K, LateL, LateR | undefined, LateL, LateR> {
    return new WindowJoinStream(this.site, this.choices, { left: true, right: false })
  }

  rightOuter(): WindowJoinStream<K, LateL | undefined, LateR, LateL, LateR> {
    return new WindowJoinStream(this.site, this.choices, { left: false, right: true })
  }

  fullOuter(): WindowJoinStream<K, LateL | undefined, LateR | undefined, LateL, LateR> {
    return new WindowJoinStream(this.site, this.choices, { left: true, right: true })
  }

  apply<O>(
    uid: string,
    fn: (left: L, right: R, ctx: WindowContext<K>) => Synchronous<O>,
  ): DataStream<Exclude<O, undefined>> {
    const call = callOf('join', uid)
    requireFunction(fn, call)
    const emitter = joinEmitter(this.#outer, ternary<unknown>(fn))
    return this.add(call, emitter, { sideOutputs: outputsOf(this.choices.late, call) })
  }

  protected with(choices: Choices): this {
    // A class without heirs: `this` is this class.
    return new WindowJoinStream(this.site, choices, this.#outer) as this
  }
}

export class CoGroupStreams<K, L, R> implements CoGroup<K, L, R> {
  readonly #site: JoinSite

  constructor(site: JoinSite) {
    this.#site = site
  }

  window(assigner: MergingWindowAssigner<L | R>): CoGroupWindows<K, L, R, MergingTrigger<L | R>>
  window(assigner: WindowAssigner): CoGroupWindows<K, L, R, Trigger<L | R>>
  window(
    assigner: WindowAssigner | MergingWindowAssigner<L | R>,
  ): CoGroupWindows<K, L, R, Trigger<L | R>> {
    return new CoGroupStream(this.#site, choicesOf(assigner))
  }
}

class CoGroupStream<K, L, R>
  extends PairWindows<L, R, Trigger<L | R>>
  implements CoGroupWindows<K, L, R, Trigger<L | R>>
{
  apply<O = unknown>(
    uid: string,
    fn: (
      left: readonly L[],
      right: readonly R[],
      ctx: CoGroupContext<K>,
      out: Collector<O>,
    ) => void | undefined | AsyncFunctionError,
    { output, sideOutputs }: CoGroupOptions<O> = {},
  ): DataStream<O> {
    const call = callOf('coGroup', uid)
    requireFunction(fn, call)
    const { left, right } = this.choices.late
    const late = [left, right].filter((tag) => tag !== undefined)
    const declared = checkSideOutputs(sideOutputs?.concat(late), call)
    // It gets only records and keys of its streams, and a collector for what they say.
    const emitter = coGroupEmitter(fn as unknown as CoGroupFunction, sideOutputs)
    return this.add(call, emitter, {
      sideOutputs: declared ?? 'those that are read',
      ...(output === undefined ? {} : { outputType: output }),
    })
  }

  protected with(choices: Choices): this {
    // A class without heirs: `this` is this class.
    return new CoGroupStream<K, L, R>(this.site, choices) as this
  }
}
