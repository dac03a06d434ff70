/**
 * How far apart periodic checkpoints are: the interval that is stated or was worked out, or another
 * one while sources catch up. A change counts from the start of the last checkpoint, so what is
 * overdue by the new interval begins at once.
 */
import type { Draft } from './decisions-draft.ts'

/** From the start of one periodic checkpoint to the next; +∞: none. */
export function effectiveIntervalMs({ setup, isBacklog, intervalMs }: Draft): number {
  const { intervalDuringBacklogMs = intervalMs } = setup.options
  const effectiveMs = isBacklog ? intervalDuringBacklogMs : intervalMs
  return effectiveMs > 0 ? effectiveMs : Number.POSITIVE_INFINITY
}

/** A checkpoint begins that the interval is counted from. */
export function countFrom(draft: Draft, atMs: number): void {
  draft.countsFromMs = Math.max(draft.countsFromMs, atMs)
  reschedule(draft)
}

/** A checkpoint has ended: a pause follows. */
export function pauseFrom(draft: Draft, atMs: number): void {
  draft.pauseUntilMs = atMs + draft.setup.options.minPauseMs
  reschedule(draft)
}

export function changeInterval(draft: Draft, intervalMs: number): void {
  draft.intervalMs = intervalMs
  reschedule(draft)
}

export function changeBacklog(draft: Draft, isBacklog: boolean): void {
  draft.isBacklog = isBacklog
  reschedule(draft)
}

function reschedule(draft: Draft): void {
  const dueMs = draft.countsFromMs + effectiveIntervalMs(draft)
  draft.nextPeriodicAtMs = Math.max(dueMs, draft.pauseUntilMs)
}
