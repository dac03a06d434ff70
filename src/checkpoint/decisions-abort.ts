/**
 * Giving a checkpoint up before its commit point: the tasks keep their changes for the next one,
 * and nothing is lost. Says which task, which phase, why, and what to do.
 */
import type { ErrorData } from '../errors.ts'
import { type Draft, failJob, inProgress, reject, report } from './decisions-draft.ts'
import { pauseFrom } from './decisions-interval.ts'
import { slowness } from './decisions-slow.ts'
import type { ActiveCheckpoint, CheckpointRequest, TaskName } from './protocol.ts'
import { taskKey } from './protocol.ts'

/** A failed final checkpoint is tried again after at least this long. */
const FINAL_RETRY_MS = 500

/** Fails the active checkpoint if its time is over. */
export function checkTimeout(draft: Draft, atMs: number): void {
  const active = inProgress(draft).find((each) => atMs >= deadlineMs(draft, each))
  if (active === undefined) return
  const { timeoutMs } = draft.setup.options
  const { checkpointId, phase } = active
  const start = `checkpoint ${checkpointId} took over ${timeoutMs} ms in phase ${phase}`
  if (active.phase === 'confirm') {
    // The put cannot be called back: whether it arrives is found out by the next attempt.
    const cure = 'check that the checkpoint storage answers'
    return failJob(draft, failure(`${start}: the storage has not answered`, cure, active))
  }
  const { reasons, cure, acknowledged, tasks } = slowness(draft, active, atMs)
  const problem = `${start}, ${acknowledged} of ${tasks} tasks have acknowledged`
  abort(draft, active, failure(`${problem}: ${reasons.join('; ')}`, cure, active), atMs)
}

/**
 * Before the commit point: forget the checkpoint and those that build on it, tell the tasks, count
 * the failure.
 */
export function abort(
  draft: Draft,
  active: ActiveCheckpoint,
  error: ErrorData,
  atMs: number,
): void {
  const { options } = draft.setup
  const { checkpointId, purpose } = active
  const builtOnIt = forget(draft, active)
  draft.effects.push({ kind: 'send-abort', checkpointId })
  // The final checkpoint is tried again, and whoever waits for the end of input with it.
  const isAgain = (request: CheckpointRequest) => request.purpose === 'drain'
  draft.requests = [...draft.requests, ...active.requests.filter(isAgain)]
  reject(
    draft,
    active.requests.filter((request) => !isAgain(request)),
    error,
  )
  const counts = purpose === 'periodic' || purpose === 'final'
  if (counts) draft.consecutiveFailures++
  if (purpose === 'periodic') {
    pauseFrom(draft, atMs)
  }
  if (purpose === 'final') {
    draft.nextFinalAtMs = atMs + Math.max(FINAL_RETRY_MS, options.minPauseMs)
  }
  const { consecutiveFailures } = draft
  report(draft, { checkpointId, purpose, outcome: 'failed', error, consecutiveFailures })
  for (const other of builtOnIt) abortWith(draft, other, active, error)
  if (!counts || consecutiveFailures <= options.tolerableFailures) return
  const message =
    `${consecutiveFailures} checkpoints in a row failed, ` +
    `${options.tolerableFailures} are tolerated; the last: ${error.message}`
  failJob(draft, { ...error, message })
}

/** Takes it out, with those that build on it, which are given back. */
function forget(draft: Draft, { checkpointId }: ActiveCheckpoint): readonly ActiveCheckpoint[] {
  if (draft.active?.checkpointId === checkpointId) draft.active = undefined
  const later = draft.overlapping.filter((each) => each.checkpointId > checkpointId)
  draft.overlapping = draft.overlapping.filter((each) => each.checkpointId < checkpointId)
  return later
}

/** No fault of its own: who asked for it gets the next one, and nobody counts it. */
function abortWith(
  draft: Draft,
  { checkpointId, purpose, requests, phase }: ActiveCheckpoint,
  failed: ActiveCheckpoint,
  cause: ErrorData,
): void {
  draft.effects.push({ kind: 'send-abort', checkpointId })
  draft.requests = [...draft.requests, ...requests]
  const error: ErrorData = {
    code: 'CHECKPOINT_FAILED',
    message: `checkpoint ${checkpointId} builds on ${failed.checkpointId}, and is given up with it`,
    cure: 'none needed: the next one holds its changes',
    retryable: true,
    details: { checkpointId, phase },
    cause,
  }
  const { consecutiveFailures } = draft
  report(draft, { checkpointId, purpose, outcome: 'failed', error, consecutiveFailures })
}

export function deadlineMs(draft: Draft, active: ActiveCheckpoint): number {
  return active.decidedAtMs + draft.setup.options.timeoutMs
}

export function nameOf(draft: Draft, task: Omit<TaskName, 'name'>): string {
  const known = draft.setup.tasks.find((candidate) => taskKey(candidate) === taskKey(task))
  return `${known?.name ?? `vertex ${task.vertex}`}[${task.subtaskIndex}]`
}

export function failure(
  message: string,
  cure: string,
  active?: ActiveCheckpoint,
  cause?: ErrorData,
): ErrorData {
  const details =
    active === undefined ? {} : { checkpointId: active.checkpointId, phase: active.phase }
  const plain = { code: 'CHECKPOINT_FAILED', message, cure, retryable: true, details } as const
  return cause === undefined ? plain : { ...plain, cause }
}
