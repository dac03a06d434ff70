/**
 * The first n records of a key in an order. The state is the list itself, so it has at most n
 * records per key however many there were. Each record that enters the list, or changes it, emits
 * the new list, or each rank that has changed.
 */
import { MillraceError } from '../../errors.ts'
import type { KeyedStateTable } from '../../state/backend.ts'
import type { ValueState } from '../../state/handles.ts'
import { BaseOperator, tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { OperatorContext } from '../operator.ts'

/** Name of the state; in every snapshot, so it never changes. */
export const TOP_STATE = 'top'

export interface TopNSpec {
  readonly n: number
  /** What decides: a number, string or bigint, the same kind for all records. */
  readonly by: (value: unknown) => unknown
  readonly order: 'descending' | 'ascending'
  /** Which of two equal ones ranks higher: the one that came first, or last. */
  readonly ties: 'first' | 'last'
  readonly emit: 'list' | 'ranks'
  /** Tells what a record is a version of: it takes the place of an earlier one. */
  readonly unique: ((value: unknown) => unknown) | undefined
}

type Comparable = number | string | bigint

export class TopNOperator extends BaseOperator {
  readonly #what: string
  readonly #spec: TopNSpec
  readonly #table: KeyedStateTable
  readonly #top: ValueState<readonly unknown[]>

  constructor(context: OperatorContext, what: string, spec: TopNSpec) {
    super(context, what)
    this.#what = what
    this.#spec = spec
    this.#table = tableOf(context)
    // The node declares this state as a list.
    this.#top = this.#table.handles[TOP_STATE] as ValueState<readonly unknown[]>
  }

  processElement(value: unknown, timestamp: Timestamp): void {
    const { n } = this.#spec
    const top = this.#top.value() ?? []
    const measure = this.#measure(value)
    const replaced = this.#placeOfOther(top, value)
    const others = replaced < 0 ? top : top.toSpliced(replaced, 1)
    const place = this.#placeAmong(others, measure)
    if (place >= n) return
    if (replaced >= 0 && place === n - 1) this.#refuseToSink(top[replaced], measure)
    this.#top.update(others.toSpliced(place, 0, value).slice(0, n))
    const last = replaced < 0 ? Math.min(others.length, n - 1) : Math.max(place, replaced)
    this.#emit(replaced < 0 ? place : Math.min(place, replaced), last, timestamp)
  }

  /** Whoever sinks to the last place might be below one that has been forgotten. */
  #refuseToSink(before: unknown, measure: Comparable): void {
    const was = this.#measure(before)
    if (this.#spec.order === 'descending' ? measure >= was : measure <= was) return
    const problem = `${this.#what}: the last of a full list sank from ${was} to ${measure}`
    throw new MillraceError('FUNCTION_FAILED', problem, {
      cure: 'with "unique", what "by" gives may only rise in rank; or keep a longer list',
    })
  }

  /** Emits what is in state, for that is isolated. */
  #emit(from: number, to: number, timestamp: Timestamp): void {
    const key = this.#table.currentKey
    const top = this.#top.value() ?? []
    if (this.#spec.emit === 'list') return this.output.collect({ key, value: top }, timestamp)
    for (let at = from; at <= to; at++) {
      this.output.collect({ key, rank: at + 1, value: top[at] }, timestamp)
    }
  }

  /** How many of `top` rank above a record of this measure. */
  #placeAmong(top: readonly unknown[], measure: Comparable): number {
    let [low, high] = [0, top.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#isAbove(this.#measure(top[middle]), measure)) low = middle + 1
      else high = middle
    }
    return low
  }

  #isAbove(held: Comparable, measure: Comparable): boolean {
    if (held < measure) return this.#spec.order === 'ascending'
    if (held > measure) return this.#spec.order === 'descending'
    return this.#spec.ties === 'first'
  }

  /** Where the record is that `value` takes the place of; -1 if there is none. */
  #placeOfOther(top: readonly unknown[], value: unknown): number {
    const { unique } = this.#spec
    if (unique === undefined) return -1
    const identity = unique(value)
    this.check(identity)
    return top.findIndex((other) => unique(other) === identity)
  }

  #measure(value: unknown): Comparable {
    const measure = this.#spec.by(value)
    // NaN is not above, below or equal to anything.
    if (typeof measure === 'number' && measure === measure) return measure
    if (typeof measure === 'string' || typeof measure === 'bigint') return measure
    this.check(measure)
    const problem = `${this.#what}: "by" returned ${measure === measure ? typeof measure : 'NaN'}`
    throw new MillraceError('TYPE_MISMATCH', problem, {
      cure: 'return a number other than NaN, a string or a bigint',
    })
  }
}
