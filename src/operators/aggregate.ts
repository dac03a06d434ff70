/**
 * Running aggregates per key: each record changes the state of its key and emits the new result.
 * The host has selected the key's row before it calls `processElement`.
 */
import { MillraceError } from '../errors.ts'
import type { KeyedStateTable } from '../state/backend.ts'
import type { FoldingState, ValueState } from '../state/handles.ts'
import { BaseOperator, tableOf } from './base.ts'
import { MAX_WATERMARK, NO_TIMESTAMP, type KeyedRecords, type OperatorContext } from './operator.ts'
import { RunningSums } from './running-sums.ts'

/** Names of the single states; in every snapshot, so they never change. */
export const COUNT_STATE = 'count'
export const SUM_STATE = 'sum'
export const REDUCE_STATE = 'value'
export const AGGREGATE_STATE = 'accumulator'
export const LATEST_STATE = 'latest'

export class CountOperator extends BaseOperator {
  readonly #table: KeyedStateTable
  readonly #count: ValueState<number, never>
  readonly #some: RunningSums

  constructor(context: OperatorContext, what: string) {
    super(context, what)
    this.#table = tableOf(context)
    // The node declares this state as a number with an initial value.
    this.#count = this.#table.handles[COUNT_STATE] as ValueState<number, never>
    this.#some = new RunningSums(this.#table, COUNT_STATE, context.output)
    this.#some.amounts.fill(1)
  }

  get prefersSome(): boolean {
    return this.#some.isReady
  }

  processSome(records: KeyedRecords, end: number): void {
    this.#some.add(records, end)
  }

  processElement(_value: unknown, timestamp: number): void {
    const value = this.#count.value() + 1
    this.#count.update(value)
    this.output.collect({ key: this.#table.currentKey, value }, timestamp)
  }
}

export class SumOperator extends BaseOperator {
  readonly #table: KeyedStateTable
  readonly #sum: ValueState<number, never>
  readonly #fn: (value: unknown) => unknown
  readonly #what: string
  readonly #some: RunningSums

  constructor(context: OperatorContext, what: string, fn: (value: unknown) => unknown) {
    super(context, what)
    this.#what = what
    this.#table = tableOf(context)
    // The node declares this state as a number with an initial value.
    this.#sum = this.#table.handles[SUM_STATE] as ValueState<number, never>
    this.#some = new RunningSums(this.#table, SUM_STATE, context.output)
    this.#fn = fn
  }

  get prefersSome(): boolean {
    return this.#some.isReady
  }

  processSome(records: KeyedRecords, end: number): void {
    const { values } = records
    const { amounts } = this.#some
    const fn = this.#fn
    let at = 0
    try {
      for (; at < end; at++) {
        const amount = fn(values[at])
        if (typeof amount !== 'number') throw this.#noNumber(amount)
        amounts[at] = amount
      }
    } catch (error) {
      this.#some.add(records, at)
      records.at = at
      throw error
    }
    this.#some.add(records, end)
  }

  processElement(record: unknown, timestamp: number): void {
    const fn = this.#fn
    const amount = fn(record)
    if (typeof amount !== 'number') throw this.#noNumber(amount)
    const value = this.#sum.value() + amount
    this.#sum.update(value)
    this.output.collect({ key: this.#table.currentKey, value }, timestamp)
  }

  #noNumber(amount: unknown): MillraceError {
    this.check(amount)
    const message = `${this.#what}: its function returned ${typeof amount}, not a number`
    return new MillraceError('TYPE_MISMATCH', message, {
      cure: 'return the number to add, or use aggregate() for other sums',
    })
  }
}

/** reduce and aggregate: the fold itself is the handle's. */
export class FoldOperator extends BaseOperator {
  readonly #fold: FoldingState<unknown, unknown>

  constructor(context: OperatorContext, what: string, stateName: string) {
    super(context, what)
    // The node declares this state as reducing or aggregating.
    this.#fold = tableOf(context).handles[stateName] as FoldingState<unknown, unknown>
  }

  processElement(value: unknown, timestamp: number): void {
    this.#fold.add(value)
    this.output.collect(this.#fold.get(), timestamp)
  }
}

/**
 * Keeps the newest value of each key and emits it at the end of input: one row per key. What is
 * emitted leaves the state in the same step, so a restore after it emits nothing twice.
 */
export class LatestOperator extends BaseOperator {
  readonly #table: KeyedStateTable
  readonly #latest: ValueState<unknown>
  /** The part of a record that is kept, and the record made of it again. */
  readonly #keep: (record: unknown) => unknown
  readonly #emit: (key: unknown, kept: unknown) => unknown

  constructor(
    context: OperatorContext,
    what: string,
    keep: (record: unknown) => unknown,
    emit: (key: unknown, kept: unknown) => unknown,
  ) {
    super(context, what)
    this.#table = tableOf(context)
    // The node declares this state as a value.
    this.#latest = this.#table.handles[LATEST_STATE] as ValueState<unknown>
    this.#keep = keep
    this.#emit = emit
  }

  processElement(record: unknown): void {
    this.#latest.update(this.#keep(record))
  }

  /** Rows go out before the last watermark does: what follows may set timers by them. */
  override processWatermark(timestamp: number): void {
    if (timestamp === MAX_WATERMARK) this.#emitAll()
    this.output.watermark(timestamp)
  }

  override endInput(): void {
    this.#emitAll()
    this.output.endInput()
  }

  #emitAll(): void {
    for (const { key, routeHash } of this.#table.keys()) {
      this.#table.select(key, routeHash)
      const record = this.#emit(key, this.#latest.value())
      this.#latest.clear()
      this.output.collect(record, NO_TIMESTAMP)
    }
    this.#table.deselect()
  }
}
