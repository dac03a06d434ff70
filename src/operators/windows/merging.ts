/**
 * Merging of sessions, as a pure function. The sessions of a key never overlap one another; a new
 * window joins all those that it overlaps into one. Those that only touch it, it leaves alone: a
 * session is complete at `end - 1`, and could be closed or not when a record of `end` arrives.
 */
import type { TimeWindow } from './functions.ts'

/** A session of a key; what it holds is in state under its slot, which outlives its bounds. */
export interface Session extends TimeWindow {
  readonly slot: number
}

export interface Merge {
  readonly start: number
  readonly end: number
  /** Sessions that became part of it, by time. */
  readonly absorbed: readonly Session[]
  /** The others. */
  readonly others: readonly Session[]
}

/** Adds a window to sessions that are ordered by time; changes nothing. */
export function mergeWindow(sessions: readonly Session[], window: TimeWindow): Merge {
  let { start, end } = window
  const absorbed: Session[] = []
  const others: Session[] = []
  for (const session of sessions) {
    if (session.start < window.end && session.end > window.start) {
      absorbed.push(session)
      start = Math.min(start, session.start)
      end = Math.max(end, session.end)
    } else others.push(session)
  }
  return { start, end, absorbed, others }
}

/** The sessions with one more, by time. */
export function withSession(sessions: readonly Session[], session: Session): readonly Session[] {
  const at = sessions.findIndex((other) => other.start > session.start)
  return at < 0 ? [...sessions, session] : sessions.toSpliced(at, 0, session)
}

/** A slot that none of the sessions has. */
export function freeSlot(sessions: readonly Session[]): number {
  return sessions.reduce((slot, session) => Math.max(slot, session.slot + 1), 0)
}
