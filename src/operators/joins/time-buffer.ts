/**
 * Records of the current key by their time, each kept for the same while. The first record of a
 * time lies under the time alone, which is a cheap key; only those that follow it, if there are
 * any, have a number besides. The numbers start anew whenever no such record is left, so that a
 * key without records leaves nothing behind.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import { sortedMapState } from '../../state/collection-descriptors.ts'
import type { SortedMapState, WalkedSortedMap } from '../../state/collection-handles.ts'
import { type StateSchema, valueState } from '../../state/descriptors.ts'
import type { ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import type { Timestamp } from '../functions.ts'
import type { KeyedTimers } from '../operator.ts'
import { WakeTimer } from './wake-timer.ts'

/** Number of the first record of a time. */
const FIRST = -1

/** Names of its states behind that of the buffer; in every snapshot, so they never change. */
const namesOf = (buffer: string) => ({
  firsts: buffer,
  others: `${buffer}-of-equal-time`,
  next: `${buffer}-next`,
  wake: `${buffer}-wake`,
})

export function timeBufferStates(name: string, type: Type<unknown>): StateSchema {
  const { firsts, others, next, wake } = namesOf(name)
  return {
    [firsts]: sortedMapState(t.float64, type),
    [others]: sortedMapState(t.tuple(t.float64, t.float64), type),
    [next]: valueState(t.float64, { initial: 0 }),
    [wake]: valueState(t.float64),
  }
}

/** Is told of a record, and of its place for `replace`. */
export type Visit = (value: unknown, time: Timestamp, number: number) => void

const nothing: Visit = () => undefined

export class TimeBuffer {
  readonly #firsts: WalkedSortedMap<Timestamp, unknown>
  readonly #others: SortedMapState<readonly [time: Timestamp, number: number], unknown>
  readonly #next: ValueState<number, never>
  readonly #wake: WakeTimer
  readonly #keptMs: number
  /** What the walk under way does; a closure for each would cost more. */
  #visit: Visit = nothing
  #now: Timestamp = 0
  #nextDue: Timestamp | undefined
  readonly #visitFirst = (time: Timestamp, value: unknown): boolean => {
    this.#visit(value, time, FIRST)
    this.#visitOthers(time, this.#visit)
    return true
  }
  readonly #takeFirst = (time: Timestamp, value: unknown): boolean => this.#take(time, value)

  /**
   * @param name of its states and of its timer.
   * @param keptMs how long after its time a record is due.
   */
  constructor(table: KeyedStateTable, timers: KeyedTimers, name: string, keptMs: number) {
    const { firsts, others, next, wake } = namesOf(name)
    const { handles } = table
    // The handles are of the states that `timeBufferStates` declares.
    this.#firsts = handles[firsts] as WalkedSortedMap<Timestamp, unknown>
    this.#others = handles[others] as SortedMapState<readonly [Timestamp, number], unknown>
    this.#next = handles[next] as ValueState<number, never>
    this.#wake = new WakeTimer(timers, name, handles[wake] as ValueState<Timestamp>)
    this.#keptMs = keptMs
  }

  add(value: unknown, time: Timestamp): void {
    if (this.#firsts.has(time)) {
      const number = this.#next.value()
      this.#next.update(number + 1)
      this.#others.set([time, number], value)
    } else {
      this.#firsts.set(time, value)
      this.#wake.noLaterThan(time + this.#keptMs)
    }
  }

  replace(value: unknown, time: Timestamp, number: number): void {
    if (number === FIRST) this.#firsts.set(time, value)
    else this.#others.set([time, number], value)
  }

  /** The records of these times, both included, by time and then in order of arrival. */
  visit(from: Timestamp, to: Timestamp, visit: Visit): void {
    // Numbers tell what there is: looking into a map that is empty costs more.
    if (this.#wake.isUnset) return
    this.#visit = visit
    this.#firsts.walk(from, to, this.#visitFirst)
  }

  /**
   * Takes out, in order, the records that are due when its timer fires, and hands each to `take`;
   * nothing if the timer is a needless one.
   */
  fire(now: Timestamp, take: Visit): void {
    if (!this.#wake.isAt(now)) return
    this.#visit = take
    this.#now = now
    this.#nextDue = undefined
    this.#firsts.walk(-Infinity, Infinity, this.#takeFirst)
    this.#wake.moveTo(this.#nextDue)
    if (this.#next.value() > 0 && this.#others.isEmpty) this.#next.clear()
  }

  /** False at the first record that is not due yet. */
  #take(time: Timestamp, value: unknown): boolean {
    if (time + this.#keptMs > this.#now) {
      this.#nextDue = time + this.#keptMs
      return false
    }
    const take = this.#visit
    take(value, time, FIRST)
    this.#visitOthers(time, (other, _time, number) => {
      take(other, time, number)
      this.#others.delete([time, number])
    })
    this.#firsts.delete(time)
    return true
  }

  #visitOthers(time: Timestamp, visit: Visit): void {
    if (this.#next.value() === 0) return
    for (const [[, number], value] of this.#others.range({ prefix: [time] })) {
      visit(value, time, number)
    }
  }
}
