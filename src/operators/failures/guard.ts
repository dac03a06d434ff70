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
import {
  type CallGuard,
  NO_TIMESTAMP,
  type Operator,
  type OperatorContext,
  type Output,
  type PartOfCall,
} from '../operator.ts'
import { GuardedTable } from './guarded-table.ts'
import { HeldResults, HeldTimers } from './held.ts'
import type { Parking } from './parking.ts'
import {
  deadLetterTag,
  differing,
  type ErrorPolicy,
  type FailedCall,
  isOfRecord,
  letterOf,
  notParked,
} from './policy.ts'
import { UndoLog } from './undo.ts'

/** A failure is told to the log at most so often, by processing time. */
const TELL_EVERY_MS = 10_000

export interface GuardOptions {
  readonly policy: Exclude<ErrorPolicy, 'fail'>
  /** What messages call the operator. */
  readonly label: string
  readonly states: Readonly<Record<string, StateDescriptor>>
  /** Each subtask gets all records of the second input, and comes to the same with them. */
  readonly isSecondBroadcast: boolean
  /** Of the policy `park`. */
  readonly parking: Parking | undefined
  /** Where the record was read that is being processed; empty if it is not known. */
  place(): string
  /** For the log. */
  report(event: string, error: unknown): void
}

export class Guard implements CallGuard {
  /** Records and timers that were passed over, since this subtask was made. */
  failedRecords = 0
  /** What the operator is to be made with. */
  readonly context: OperatorContext
  /** Of the policy `park`. */
  readonly parking: Parking | undefined
  readonly #options: GuardOptions
  readonly #results = new HeldResults()
  readonly #undo = new UndoLog()
  readonly #timers: HeldTimers | undefined
  readonly #letters: Output
  /** Those of parts, which are results of their call. */
  readonly #lettersOfParts: Output
  readonly #table: GuardedTable | undefined
  #isOpen = false
  /** Of the call that is open. */
  #input: FailedCall['input'] = 1
  #timer: FailedCall['timer']
  #toldAt = NO_TIMESTAMP
  #untold = 0

  constructor(context: OperatorContext, options: GuardOptions) {
    this.#options = options
    this.parking = options.parking
    this.#letters = context.sideOutput(deadLetterTag)
    this.#lettersOfParts = this.#results.before(this.#letters)
    const { table } = context
    const timers = options.parking?.timers ?? context.timers
    this.#timers = timers === undefined ? undefined : new HeldTimers(timers)
    for (const [name, descriptor] of Object.entries(options.states)) {
      this.#undo.follow(table?.handles[name], descriptor)
    }
    this.#table = table === undefined ? undefined : this.#guarded(table)
    this.context = {
      ...context,
      output: this.#results.before(context.output),
      sideOutput: (tag) => this.#results.before(context.sideOutput(tag)),
      table: this.#table,
      timers: this.#timers,
      guard: this,
    }
  }

  follow(handle: unknown, kind: 'list' | 'map'): void {
    this.#undo.follow(handle, { kind })
  }

  attempt(about: () => PartOfCall, part: () => void): void {
    if (!this.#isOpen) return this.#wholeCall(about, part)
    // A key is parked as a whole: what is made of it later is to come after this.
    if (this.parking !== undefined) return part()
    const steps = this.#undo.count
    const results = this.#results.count
    const timers = this.#timers?.count ?? 0
    try {
      part()
    } catch (error) {
      if (!isOfRecord(error)) throw error
      this.#undo.undo(steps)
      this.#results.drop(results)
      this.#timers?.drop(timers)
      const failed = this.#failedCall(about())
      this.#tell(failed, error)
      this.#send(failed, error, this.#lettersOfParts)
    }
  }

  /** A record for which no key could be found: no function of the operator has seen it. */
  keyFailed(value: unknown, timestamp: number, input: 1 | 2, error: unknown): void {
    if (!isOfRecord(error)) throw error
    if (this.parking !== undefined) throw notParked(error)
    this.#input = input
    this.#timer = undefined
    const failed = this.#failedCall({ record: value, timestamp }, false)
    this.#tell(failed, error)
    this.#send(failed, error, this.#letters)
  }

  /** Puts the guard around the operator's calls. */
  protect(operator: Operator): void {
    const { parking } = this
    parking?.serve(operator)
    const processElement = operator.processElement.bind(operator)
    operator.processElement = (value, timestamp) => {
      if (parking?.holdsCurrent === true) return parking.addRecord(1, value, timestamp)
      this.#begin(1)
      try {
        processElement(value, timestamp)
      } catch (error) {
        return this.#failed(error, { record: value, timestamp })
      }
      this.#end()
    }
    const processElement2 = operator.processElement2?.bind(operator)
    if (processElement2 !== undefined) {
      operator.processElement2 = (value, timestamp) => {
        const hasKey = !this.#options.isSecondBroadcast
        if (hasKey && parking?.holdsCurrent === true) return parking.addRecord(2, value, timestamp)
        this.#begin(2)
        try {
          processElement2(value, timestamp)
        } catch (error) {
          return this.#failed(error, { record: value, timestamp })
        }
        this.#end()
      }
    }
    const onTimer = operator.onTimer?.bind(operator)
    if (onTimer === undefined) return
    operator.onTimer = (domain, time, name, payload) => {
      const timer = { domain, time, name, payload }
      if (parking?.holdsCurrent === true) return parking.addTimer(timer)
      this.#begin(0, timer)
      try {
        onTimer(domain, time, name, payload)
      } catch (error) {
        const timestamp = domain === 'event-time' ? time : NO_TIMESTAMP
        return this.#failed(error, { record: undefined, timestamp })
      }
      this.#end()
    }
  }

  /** A call that the operator makes by itself. */
  #wholeCall(about: () => PartOfCall, call: () => void): void {
    this.#begin(1)
    try {
      call()
    } catch (error) {
      return this.#failed(error, about())
    }
    this.#end()
  }

  #guarded(table: KeyedStateTable): GuardedTable {
    // What has expired is told once, also by a call that fails afterwards.
    const lasting = (output: ExpiryOutput): ExpiryOutput => {
      return (tag, value, timestamp) => {
        this.#results.isLasting = true
        output(tag, value, timestamp)
        this.#results.isLasting = false
      }
    }
    return new GuardedTable(table, lasting, this.#undo)
  }

  #begin(input: FailedCall['input'], timer?: FailedCall['timer']): void {
    this.#isOpen = true
    this.#input = input
    this.#timer = timer
    this.#results.isOpen = true
    this.#undo.isOpen = true
    if (this.#timers !== undefined) this.#timers.isOpen = true
  }

  #close(): void {
    this.#isOpen = false
    this.#results.isOpen = false
    this.#results.isLasting = false
    this.#undo.isOpen = false
    if (this.#timers !== undefined) this.#timers.isOpen = false
  }

  #end(): void {
    this.#close()
    this.#undo.forget()
    this.#table?.forgetKeys()
    this.#timers?.release()
    this.#results.release()
  }

  #failed(error: unknown, part: PartOfCall): void {
    this.#close()
    if (!isOfRecord(error)) throw error
    if (this.#table?.forgetKeys() === true) throw differing(error)
    this.#undo.undo(0)
    this.#timers?.drop(0)
    this.#results.drop(0)
    const failed = this.#failedCall(part)
    if (this.parking !== undefined && failed.key === undefined) throw notParked(error)
    this.#tell(failed, error)
    this.#results.release()
    if (this.parking === undefined) this.#send(failed, error, this.#letters)
    else this.parking.failed(failed, error)
  }

  #failedCall(
    { record: value, timestamp, window }: PartOfCall,
    hasKey = this.context.table !== undefined && !this.#isOnNoKey,
  ): FailedCall {
    if (this.parking === undefined) this.failedRecords++
    const { context } = this
    return {
      value,
      timestamp,
      window,
      input: this.#input,
      ...(this.#timer === undefined ? {} : { timer: this.#timer }),
      operator: this.#options.label,
      subtaskIndex: context.subtaskIndex,
      key: hasKey ? context.table?.currentKey : undefined,
      place: this.#options.place(),
      failedAt: context.processingTime(),
    }
  }

  /** A broadcast record is for all keys. */
  get #isOnNoKey(): boolean {
    return this.#input === 2 && this.#options.isSecondBroadcast
  }

  #send(failed: FailedCall, error: unknown, letters: Output): void {
    if (this.#options.policy !== 'dead-letter') return
    // The others say the same.
    if (this.#isOnNoKey && failed.subtaskIndex > 0) return
    letters.collect(letterOf(failed, error), failed.timestamp)
  }

  #tell({ operator, key, place, failedAt }: FailedCall, error: unknown): void {
    this.#untold++
    if (failedAt < this.#toldAt + TELL_EVERY_MS) return
    const [count, shown] = [this.#untold, key === undefined ? undefined : describeKey(key)]
    this.#untold = 0
    this.#toldAt = failedAt
    const where = `${operator}${shown === undefined ? '' : `, key ${shown}`}`
    const told = `${where}: ${messageOf(error)}${place === '' ? '' : ` (${place})`}`
    const event = this.parking === undefined ? passedOver(count) : parked(count)
    const { code } = errorToData(error)
    const details = { operator, ...(shown === undefined ? {} : { key: shown }) }
    this.#options.report(event, new MillraceError(code, told, { cause: error, details }))
  }
}

function passedOver(count: number): string {
  return count === 1
    ? 'a record was passed over'
    : `${count} records were passed over, the last one`
}

function parked(count: number): string {
  return count === 1
    ? 'a key is parked'
    : `keys were parked or failed again ${count} times, the last`
}
