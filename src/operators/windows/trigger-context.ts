/**
 * What a trigger sees: made once per subtask and pointed at a window before each call. The timer by
 * which the engine removes the window is at its clean-up time; no trigger can delete it.
 */
import { MillraceError } from '../../errors.ts'
import type { KeyedStateTable } from '../../state/backend.ts'
import { mapState, type StateSchema } from '../../state/descriptors.ts'
import type { MapState, ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import { required } from '../../util/assert.ts'
import type { Timestamp } from '../functions.ts'
import type { KeyedTimers, OperatorContext, TimeDomain } from '../operator.ts'
import type { Trigger, TriggerContext } from './triggers.ts'
import type { Window } from './window.ts'

/** Name of the state of triggers; in every snapshot, so it never changes. */
const TRIGGER_STATE = 'window-trigger'

export function triggerStates({ state }: Trigger): StateSchema {
  return state === undefined ? {} : { [TRIGGER_STATE]: mapState(t.float64, state) }
}

export class WindowTriggerContext implements TriggerContext, ValueState<unknown> {
  readonly #timers: KeyedTimers
  readonly #host: OperatorContext
  readonly #states: MapState<number, unknown> | undefined
  readonly #what: string
  /** The time by which the window is removed. */
  readonly #domain: TimeDomain
  #name = ''
  #cleanupTime: Timestamp = Number.POSITIVE_INFINITY
  #slot = 0

  constructor(context: OperatorContext, table: KeyedStateTable, what: string, domain: TimeDomain) {
    this.#host = context
    this.#timers = required(context.timers, `${what} needs timers`)
    // The handle is of the state that `triggerStates` declares.
    this.#states = table.handles[TRIGGER_STATE] as MapState<number, unknown> | undefined
    this.#what = what
    this.#domain = domain
  }

  pointAt(window: Window, slot: number, cleanupTime: Timestamp): void {
    this.#name = window.timerName
    this.#slot = slot
    this.#cleanupTime = cleanupTime
  }

  get currentWatermark(): Timestamp {
    return this.#timers.currentWatermark
  }

  get currentProcessingTime(): Timestamp {
    return this.#host.processingTime()
  }

  get state(): ValueState<unknown> {
    return this
  }

  value(): unknown {
    return this.#values().get(this.#slot)
  }

  update(value: unknown): void {
    this.#values().set(this.#slot, value)
  }

  clear(): void {
    this.#states?.delete(this.#slot)
  }

  registerEventTimeTimer(timestamp: Timestamp): void {
    this.#register('event-time', timestamp)
  }

  registerProcessingTimeTimer(timestamp: Timestamp): void {
    this.#register('processing-time', timestamp)
  }

  deleteEventTimeTimer(timestamp: Timestamp): void {
    this.#delete('event-time', timestamp)
  }

  deleteProcessingTimeTimer(timestamp: Timestamp): void {
    this.#delete('processing-time', timestamp)
  }

  #delete(domain: TimeDomain, timestamp: Timestamp): void {
    if (domain === this.#domain && timestamp === this.#cleanupTime) return
    this.#timers.delete(domain, timestamp, this.#name)
  }

  #register(domain: TimeDomain, timestamp: Timestamp): void {
    if (timestamp !== timestamp || typeof timestamp !== 'number') {
      const problem = `the trigger of ${this.#what}: ${String(timestamp)} is no time`
      throw new MillraceError('TYPE_MISMATCH', problem, {
        cure: 'a timer takes milliseconds since 1970-01-01 UTC',
      })
    }
    this.#timers.register(domain, timestamp, this.#name)
  }

  #values(): MapState<number, unknown> {
    return required(this.#states, `the trigger of ${this.#what} declares no state`)
  }
}
