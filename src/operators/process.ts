/**
 * Process functions, keyed and plain: the user's `processElement` and `onTimer`. What functions of
 * one and of two inputs share is in the base classes.
 */
import type { StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { BroadcastStateSchema, OperatorStateSchema } from '../state/operator-descriptors.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import { BaseOperator, tableOf } from './base.ts'
import type { Collector, KeyedProcessFunction, OpenContext, ProcessFunction } from './functions.ts'
import { HeldStates } from './held-states.ts'
import { NamedTimers } from './named-timers.ts'
import { NO_TIMESTAMP, type OperatorContext, type TimeDomain } from './operator.ts'
import type { OutputTag } from './output-tag.ts'
import { Emitter, KeyedProcessContext, ProcessContext } from './process-context.ts'

/** What all functions with a context may have. */
interface FunctionParts {
  readonly sideOutputs?: readonly OutputTag<unknown>[]
  readonly operatorState?: OperatorStateSchema
  readonly open?: (context: OpenContext<OperatorStateSchema>) => unknown
  readonly close?: (resources: unknown) => void | Promise<void>
}

/** An operator around a function with a context; the function's entrances are the subclass's. */
export abstract class FunctionOperator<C extends ProcessContext> extends BaseOperator {
  protected readonly emitter: Emitter
  protected readonly held: HeldStates
  protected abstract readonly context: C
  readonly #parts: FunctionParts
  readonly #operatorContext: OperatorContext

  constructor(
    context: OperatorContext,
    what: string,
    parts: FunctionParts,
    broadcast: BroadcastStateSchema = {},
  ) {
    super(context, what)
    this.#parts = parts
    this.#operatorContext = context
    this.emitter = new Emitter(context, what, parts.sideOutputs)
    this.held = new HeldStates(context, parts.operatorState ?? {}, broadcast)
  }

  restoreState(entries: readonly OperatorStateEntry[]): void {
    this.held.restore(entries)
  }

  override async open(): Promise<void> {
    this.held.open()
    const operatorState = this.held.lists
    this.context.operatorState = operatorState
    const { jobName, uid, subtaskIndex, parallelism } = this.#operatorContext
    const told = { jobName, uid, subtaskIndex, parallelism, operatorState }
    this.context.resources = await this.#parts.open?.(told)
  }

  snapshotState(): readonly OperatorStateEntry[] {
    return this.held.snapshot()
  }

  override async close(): Promise<void> {
    await this.#parts.close?.(this.context.resources)
  }
}

type AnyProcess = ProcessFunction<unknown, unknown, unknown, OperatorStateSchema>

export class ProcessOperator extends FunctionOperator<ProcessContext> {
  protected readonly context = new ProcessContext(this.emitter)
  readonly #fn: AnyProcess

  constructor(context: OperatorContext, what: string, fn: AnyProcess) {
    super(context, what, fn)
    this.#fn = fn
  }

  processElement(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processElement(value, this.context, this.emitter))
  }
}

interface KeyedParts<C> extends FunctionParts {
  readonly timers?: TimerSchema
  readonly onTimer?: (timestamp: number, ctx: C, out: Collector<unknown>) => unknown
}

/** As above, on keyed state, with timers. */
export abstract class KeyedFunctionOperator<
  C extends KeyedProcessContext = KeyedProcessContext,
> extends FunctionOperator<C> {
  protected readonly timers: NamedTimers
  readonly #keyedParts: KeyedParts<C>

  constructor(
    context: OperatorContext,
    what: string,
    parts: KeyedParts<C>,
    broadcast?: BroadcastStateSchema,
  ) {
    super(context, what, parts, broadcast)
    this.#keyedParts = parts
    this.timers = new NamedTimers(context, what, parts.timers)
  }

  /** Results of an event-time timer carry its time; those of a processing-time timer have none. */
  onTimer(domain: TimeDomain, time: number, name: string, payload?: unknown): void {
    this.emitter.now = domain === 'event-time' ? time : NO_TIMESTAMP
    this.context.timeDomain = domain
    this.context.timerName = name
    this.context.payload = payload
    this.check(this.#keyedParts.onTimer?.(time, this.context, this.emitter))
  }

  override processWatermark(timestamp: number): void {
    this.timers.watermark = timestamp
    super.processWatermark(timestamp)
  }
}

export type AnyKeyedProcess = KeyedProcessFunction<
  unknown,
  unknown,
  unknown,
  StateSchema,
  unknown,
  TimerSchema,
  OperatorStateSchema
>

export class KeyedProcessOperator extends KeyedFunctionOperator {
  protected readonly context: KeyedProcessContext
  readonly #fn: AnyKeyedProcess

  constructor(context: OperatorContext, what: string, fn: AnyKeyedProcess) {
    super(context, what, fn)
    this.#fn = fn
    this.context = new KeyedProcessContext(this.emitter, tableOf(context), this.timers)
  }

  processElement(value: unknown, timestamp: number): void {
    this.emitter.now = timestamp
    this.check(this.#fn.processElement(value, this.context, this.emitter))
  }
}
