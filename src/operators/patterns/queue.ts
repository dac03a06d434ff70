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
const COUNTS_STATE = 'pattern-waiting'
const WAITING_STATE = 'pattern-waiting-events'

export function queueStates(eventType: Type<unknown>): StateSchema {
  return {
    [COUNTS_STATE]: mapState(t.float64, t.float64),
    [WAITING_STATE]: mapState(t.tuple(t.float64, t.float64), eventType),
  }
}

export class EventQueue {
  readonly #counts: MapState<number, number>
  readonly #events: MapState<[number, number], unknown>

  constructor(table: KeyedStateTable) {
    // `queueStates` declares them for this operator.
    this.#counts = table.handles[COUNTS_STATE] as MapState<number, number>
    this.#events = table.handles[WAITING_STATE] as MapState<[number, number], unknown>
  }

  /** True if it is the first of its timestamp. */
  add(timestamp: number, event: unknown): boolean {
    const count = this.#counts.get(timestamp) ?? 0
    this.#events.set([timestamp, count], event)
    this.#counts.set(timestamp, count + 1)
    return count === 0
  }

  /** Hands over the events of a timestamp, and removes them. */
  take(timestamp: number, use: (event: unknown) => void): void {
    const count = this.#counts.get(timestamp) ?? 0
    for (let index = 0; index < count; index++) {
      const key: [number, number] = [timestamp, index]
      use(this.#events.get(key))
      this.#events.delete(key)
    }
    this.#counts.delete(timestamp)
  }
}
