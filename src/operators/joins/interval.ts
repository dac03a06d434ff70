/**
 * The interval join: a left record at time l meets each right record of its key at time r for which
 * l + lower ≤ r ≤ l + upper. Each record is kept until the watermark has passed the last moment at
 * which another one that it could meet may come; if it is due for an outer row, that goes out then.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import { BaseOperator, tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { KeyedTimers, OperatorContext, TimeDomain } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'
import { LateRecords, requireTimestamp } from '../windows/late.ts'
import type { IntervalJoinContext } from './functions.ts'
import { TimeBuffer, timeBufferStates, type Visit } from './time-buffer.ts'

/** Names of the states and timers of its sides; in every snapshot, so they never change. */
const LEFT = 'join-left'
const RIGHT = 'join-right'

/** Which records without a match make a row of their own. */
export interface OuterSides {
  readonly left: boolean
  readonly right: boolean
}

export interface LateTags {
  readonly left: OutputTag<unknown> | undefined
  readonly right: OutputTag<unknown> | undefined
}

export interface IntervalJoinSpec {
  /** Both included. */
  readonly lowerMs: number
  readonly upperMs: number
  readonly outer: OuterSides
  readonly late: LateTags
  readonly leftType: Type<unknown>
  readonly rightType: Type<unknown>
  /** Makes a result; undefined is none. */
  readonly join: (left: unknown, right: unknown, ctx: IntervalJoinContext<unknown>) => unknown
}

export function intervalJoinStates(spec: IntervalJoinSpec): StateSchema {
  const { outer, leftType, rightType } = spec
  return {
    ...timeBufferStates(LEFT, outer.left ? markedType(leftType) : leftType),
    ...timeBufferStates(RIGHT, outer.right ? markedType(rightType) : rightType),
  }
}

/** A record that makes a row of its own unless it has met another one. */
type Marked = readonly [isMatched: boolean, value: unknown]

function markedType(type: Type<unknown>): Type<unknown> {
  return t.tuple(t.boolean, type)
}

/** What the operator holds of one input. */
interface Side {
  readonly buffer: TimeBuffer
  /** Its records are `Marked`, for those that meet no other make rows. */
  readonly isOuter: boolean
  readonly late: LateRecords
  /** What a record of this side meets: records of the other from here to there of its time. */
  readonly fromMs: number
  readonly toMs: number
}

export class IntervalJoinOperator extends BaseOperator {
  readonly #what: string
  readonly #timers: KeyedTimers
  readonly #host: OperatorContext
  readonly #spec: Pick<IntervalJoinSpec, 'join'>
  readonly #left: Side
  readonly #right: Side
  readonly #context: PairContext
  /** The record that is being taken; a closure for each would cost more. */
  #own: Side
  #value: unknown
  #time: Timestamp = 0
  #isMatched = false
  readonly #meet: Visit = (held, time, number) => this.#meetOther(held, time, number)

  constructor(context: OperatorContext, what: string, spec: IntervalJoinSpec) {
    super(context, what)
    const table = tableOf(context)
    const timers = required(context.timers, `${what} needs timers`)
    const { lowerMs, upperMs, outer, late } = spec
    this.#what = what
    this.#timers = timers
    this.#host = context
    this.#spec = spec
    this.#left = {
      buffer: new TimeBuffer(table, timers, LEFT, Math.max(upperMs, 0)),
      isOuter: outer.left,
      late: new LateRecords(context, late.left),
      fromMs: lowerMs,
      toMs: upperMs,
    }
    this.#right = {
      buffer: new TimeBuffer(table, timers, RIGHT, Math.max(-lowerMs, 0)),
      isOuter: outer.right,
      late: new LateRecords(context, late.right),
      fromMs: -upperMs,
      toMs: -lowerMs,
    }
    this.#own = this.#left
    this.#context = new PairContext(table)
  }

  /** Records behind the watermark, of both sides. */
  get lateRecords(): number {
    return this.#left.late.count + this.#right.late.count
  }

  processElement(value: unknown, timestamp: Timestamp): void {
    this.#take(this.#left, this.#right, value, timestamp)
  }

  processElement2(value: unknown, timestamp: Timestamp): void {
    this.#take(this.#right, this.#left, value, timestamp)
  }

  onTimer(_domain: TimeDomain, time: Timestamp, name: string): void {
    const side = name === LEFT ? this.#left : this.#right
    side.buffer.fire(time, side.isOuter ? this.#takeUnmatched(side, time) : drop)
  }

  /** Emits what has met no other; `now` is when no match can come any more. */
  #takeUnmatched(side: Side, now: Timestamp): Visit {
    return (marked, time) => {
      const [isMatched, value] = marked as Marked // as #take puts it there
      if (isMatched) return
      if (side === this.#left) this.#emit(value, undefined, time, undefined, now)
      else this.#emit(undefined, value, undefined, time, now)
    }
  }

  #take(own: Side, other: Side, value: unknown, timestamp: Timestamp): void {
    requireTimestamp(timestamp, this.#what)
    if (timestamp < this.#timers.currentWatermark) return own.late.take(value, timestamp)
    this.#own = own
    this.#value = value
    this.#time = timestamp
    this.#isMatched = false
    other.buffer.visit(timestamp + own.fromMs, timestamp + own.toMs, this.#meet)
    own.buffer.add(own.isOuter ? [this.#isMatched, value] : value, timestamp)
  }

  /** A record of the other side is near the one that has come. */
  #meetOther(held: unknown, otherTime: Timestamp, number: number): void {
    const [value, time] = [this.#value, this.#time]
    const isLeft = this.#own === this.#left
    const other = isLeft ? this.#right : this.#left
    let otherValue = held
    if (other.isOuter) {
      const [isMatched, inside] = held as Marked // as #take puts it there
      otherValue = inside
      if (!isMatched) other.buffer.replace([true, inside], otherTime, number)
    }
    this.#isMatched = true
    const later = Math.max(time, otherTime)
    if (isLeft) this.#emit(value, otherValue, time, otherTime, later)
    else this.#emit(otherValue, value, otherTime, time, later)
  }

  /** With an error policy a pair fails for itself. */
  #emit(
    left: unknown,
    right: unknown,
    leftTime: Timestamp | undefined,
    rightTime: Timestamp | undefined,
    timestamp: Timestamp,
  ): void {
    const { guard } = this.#host
    if (guard === undefined) return this.#join(left, right, leftTime, rightTime, timestamp)
    guard.attempt(
      () => ({ record: { left, right }, timestamp }),
      () => this.#join(left, right, leftTime, rightTime, timestamp),
    )
  }

  #join(
    left: unknown,
    right: unknown,
    leftTime: Timestamp | undefined,
    rightTime: Timestamp | undefined,
    timestamp: Timestamp,
  ): void {
    this.#context.pointAt(leftTime, rightTime, timestamp)
    const result = this.#spec.join(left, right, this.#context)
    this.check(result)
    if (result !== undefined) this.output.collect(result, timestamp)
  }
}

const drop: Visit = () => undefined

class PairContext implements IntervalJoinContext<unknown> {
  timestamp: Timestamp = 0
  leftTimestamp: Timestamp | undefined
  rightTimestamp: Timestamp | undefined
  readonly #table: KeyedStateTable

  constructor(table: KeyedStateTable) {
    this.#table = table
  }

  get key(): unknown {
    return this.#table.currentKey
  }

  pointAt(left: Timestamp | undefined, right: Timestamp | undefined, timestamp: Timestamp): void {
    this.leftTimestamp = left
    this.rightTimestamp = right
    this.timestamp = timestamp
  }
}
