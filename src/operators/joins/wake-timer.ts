/**
 * One event-time timer per key for all that waits in a buffer: it stands at the earliest time at
 * which something is due. Where it stands is state, so that a record that needs no earlier one
 * looks at a number and not at the buffer. Timers that have become needless fire and do nothing.
 */
import type { ValueState } from '../../state/handles.ts'
import type { Timestamp } from '../functions.ts'
import type { KeyedTimers } from '../operator.ts'

export class WakeTimer {
  readonly #timers: KeyedTimers
  readonly #name: string
  readonly #stands: ValueState<Timestamp>

  constructor(timers: KeyedTimers, name: string, stands: ValueState<Timestamp>) {
    this.#timers = timers
    this.#name = name
    this.#stands = stands
  }

  /** True if nothing waits. */
  get isUnset(): boolean {
    return this.#stands.value() === undefined
  }

  /** Something is due at this time. */
  noLaterThan(time: Timestamp): void {
    const stands = this.#stands.value()
    if (stands !== undefined && stands <= time) return
    this.#timers.register('event-time', time, this.#name)
    this.#stands.update(time)
  }

  /** True if a timer that fires is this one; `moveTo` must follow. */
  isAt(time: Timestamp): boolean {
    return this.#stands.value() === time
  }

  /** It has fired; this is the next time at which something is due. */
  moveTo(time: Timestamp | undefined): void {
    this.#stands.clear()
    if (time !== undefined) this.noLaterThan(time)
  }
}
