/**
 * What a failed region means for checkpoints: those under way are given up, none begins until the
 * region is back, and what waits for its commits is told once more, because the tasks that were to
 * do it are others now. A checkpoint whose manifest is being written is not touched: the region
 * goes back to it, if it becomes complete.
 */
import type { ErrorData } from '../errors.ts'
import { type Draft, inProgress, report } from './decisions-draft.ts'
import type { ActiveCheckpoint, TaskName } from './protocol.ts'
import { taskKey } from './protocol.ts'

export function tasksLost(
  draft: Draft,
  tasks: readonly Omit<TaskName, 'name'>[],
  error: ErrorData,
  atMs: number,
): void {
  draft.suspended = true
  const ended = new Set(draft.ended)
  for (const task of tasks) ended.delete(taskKey(task))
  draft.ended = ended
  const given = inProgress(draft).filter(({ phase }) => phase !== 'confirm')
  if (draft.active?.phase !== 'confirm') draft.active = undefined
  draft.overlapping = []
  for (const { checkpointId } of given) draft.effects.push({ kind: 'send-abort', checkpointId })
  // Who asked for them gets the next one; nobody counts them, for no checkpoint is at fault.
  draft.requests = [...given.flatMap(({ requests }) => requests), ...draft.requests]
  const { minPauseMs } = draft.setup.options
  if (given.some(({ purpose }) => purpose === 'periodic')) {
    draft.nextPeriodicAtMs = Math.max(draft.nextPeriodicAtMs, atMs + minPauseMs)
  }
  for (const active of given) reportGivenUp(draft, active, error)
}

function reportGivenUp(
  draft: Draft,
  { checkpointId, purpose, phase }: ActiveCheckpoint,
  cause: ErrorData,
): void {
  const error: ErrorData = {
    code: 'CHECKPOINT_FAILED',
    message: `checkpoint ${checkpointId} was given up: a region failed: ${cause.message}`,
    cure: 'none needed: the next one begins when the region is back',
    retryable: true,
    details: { checkpointId, phase },
    cause,
  }
  const { consecutiveFailures } = draft
  report(draft, { checkpointId, purpose, outcome: 'failed', error, consecutiveFailures })
}

export function tasksRestored(draft: Draft): void {
  draft.suspended = false
  const { workers } = draft.setup
  for (const { checkpointId, committedBy } of draft.completing) {
    if (committedBy.size < workers) draft.effects.push({ kind: 'send-complete', checkpointId })
  }
}
