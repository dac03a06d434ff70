/**
 * Events that wait for the watermark, by timestamp and then as they came. The operator sets a timer
 * for each timestamp, so that they come out by time without being sorted.
 */
import type { KeyedStateTable } from '../../state/backend.ts'
import { mapState, type StateSchema } from '../../state/descriptors.ts'
import type { MapState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'

/** Names of states are in every snapshot. */
const FIRST_STATE = 'pattern-waiting'
const COUNTS_STATE = 'pattern-waiting-counts'
const MORE_STATE = 'pattern-waiting-more'

export function queueStates(eventType: Type<unknown>): StateSchema {
  return {
    // The first event of each timestamp, which mostly is the only one.
    [FIRST_STATE]: mapState(t.float64, eventType),
    // How many more there are, and these, numbered from 0.
    [COUNTS_STATE]: mapState(t.float64, t.float64),
    [MORE_STATE]: mapState(t.tuple(t.float64, t.float64), eventType),
  }
}

export class EventQueue {
  readonly #first: MapState<number, unknown>
  readonly #counts: MapState<number, number>
  readonly #more: MapState<[number, number], unknown>

  constructor(table: KeyedStateTable) {
    // `queueStates` declares them for this operator.
    this.#first = table.handles[FIRST_STATE] as MapState<number, unknown>
    this.#counts = table.handles[COUNTS_STATE] as MapState<number, number>
    this.#more = table.handles[MORE_STATE] as MapState<[number, number], unknown>
  }

  /** True if it is the first of its timestamp. */
  add(timestamp: number, event: unknown): boolean {
    if (!this.#first.has(timestamp)) {
      this.#first.set(timestamp, event)
      return true
    }
    const count = this.#counts.get(timestamp) ?? 0
    this.#more.set([timestamp, count], event)
    this.#counts.set(timestamp, count + 1)
    return false
  }

  /** Hands over the events of a timestamp, in order, and removes them. */
  take(timestamp: number, use: (event: unknown, timestamp: number) => void): void {
    use(this.#first.get(timestamp), timestamp)
    this.#first.delete(timestamp)
    const count = this.#counts.isEmpty ? 0 : (this.#counts.get(timestamp) ?? 0)
    if (count === 0) return
    for (let index = 0; index < count; index++) {
      const key: [number, number] = [timestamp, index]
      use(this.#more.get(key), timestamp)
      this.#more.delete(key)
    }
    this.#counts.delete(timestamp)
  }
}
