/**
 * What process functions are given: a context and a collector. Both are made once per subtask and
 * pointed at each record, so that a record costs no allocation; that is why they are valid only
 * during the call.
 */
import { MillraceError } from '../errors.ts'
import type { KeyedStateTable } from '../state/backend.ts'
import type { StateOf, StateSchema } from '../state/descriptors.ts'
import type { TimerSchema } from '../time/descriptors.ts'
import type { Collector, Context, KeyedContext } from './functions.ts'
import type { NamedTimers } from './named-timers.ts'
import type { OperatorStateOf, OperatorStateSchema } from '../state/operator-descriptors.ts'
import { NO_TIMESTAMP, type OperatorContext, type Output, type TimeDomain } from './operator.ts'
import type { OutputTag } from './output-tag.ts'
import type { TimersOf } from './timer-functions.ts'

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

export class ProcessContext implements Context<unknown, OperatorStateSchema> {
  resources: unknown = undefined
  operatorState: OperatorStateOf<OperatorStateSchema> = {}
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

type Schema = StateSchema

export class KeyedProcessContext
  extends ProcessContext
  implements KeyedContext<unknown, Schema, unknown, TimerSchema, OperatorStateSchema>
{
  readonly state: StateOf<Schema>
  readonly timers: TimersOf<TimerSchema>
  timeDomain: TimeDomain = 'event-time'
  timerName = ''
  payload: unknown = undefined
  readonly #table: KeyedStateTable

  constructor(emitter: Emitter, table: KeyedStateTable, timers: NamedTimers) {
    super(emitter)
    this.#table = table
    // The handles are those of the declared descriptors, by the same names.
    this.state = table.handles
    this.timers = timers.handles
    table.expiryOutput = (tag, value, timestamp = NO_TIMESTAMP) => {
      const { now } = emitter
      emitter.now = timestamp
      emitter.side(tag, value)
      emitter.now = now
    }
  }

  get currentKey(): unknown {
    return this.#table.currentKey
  }
}
