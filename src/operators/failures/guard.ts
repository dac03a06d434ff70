/**
 * Stands around the calls of an operator that has an error policy. A call that throws leaves
 * nothing behind: what it wrote to keyed state is taken back, what it emitted and did to timers is
 * dropped. So a record counts wholly or not at all, and a checkpoint never holds half of one.
 * Operators without a policy have no guard, and pay nothing.
 */
import { errorToData, MillraceError, messageOf } from '../../errors.ts'
import type { ExpiryOutput, KeyedStateTable } from '../../state/backend.ts'
import type { StateDescriptor } from '../../state/descriptors.ts'
import { describeKey } from '../../types/keys.ts'
import { type Operator, type OperatorContext, type Output, NO_TIMESTAMP } from '../operator.ts'
import { GuardedTable } from './guarded-table.ts'
import { HeldResults, HeldTimers } from './held.ts'
import { deadLetterTag, type ErrorPolicy, type FailedCall, isOfRecord, letterOf } from './policy.ts'
import { UndoLog } from './undo.ts'

/** A failure is told to the log at most so often, by processing time. */
const TELL_EVERY_MS = 10_000

export interface GuardOptions {
  readonly policy: Exclude<ErrorPolicy, 'fail'>
  /** What messages call the operator. */
  readonly label: string
  readonly states: Readonly<Record<string, StateDescriptor>>
  /** Where the record was read that is being processed; empty if it is not known. */
  place(): string
  /** For the log. */
  report(event: string, error: unknown): void
}

export class Guard {
  /** Records and timers that were passed over, since this subtask was made. */
  failedRecords = 0
  /** What the operator is to be made with. */
  readonly context: OperatorContext
  readonly #options: GuardOptions
  readonly #results = new HeldResults()
  readonly #undo = new UndoLog()
  readonly #timers: HeldTimers | undefined
  readonly #letters: Output
  #toldAt = NO_TIMESTAMP
  #untold = 0

  constructor(context: OperatorContext, options: GuardOptions) {
    this.#options = options
    this.#letters = context.sideOutput(deadLetterTag)
    const { table, timers } = context
    this.#timers = timers === undefined ? undefined : new HeldTimers(timers)
    for (const [name, descriptor] of Object.entries(options.states)) {
      this.#undo.follow(table?.handles[name], descriptor)
    }
    this.context = {
      ...context,
      output: this.#results.before(context.output),
      sideOutput: (tag) => this.#results.before(context.sideOutput(tag)),
      table: table === undefined ? undefined : this.#guarded(table),
      timers: this.#timers,
    }
  }

  /** Puts the guard around the operator's calls. */
  protect(operator: Operator): void {
    const processElement = operator.processElement.bind(operator)
    operator.processElement = (value, timestamp) => {
      this.#begin()
      try {
        processElement(value, timestamp)
      } catch (error) {
        return this.#failed(error, { value, timestamp, input: 1 })
      }
      this.#end()
    }
    const processElement2 = operator.processElement2?.bind(operator)
    if (processElement2 !== undefined) {
      operator.processElement2 = (value, timestamp) => {
        this.#begin()
        try {
          processElement2(value, timestamp)
        } catch (error) {
          return this.#failed(error, { value, timestamp, input: 2 })
        }
        this.#end()
      }
    }
    const onTimer = operator.onTimer?.bind(operator)
    if (onTimer === undefined) return
    operator.onTimer = (domain, time, name, payload) => {
      this.#begin()
      try {
        onTimer(domain, time, name, payload)
      } catch (error) {
        const timestamp = domain === 'event-time' ? time : NO_TIMESTAMP
        const timer = { domain, time, name }
        return this.#failed(error, { value: undefined, timestamp, input: 0, timer })
      }
      this.#end()
    }
  }

  #guarded(table: KeyedStateTable): KeyedStateTable {
    // What has expired is told once, also by a call that fails afterwards.
    const lasting = (output: ExpiryOutput): ExpiryOutput => {
      return (tag, value, timestamp) => {
        this.#results.isLasting = true
        output(tag, value, timestamp)
        this.#results.isLasting = false
      }
    }
    return new GuardedTable(table, lasting)
  }

  #begin(): void {
    this.#results.isOpen = true
    this.#undo.isOpen = true
    if (this.#timers !== undefined) this.#timers.isOpen = true
  }

  #close(): void {
    this.#results.isOpen = false
    this.#results.isLasting = false
    this.#undo.isOpen = false
    if (this.#timers !== undefined) this.#timers.isOpen = false
  }

  #end(): void {
    this.#close()
    this.#undo.forget()
    this.#timers?.release(false)
    this.#results.release(false)
  }

  #failed(error: unknown, call: Pick<FailedCall, 'value' | 'timestamp' | 'input' | 'timer'>): void {
    this.#close()
    if (!isOfRecord(error)) throw error
    this.#undo.undo()
    this.#timers?.release(true)
    this.failedRecords++
    const { label, policy } = this.#options
    const { context } = this
    const failed: FailedCall = {
      ...call,
      operator: label,
      subtaskIndex: context.subtaskIndex,
      // Without keyed state there is no key; a broadcast record is on none.
      key: context.table === undefined ? undefined : context.table.currentKey,
      place: this.#options.place(),
      failedAt: context.processingTime(),
    }
    this.#tell(failed, error)
    this.#results.release(true)
    if (policy === 'dead-letter') this.#letters.collect(letterOf(failed, error), call.timestamp)
  }

  #tell({ operator, key, place, failedAt }: FailedCall, error: unknown): void {
    this.#untold++
    if (failedAt < this.#toldAt + TELL_EVERY_MS) return
    const [count, shown] = [this.#untold, key === undefined ? undefined : describeKey(key)]
    this.#untold = 0
    this.#toldAt = failedAt
    const where = `${operator}${shown === undefined ? '' : `, key ${shown}`}`
    const told = `${where}: ${messageOf(error)}${place === '' ? '' : ` (${place})`}`
    const event =
      count === 1 ? 'a record was passed over' : `${count} records were passed over, the last one`
    const { code } = errorToData(error)
    const details = { operator, ...(shown === undefined ? {} : { key: shown }) }
    this.#options.report(event, new MillraceError(code, told, { cause: error, details }))
  }
}
