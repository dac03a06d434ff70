/**
 * The interval join: a left record at time l meets each right record of its key at time r for which
 * l + lower ≤ r ≤ l + upper. Each record is kept until the watermark has passed the last moment at
 * which another one that it could meet may come; if it is due for an outer row, that goes out then.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import { setState } from '../../state/collection-descriptors.ts'
import type { SetState } from '../../state/collection-handles.ts'
import type { StateSchema } from '../../state/descriptors.ts'
import type { Type } from '../../types/type.ts'
import { required } from '../../util/assert.ts'
import { BaseOperator, tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { KeyedTimers, OperatorContext, TimeDomain } from '../operator.ts'
import type { OutputTag } from '../output-tag.ts'
import { LateRecords, requireTimestamp } from '../windows/late.ts'
import type { IntervalJoinContext } from './functions.ts'
import { type Place, placeType, TimeBuffer, timeBufferStates } from './time-buffer.ts'

/** Names of the states and timers of its sides; in every snapshot, so they never change. */
const LEFT = 'join-left'
const RIGHT = 'join-right'
const matchedState = (side: string): string => `${side}-matched`

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
  return {
    ...timeBufferStates(LEFT, spec.leftType),
    ...timeBufferStates(RIGHT, spec.rightType),
    ...(spec.outer.left ? { [matchedState(LEFT)]: setState(placeType) } : {}),
    ...(spec.outer.right ? { [matchedState(RIGHT)]: setState(placeType) } : {}),
  }
}

/** What the operator holds of one input. */
interface Side {
  readonly buffer: TimeBuffer
  /** The records that have met another one; only if those that have not make rows. */
  readonly matched: SetState<Place> | undefined
  readonly late: LateRecords
  /** What a record of this side meets: records of the other from here to there of its time. */
  readonly fromMs: number
  readonly toMs: number
}

export class IntervalJoinOperator extends BaseOperator {
  readonly #what: string
  readonly #timers: KeyedTimers
  readonly #join: IntervalJoinSpec['join']
  readonly #left: Side
  readonly #right: Side
  readonly #context: PairContext

  constructor(context: OperatorContext, what: string, spec: IntervalJoinSpec) {
    super(context, what)
    const table = tableOf(context)
    const timers = required(context.timers, `${what} needs timers`)
    const { lowerMs, upperMs, late } = spec
    this.#what = what
    this.#timers = timers
    this.#join = spec.join
    const sideOf = (name: string, fromMs: number, toMs: number): Omit<Side, 'late'> => ({
      buffer: new TimeBuffer(table, timers, name, Math.max(toMs, 0)),
      // The handle is of the state that `intervalJoinStates` declares.
      matched: table.handles[matchedState(name)] as SetState<Place> | undefined,
      fromMs,
      toMs,
    })
    const [left, right] = [sideOf(LEFT, lowerMs, upperMs), sideOf(RIGHT, -upperMs, -lowerMs)]
    this.#left = { ...left, late: new LateRecords(context, late.left) }
    this.#right = { ...right, late: new LateRecords(context, late.right) }
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
    const isLeft = name === LEFT
    const side = isLeft ? this.#left : this.#right
    side.buffer.fire(time, (place, value) => {
      if (side.matched === undefined) return
      if (side.matched.has(place)) side.matched.delete(place)
      else if (isLeft) this.#emit(value, undefined, place[0], undefined, time)
      else this.#emit(undefined, value, undefined, place[0], time)
    })
  }

  #take(own: Side, other: Side, value: unknown, timestamp: Timestamp): void {
    requireTimestamp(timestamp, this.#what)
    if (timestamp < this.#timers.currentWatermark) return own.late.take(value, timestamp)
    const place = own.buffer.add(timestamp, value)
    if (other.buffer.isEmpty) return
    let isMatched = false
    const near = other.buffer.between(timestamp + own.fromMs, timestamp + own.toMs)
    for (const [otherPlace, otherValue] of near) {
      isMatched = true
      other.matched?.add(otherPlace)
      const [otherTime] = otherPlace
      const later = Math.max(timestamp, otherTime)
      if (own === this.#left) this.#emit(value, otherValue, timestamp, otherTime, later)
      else this.#emit(otherValue, value, otherTime, timestamp, later)
    }
    if (isMatched) own.matched?.add(place)
  }

  #emit(
    left: unknown,
    right: unknown,
    leftTime: Timestamp | undefined,
    rightTime: Timestamp | undefined,
    timestamp: Timestamp,
  ): void {
    this.#context.pointAt(leftTime, rightTime, timestamp)
    const result = this.#join(left, right, this.#context)
    this.check(result)
    if (result !== undefined) this.output.collect(result, timestamp)
  }
}

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
