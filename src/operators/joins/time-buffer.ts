/**
 * Records of the current key by their time, each kept for the same while. Records of one time are
 * told apart by a number; it starts anew whenever the buffer has run empty, so that a key without
 * records leaves nothing behind.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import { sortedMapState } from '../../state/collection-descriptors.ts'
import type { SortedMapState } from '../../state/collection-handles.ts'
import { type StateSchema, valueState } from '../../state/descriptors.ts'
import type { ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import type { Timestamp } from '../functions.ts'
import type { KeyedTimers } from '../operator.ts'
import { WakeTimer } from './wake-timer.ts'

/** Where a record lies. */
export type Place = readonly [time: Timestamp, number: number]
export const placeType: Type<[number, number]> = t.tuple(t.float64, t.float64)

/** Names of its states behind that of the buffer; in every snapshot, so they never change. */
const namesOf = (buffer: string) => ({
  records: buffer,
  next: `${buffer}-next`,
  wake: `${buffer}-wake`,
})

export function timeBufferStates(name: string, type: Type<unknown>): StateSchema {
  const { records, next, wake } = namesOf(name)
  return {
    [records]: sortedMapState(placeType, type),
    [next]: valueState(t.float64, { initial: 0 }),
    [wake]: valueState(t.float64),
  }
}

export class TimeBuffer {
  readonly #records: SortedMapState<Place, unknown>
  readonly #next: ValueState<number, never>
  readonly #wake: WakeTimer
  readonly #keptMs: number

  /**
   * @param name of its states and of its timer.
   * @param keptMs how long after its time a record is due.
   */
  constructor(table: KeyedStateTable, timers: KeyedTimers, name: string, keptMs: number) {
    const { records, next, wake } = namesOf(name)
    // The handles are of the states that `timeBufferStates` declares.
    this.#records = table.handles[records] as SortedMapState<Place, unknown>
    this.#next = table.handles[next] as ValueState<number, never>
    this.#wake = new WakeTimer(timers, name, table.handles[wake] as ValueState<Timestamp>)
    this.#keptMs = keptMs
  }

  add(time: Timestamp, value: unknown): Place {
    const number = this.#next.value()
    this.#next.update(number + 1)
    const place: Place = [time, number]
    this.#records.set(place, value)
    this.#wake.noLaterThan(time + this.#keptMs)
    return place
  }

  get isEmpty(): boolean {
    return this.#records.isEmpty
  }

  /** The records of these times, both included, by time and then in order of arrival. */
  between(from: Timestamp, to: Timestamp): Iterable<readonly [Place, unknown]> {
    return this.#records.range({ from: [from, 0], to: [to, Infinity] })
  }

  /**
   * Takes out, in order, the records that are due when its timer fires, and hands each to `take`;
   * nothing if the timer is a needless one.
   */
  fire(time: Timestamp, take: (place: Place, value: unknown) => void): void {
    if (!this.#wake.isAt(time)) return
    for (const [place, value] of this.between(-Infinity, time - this.#keptMs)) {
      take(place, value)
      this.#records.delete(place)
    }
    const first = this.#records.first()
    this.#wake.moveTo(first === undefined ? undefined : first[0][0] + this.#keptMs)
    if (first === undefined) this.#next.clear()
  }
}
