/**
 * Process functions, keyed and plain: the user's `processElement` and `onTimer` with a context and
 * a collector. Both are made once per subtask and pointed at each record, so that a record costs no
 * allocation; that is why they are valid only during the call.
 */
import { MillraceError } from '../errors.ts'
import type { KeyedStateTable } from '../state/backend.ts'
import type { StateOf, StateSchema } from '../state/descriptors.ts'
import { BaseOperator, tableOf } from './base.ts'
import type {
  Collector,
  Context,
  KeyedContext,
  KeyedProcessFunction,
  OnTimerContext,
  ProcessFunction,
  TimerService,
} from './functions.ts'
import {
  type KeyedTimers,
  MIN_WATERMARK,
  NO_TIMESTAMP,
  type OperatorContext,
  type Output,
  type TimeDomain,
} from './operator.ts'
import type { OutputTag } from './output-tag.ts'

/** Collects and emits with the timestamp of what is being processed. */
export class Emitter implements Collector<unknown> {
  now = NO_TIMESTAMP
  readonly #context: OperatorContext
  readonly #what: string
  readonly #main: Output
  readonly #declared: ReadonlySet<string> | undefined
  readonly #sides = new Map<OutputTag<unknown>, Output>()

  constructor(
    context: OperatorContext,
    what: string,
    declared: readonly OutputTag<unknown>[] | undefined,
  ) {
    this.#context = context
    this.#what = what
    this.#main = context.output
    this.#declared = declared === undefined ? undefined : new Set(declared.map((tag) => tag.name))
  }

  collect(value: unknown, timestamp = this.now): void {
    this.#main.collect(value, timestamp)
  }

  side(tag: OutputTag<unknown>, value: unknown): void {
    const output = this.#sides.get(tag) ?? this.#open(tag)
    output.collect(value, this.now)
  }

  #open(tag: OutputTag<unknown>): Output {
    if (this.#declared?.has(tag.name) === false) {
      throw new MillraceError(
        'JOB_GRAPH_INVALID',
        `${this.#what} emits to the side output "${tag.name}", which it does not declare`,
        { cure: 'add the tag to its sideOutputs' },
      )
    }
    const output = this.#context.sideOutput(tag)
    this.#sides.set(tag, output)
    return output
  }
}

class ProcessContext implements Context<unknown> {
  resources: unknown = undefined
  protected readonly emitter: Emitter

  constructor(emitter: Emitter) {
    this.emitter = emitter
  }

  get timestamp(): number | undefined {
    return this.emitter.now === NO_TIMESTAMP ? undefined : this.emitter.now
  }

  output<X>(tag: OutputTag<X>, value: X): void {
    this.emitter.side(tag, value)
  }
}

export class ProcessOperator extends BaseOperator {
  readonly #fn: ProcessFunction<unknown, unknown, unknown>
  readonly #operatorContext: OperatorContext
  readonly #emitter: Emitter
  readonly #context: ProcessContext

  constructor(
    context: OperatorContext,
    what: string,
    fn: ProcessFunction<unknown, unknown, unknown>,
  ) {
    super(context, what)
    this.#fn = fn
    this.#operatorContext = context
    this.#emitter = new Emitter(context, what, fn.sideOutputs)
    this.#context = new ProcessContext(this.#emitter)
  }

  override async open(): Promise<void> {
    this.#context.resources = await this.#fn.open?.(this.#operatorContext)
  }

  processElement(value: unknown, timestamp: number): void {
    this.#emitter.now = timestamp
    this.check(this.#fn.processElement(value, this.#context, this.#emitter))
  }

  override async close(): Promise<void> {
    await this.#fn.close?.(this.#context.resources)
  }
}

type Schema = StateSchema

class KeyedProcessContext
  extends ProcessContext
  implements KeyedContext<unknown, Schema, unknown>, OnTimerContext<unknown, Schema, unknown>
{
  readonly state: StateOf<Schema>
  readonly timers: TimerService
  timeDomain: TimeDomain = 'event-time'
  timerName = ''
  readonly #table: KeyedStateTable

  constructor(emitter: Emitter, table: KeyedStateTable, timers: TimerService) {
    super(emitter)
    this.#table = table
    // The handles are those of the declared descriptors, by the same names.
    this.state = table.handles
    this.timers = timers
  }

  get currentKey(): unknown {
    return this.#table.currentKey
  }
}

export class KeyedProcessOperator extends BaseOperator {
  readonly #fn: KeyedProcessFunction<unknown, unknown, unknown, Schema, unknown>
  readonly #operatorContext: OperatorContext
  readonly #emitter: Emitter
  readonly #timers: NamedTimers
  readonly #context: KeyedProcessContext

  constructor(
    context: OperatorContext,
    what: string,
    fn: KeyedProcessFunction<unknown, unknown, unknown, Schema, unknown>,
  ) {
    super(context, what)
    this.#fn = fn
    this.#operatorContext = context
    this.#emitter = new Emitter(context, what, fn.sideOutputs)
    this.#timers = new NamedTimers(context, what)
    this.#context = new KeyedProcessContext(this.#emitter, tableOf(context), this.#timers)
  }

  override async open(): Promise<void> {
    this.#context.resources = await this.#fn.open?.(this.#operatorContext)
  }

  processElement(value: unknown, timestamp: number): void {
    this.#emitter.now = timestamp
    this.check(this.#fn.processElement(value, this.#context, this.#emitter))
  }

  /** Results of an event-time timer carry its time; those of a processing-time timer have none. */
  onTimer(domain: TimeDomain, time: number, name: string): void {
    this.#emitter.now = domain === 'event-time' ? time : NO_TIMESTAMP
    this.#context.timeDomain = domain
    this.#context.timerName = name
    this.check(this.#fn.onTimer?.(time, this.#context, this.#emitter))
  }

  override processWatermark(timestamp: number): void {
    this.#timers.watermark = timestamp
    super.processWatermark(timestamp)
  }

  override async close(): Promise<void> {
    await this.#fn.close?.(this.#context.resources)
  }
}

/** The timers as users see them; without an `onTimer` there are only times to read. */
class NamedTimers implements TimerService {
  /** Kept for functions without timers; else the host's own is the truth. */
  watermark = MIN_WATERMARK
  readonly #timers: KeyedTimers | undefined
  readonly #context: OperatorContext
  readonly #what: string

  constructor(context: OperatorContext, what: string) {
    this.#timers = context.timers
    this.#context = context
    this.#what = what
  }

  get currentWatermark(): number {
    return this.#timers?.currentWatermark ?? this.watermark
  }

  get currentProcessingTime(): number {
    return this.#context.processingTime()
  }

  registerEventTimeTimer(timestamp: number, name = ''): void {
    this.#checked(timestamp).register('event-time', timestamp, name)
  }

  registerProcessingTimeTimer(timestamp: number, name = ''): void {
    this.#checked(timestamp).register('processing-time', timestamp, name)
  }

  deleteEventTimeTimer(timestamp: number, name = ''): void {
    this.#checked(timestamp).delete('event-time', timestamp, name)
  }

  deleteProcessingTimeTimer(timestamp: number, name = ''): void {
    this.#checked(timestamp).delete('processing-time', timestamp, name)
  }

  #checked(timestamp: number): KeyedTimers {
    if (typeof timestamp !== 'number' || Number.isNaN(timestamp)) {
      throw new MillraceError('TYPE_MISMATCH', `${this.#what}: ${String(timestamp)} is no time`, {
        cure: 'a timer takes milliseconds since 1970-01-01 UTC',
      })
    }
    if (this.#timers !== undefined) return this.#timers
    throw new MillraceError('JOB_GRAPH_INVALID', `${this.#what} sets a timer and has no onTimer`, {
      cure: 'add onTimer to the function',
    })
  }
}
