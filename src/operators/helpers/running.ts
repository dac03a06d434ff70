/** Running minimum, maximum and mean of the numbers of a key. */
import { MillraceError } from '../../errors.ts'
import type { KeyedStateTable } from '../../state/backend.ts'
import { type StateSchema, valueState } from '../../state/descriptors.ts'
import type { ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import { BaseOperator, tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { OperatorContext } from '../operator.ts'

/** Names of the states; in every snapshot, so they never change. */
const EXTREME_STATES = { min: 'min', max: 'max' } as const
const MEAN_SUM_STATE = 'mean-sum'
const MEAN_COUNT_STATE = 'mean-count'

export type Extreme = keyof typeof EXTREME_STATES

export function extremeStates(which: Extreme): StateSchema {
  return { [EXTREME_STATES[which]]: valueState(t.float64) }
}

export const meanStates: StateSchema = Object.freeze({
  [MEAN_SUM_STATE]: valueState(t.float64, { initial: 0 }),
  [MEAN_COUNT_STATE]: valueState(t.float64, { initial: 0 }),
})

/** An operator over a number of each record. */
abstract class NumberOperator extends BaseOperator {
  protected readonly table: KeyedStateTable
  readonly #fn: (value: unknown) => unknown
  readonly #what: string

  constructor(context: OperatorContext, what: string, fn: (value: unknown) => unknown) {
    super(context, what)
    this.table = tableOf(context)
    this.#what = what
    this.#fn = fn
  }

  processElement(record: unknown, timestamp: Timestamp): void {
    const fn = this.#fn
    const number = fn(record)
    if (typeof number !== 'number') throw this.#noNumber(number)
    this.output.collect({ key: this.table.currentKey, value: this.add(number) }, timestamp)
  }

  /** The result with this number. */
  protected abstract add(number: number): number

  #noNumber(result: unknown): MillraceError {
    this.check(result)
    const message = `${this.#what}: its function returned ${typeof result}, not a number`
    return new MillraceError('TYPE_MISMATCH', message, {
      cure: 'return the number, or use aggregate() for other values',
    })
  }
}

export class ExtremeOperator extends NumberOperator {
  readonly #extreme: ValueState<number>
  readonly #pick: (a: number, b: number) => number

  constructor(
    context: OperatorContext,
    what: string,
    which: Extreme,
    fn: (value: unknown) => unknown,
  ) {
    super(context, what, fn)
    // The node declares this state as a number.
    this.#extreme = this.table.handles[EXTREME_STATES[which]] as ValueState<number>
    this.#pick = which === 'min' ? Math.min : Math.max
  }

  protected add(number: number): number {
    const before = this.#extreme.value()
    if (before === undefined) {
      this.#extreme.update(number)
      return number
    }
    const pick = this.#pick
    const extreme = pick(before, number)
    if (!Object.is(extreme, before)) this.#extreme.update(extreme)
    return extreme
  }
}

export class MeanOperator extends NumberOperator {
  readonly #sum: ValueState<number, never>
  readonly #count: ValueState<number, never>

  constructor(context: OperatorContext, what: string, fn: (value: unknown) => unknown) {
    super(context, what, fn)
    // The node declares these states as numbers with an initial value.
    this.#sum = this.table.handles[MEAN_SUM_STATE] as ValueState<number, never>
    this.#count = this.table.handles[MEAN_COUNT_STATE] as ValueState<number, never>
  }

  protected add(number: number): number {
    const sum = this.#sum.value() + number
    const count = this.#count.value() + 1
    this.#sum.update(sum)
    this.#count.update(count)
    return sum / count
  }
}
