/**
 * The operator of session windows: the windows of a key that a record overlaps become one, with
 * their contents, trigger state and timers.
 */
import { valueState, type StateSchema } from '../../state/descriptors.ts'
import type { ValueState } from '../../state/handles.ts'
import { t } from '../../types/t.ts'
import type { OwnedType } from '../../types/owned.ts'
import type { Type } from '../../types/type.ts'
import { tableOf } from '../base.ts'
import type { Timestamp } from '../functions.ts'
import type { OperatorContext } from '../operator.ts'
import type { MergingWindowAssigner } from './assigners.ts'
import { freeSlot, mergeWindow, type Session, withSession } from './merging.ts'
import { WindowOperator, type WindowSpec } from './operator.ts'
import { Window } from './window.ts'

/** Name of the state of sessions; in every snapshot, so it never changes. */
const SESSIONS_STATE = 'session-windows'

/**
 * The sessions of a key by time, in a flat array: start, end, slot, start, … It is the operator's
 * own and changes in place, after `update` has given a pending snapshot what it was before.
 */
type KeptSessions = number[]

const FIELDS = 3
const NONE: KeptSessions = []
/** As `freeSlot` gives it where there are none. */
const FIRST_SLOT = 0

export const sessionStates: StateSchema = { [SESSIONS_STATE]: valueState(keptType()) }

export class SessionWindowOperator extends WindowOperator {
  readonly #assigner: MergingWindowAssigner<unknown>
  readonly #sessions: ValueState<KeptSessions>

  constructor(
    context: OperatorContext,
    what: string,
    spec: WindowSpec,
    assigner: MergingWindowAssigner<unknown>,
  ) {
    super(context, what, spec)
    this.#assigner = assigner
    // `sessionStates` declares it for this operator.
    this.#sessions = tableOf(context).handles[SESSIONS_STATE] as ValueState<KeptSessions>
  }

  processElement(value: unknown, timestamp: Timestamp): void {
    const own = this.#assigner.assign(value, this.timeOf(timestamp))
    const kept = this.#sessions.value()
    if (kept === undefined) return this.#addFirst(own, value, timestamp)
    if (this.isQuiet && this.#addToLast(kept, own, value, timestamp)) return
    const sessions = read(kept)
    const merge = mergeWindow(sessions, own)
    const window = new Window(merge.start, merge.end)
    // A record that is late alone is not if it joins a session that is still there.
    if (this.isLate(window)) return this.late(value, timestamp)
    const [first] = merge.absorbed
    const isAsBefore = first?.start === window.start && first.end === window.end
    const slot = isAsBefore ? first.slot : this.#merge(sessions, merge.absorbed, window)
    if (!isAsBefore) {
      this.#write(withSession(merge.others, { start: window.start, end: window.end, slot }))
      // A new one gets its timer with its first value.
      if (first !== undefined) this.registerCleanup(window)
    }
    this.addTo(window, slot, value, timestamp)
  }

  protected slotOf({ start, end }: Window): number | undefined {
    const kept = this.#sessions.value() ?? NONE
    for (let at = 0; at < kept.length; at += FIELDS) {
      if (kept[at] === start && kept[at + 1] === end) return kept[at + 2]
    }
    return undefined
  }

  protected forget({ start }: Window): void {
    const kept = this.#sessions.value() ?? NONE
    if (kept.length > FIELDS) this.#write(read(kept).filter((session) => session.start !== start))
    else if (kept[0] === start) this.#sessions.clear()
  }

  /** A timer of a session that has grown since: it is set anew, for the end as it is now. */
  protected override onStray({ start, end }: Window, time: Timestamp): void {
    if (!this.isQuiet) return
    const kept = this.#sessions.value() ?? NONE
    let at = 0
    // Of places within the list.
    while (at < kept.length && !((kept[at] as number) <= start && (kept[at + 1] as number) > end)) {
      at += FIELDS
    }
    if (at >= kept.length) return
    const window = new Window(kept[at] as number, kept[at + 1] as number)
    this.registerCleanup(window)
    if (window.maxTimestamp > time) this.registerEnd(window)
  }

  /** A record of a key that has no session. */
  #addFirst(own: Window, value: unknown, timestamp: Timestamp): void {
    if (this.isLate(own)) return this.late(value, timestamp)
    this.#sessions.update([own.start, own.end, FIRST_SLOT])
    this.addTo(own, FIRST_SLOT, value, timestamp)
  }

  /**
   * What mostly happens: a record that comes in order goes on with the last session, which has not
   * ended yet. Its timers stay where they are; when they are due, `onStray` sets later ones.
   */
  #addToLast(sessions: KeptSessions, own: Window, value: unknown, timestamp: Timestamp): boolean {
    const at = sessions.length - FIELDS
    const end = sessions[at + 1] as number // no list is empty
    if (own.start < (sessions[at] as number) || own.start >= end) return false
    if (end - 1 <= this.timers.currentWatermark) return false
    if (own.end > end) {
      this.#sessions.update(sessions)
      sessions[at + 1] = own.end
    }
    this.contents.add(sessions[at + 2] as number, value, timestamp)
    return true
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

  #write(sessions: readonly Session[]): void {
    if (sessions.length === 0) return this.#sessions.clear()
    this.#sessions.update(sessions.flatMap(({ start, end, slot }) => [start, end, slot]))
  }
}

function read(kept: KeptSessions): readonly Session[] {
  const sessions: Session[] = []
  for (let at = 0; at < kept.length; at += FIELDS) {
    const [start, end, slot] = kept.slice(at, at + FIELDS) as [number, number, number]
    sessions.push({ start, end, slot })
  }
  return sessions
}

/** In snapshots sessions are a list of triples. */
function keptType(): Type<KeptSessions> {
  const triples = t.list(t.tuple(t.float64, t.float64, t.float64))
  return Object.freeze<OwnedType<KeptSessions>>({
    changesInPlace: true,
    schema: triples.schema,
    copyOnRead: false,
    write(kept, out) {
      const list: [number, number, number][] = []
      for (let at = 0; at < kept.length; at += FIELDS) {
        list.push(kept.slice(at, at + FIELDS) as [number, number, number])
      }
      triples.write(list, out)
    },
    read: (input) => triples.read(input).flat(),
    isolate: (kept) => kept, // only the operator has it
  })
}
