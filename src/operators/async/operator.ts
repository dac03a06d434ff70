/**
 * Asynchronous calls, one for each record: many are under way at once, and their results enter the
 * chain in the task's step, in the order of the records or as they arrive. What is not handed on
 * yet is part of every snapshot, also where the result is there: after a restore its call is made
 * again, before any new record is taken. A barrier waits for no call.
 */
import { MillraceError } from '../../errors.ts'
import type { OperatorStateEntry } from '../../state/snapshot.ts'
import { describeKey } from '../../types/keys.ts'
import { required } from '../../util/assert.ts'
import {
  type CallStatistics,
  MIN_WATERMARK,
  type Operator,
  type OperatorContext,
  type Output,
} from '../operator.ts'
import { Call, type CallHost, type Outcome } from './call.ts'
import { decodeInFlight, encodeInFlight, type InFlightType } from './in-flight.ts'
import type { AsyncFunction, AsyncSettings } from './options.ts'
import { type Kept, type Pending, PendingQueue } from './queue.ts'

/** Hands on what a call gave. */
export type Deliver = (output: Output, value: unknown, result: unknown, timestamp: number) => void

export interface AsyncParts {
  readonly settings: AsyncSettings
  readonly inFlight: InFlightType
  readonly fn: AsyncFunction<unknown, unknown>
  readonly deliver: Deliver
  close?(): void
}

export class AsyncOperator implements Operator {
  readonly #context: OperatorContext
  readonly #parts: AsyncParts
  readonly #host: CallHost
  readonly #queue: PendingQueue
  /** Taken, but beyond the capacity: what one record of the operator before it has fanned out. */
  readonly #waiting = new Set<Pending>()
  readonly #calls = new Set<Call>()
  /** Called, and not handed on yet. */
  #taken = 0
  #retries = 0
  #timeouts = 0
  #failure: { readonly error: unknown } | undefined
  #watermark = MIN_WATERMARK
  #restored: readonly Kept[] = []
  #end: 'open' | 'awaited' | 'told' = 'open'
  readonly #abort = (): void => this.#cancel()

  constructor(context: OperatorContext, parts: AsyncParts) {
    const world = required(context.world, `${context.uid} makes calls, the host has no world`)
    this.#context = context
    this.#parts = parts
    this.#queue = new PendingQueue(parts.settings.ordered)
    this.#host = {
      fn: parts.fn,
      settings: parts.settings,
      world,
      retried: () => void this.#retries++,
      timedOut: () => void this.#timeouts++,
    }
    world.signal.addEventListener('abort', this.#abort, { once: true })
  }

  restoreWatermark(watermark: number): void {
    this.#watermark = watermark
  }

  restoreState(entries: readonly OperatorStateEntry[]): void {
    this.#restored = decodeInFlight(entries, this.#parts.inFlight)
  }

  /** What was under way comes first; its calls begin with the first step. */
  open(): void {
    const reached = this.#watermark
    let watermark = MIN_WATERMARK
    for (const { value, timestamp, after } of this.#restored) {
      // No further than the least that any former subtask had reached.
      const before = Math.min(after, reached)
      if (before > watermark) this.#queue.addWatermark((watermark = before))
      this.#waiting.add(this.#queue.add(value, timestamp))
    }
    // The host tells the last of them again.
    this.#restored = []
  }

  get isFull(): boolean {
    return this.#taken + this.#waiting.size >= this.#parts.settings.capacity
  }

  get hasPending(): boolean {
    return !this.#queue.isEmpty || this.#end === 'awaited'
  }

  get calls(): CallStatistics {
    return { inFlight: this.#calls.size, retries: this.#retries, timeouts: this.#timeouts }
  }

  processElement(value: unknown, timestamp: number): void {
    const pending = this.#queue.add(value, timestamp)
    if (this.#waiting.size > 0 || this.#isAtCapacity) this.#waiting.add(pending)
    else this.#call(pending)
  }

  processWatermark(timestamp: number): void {
    this.#watermark = timestamp
    if (!this.#queue.isEmpty) return this.#queue.addWatermark(timestamp)
    this.#queue.passWatermark(timestamp)
    this.#context.output.watermark(timestamp)
  }

  endInput(): void {
    if (this.#queue.isEmpty) {
      this.#end = 'told'
      this.#context.output.endInput()
    } else this.#end = 'awaited'
  }

  resume(mayEmit: () => boolean): boolean {
    if (this.#failure !== undefined) throw this.#failure.error
    let worked = this.#callWaiting()
    while (mayEmit() && this.#handOn()) worked = true
    // What was handed on has made room.
    if (this.#callWaiting()) worked = true
    if (this.#end === 'awaited' && this.#queue.isEmpty) {
      this.endInput()
      worked = true
    }
    return worked
  }

  snapshotState(): readonly OperatorStateEntry[] {
    const { operatorId, uid } = this.#context
    const id = required(operatorId, `${uid} has no id`)
    return encodeInFlight(id, this.#parts.inFlight, this.#queue.kept())
  }

  close(): void {
    this.#host.world.signal.removeEventListener('abort', this.#abort)
    this.#cancel()
    this.#parts.close?.()
  }

  get #isAtCapacity(): boolean {
    return this.#taken >= this.#parts.settings.capacity
  }

  /** The next result or watermark; false if nothing is there yet. */
  #handOn(): boolean {
    const { output } = this.#context
    const pending = this.#queue.next()
    if (pending !== undefined) {
      this.#queue.take(pending)
      this.#taken--
      this.#deliver(pending)
      return true
    }
    const watermark = this.#queue.nextWatermark()
    if (watermark === undefined) return false
    output.watermark(watermark)
    return true
  }

  #deliver({ outcome, value, timestamp }: Pending): void {
    const { output, guard } = this.#context
    if (guard === undefined) {
      // An outcome that is an error has failed the task before.
      if (outcome?.kind === 'value') this.#parts.deliver(output, value, outcome.value, timestamp)
      return
    }
    guard.attempt(
      () => ({ record: value, timestamp }),
      () => {
        if (outcome?.kind === 'error') throw outcome.error
        this.#parts.deliver(output, value, outcome?.value, timestamp)
      },
    )
  }

  #callWaiting(): boolean {
    let worked = false
    for (const pending of this.#waiting) {
      if (this.#isAtCapacity) break
      this.#waiting.delete(pending)
      this.#call(pending)
      worked = true
    }
    return worked
  }

  #call(pending: Pending): void {
    this.#taken++
    const call: Call = new Call(this.#host, pending.value, (outcome) => {
      this.#calls.delete(call)
      this.#settled(pending, outcome)
    })
    this.#calls.add(call)
    call.start()
  }

  #settled(pending: Pending, outcome: Outcome): void {
    // With an error policy it is the outcome of the record, in its turn.
    const fails = outcome.kind === 'error' && this.#context.guard === undefined
    if (fails) this.#failure ??= { error: outcome.error }
    else this.#queue.settle(pending, outcome)
    this.#host.world.wake()
  }

  #cancel(): void {
    for (const call of this.#calls) call.cancel()
    this.#calls.clear()
  }
}

/** One result for each record. */
export const deliverOne: Deliver = (output, _value, result, timestamp) => {
  output.collect(result, timestamp)
}

/** Any number of them. */
export const deliverAll: Deliver = (output, value, results, timestamp) => {
  if (typeof results !== 'object' || results === null || !(Symbol.iterator in results)) {
    const what = `record ${describeKey(value)}: the call gave ${describeKey(results)}, no list`
    throw new MillraceError('TYPE_MISMATCH', what, {
      cure: 'let it give an array, also for one result or none',
    })
  }
  // It has an iterator, as the type of the function says.
  for (const result of results as Iterable<unknown>) output.collect(result, timestamp)
}
