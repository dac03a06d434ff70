/**
 * The operator of session windows: the windows of a key that a record touches become one, with
 * their contents, trigger state and timers.
 */
import { valueState, type StateSchema } from '../../state/descriptors.ts'
import type { ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import { tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { OperatorContext } from '../operator.ts'
import type { MergingWindowAssigner } from './assigners.ts'
import { freeSlot, mergeWindow, type Session, withSession } from './merging.ts'
import { WindowOperator, type WindowSpec } from './operator.ts'
import { Window } from './window.ts'

/** Name of the state of sessions; in every snapshot, so it never changes. */
const SESSIONS_STATE = 'session-windows'

/** How sessions are kept: start, end and slot of each, by time. */
type KeptSession = [start: number, end: number, slot: number]

export const sessionStates: StateSchema = {
  [SESSIONS_STATE]: valueState(t.list(t.tuple(t.float64, t.float64, t.float64))),
}

export class SessionWindowOperator extends WindowOperator {
  readonly #assigner: MergingWindowAssigner<unknown>
  readonly #sessions: ValueState<readonly KeptSession[]>

  constructor(
    context: OperatorContext,
    what: string,
    spec: WindowSpec,
    assigner: MergingWindowAssigner<unknown>,
  ) {
    super(context, what, spec)
    this.#assigner = assigner
    // `sessionStates` declares it for this operator.
    this.#sessions = tableOf(context).handles[SESSIONS_STATE] as ValueState<readonly KeptSession[]>
  }

  processElement(value: unknown, timestamp: Timestamp): void {
    const sessions = this.#read()
    const merge = mergeWindow(sessions, this.#assigner.assign(value, this.timeOf(timestamp)))
    const window = new Window(merge.start, merge.end)
    // A record that is late alone is not if it joins a session that is still there.
    if (this.isLate(window)) return this.late(value, timestamp)
    const [first] = merge.absorbed
    const isAsBefore = first?.start === window.start && first.end === window.end
    const slot = isAsBefore ? first.slot : this.#merge(sessions, merge.absorbed, window)
    if (!isAsBefore) {
      this.#write(withSession(merge.others, { start: window.start, end: window.end, slot }))
      this.registerCleanup(window)
    }
    this.addTo(window, slot, value, timestamp)
  }

  protected slotOf({ start, end }: Window): number | undefined {
    return this.#read().find((session) => session.start === start && session.end === end)?.slot
  }

  protected forget({ start }: Window): void {
    this.#write(this.#read().filter((session) => session.start !== start))
  }

  /** Makes one window of those that were absorbed; gives its slot. */
  #merge(sessions: readonly Session[], absorbed: readonly Session[], window: Window): number {
    if (absorbed.length === 0) return freeSlot(sessions)
    // What is least to move moves.
    const { slot } = absorbed.reduce((kept, other) =>
      this.contents.size(other.slot) > this.contents.size(kept.slot) ? other : kept,
    )
    const states: unknown[] = []
    for (const session of absorbed) {
      const part = new Window(session.start, session.end)
      this.pointAt(part, session.slot)
      if (this.trigger.state !== undefined) states.push(this.triggerContext.value())
      this.dissolve(part, session.slot)
    }
    for (const other of absorbed) if (other.slot !== slot) this.contents.merge(slot, other.slot)
    this.pointAt(window, slot)
    const state = this.#mergeStates(states.filter((each) => each !== undefined))
    if (state !== undefined) this.triggerContext.update(state)
    this.trigger.onMerge?.(window, this.triggerContext)
    return slot
  }

  #mergeStates(states: readonly unknown[]): unknown {
    return states.length === 0
      ? undefined
      : states.reduce((a, b) => this.trigger.mergeState?.(a, b) ?? a)
  }

  #read(): readonly Session[] {
    const kept = this.#sessions.value() ?? []
    return kept.map(([start, end, slot]) => ({ start, end, slot }))
  }

  #write(sessions: readonly Session[]): void {
    if (sessions.length === 0) return this.#sessions.clear()
    this.#sessions.update(sessions.map(({ start, end, slot }): KeptSession => [start, end, slot]))
  }
}
