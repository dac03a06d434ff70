/**
 * The phases before the commit point: init (decide, allot an id, trigger), prepare (collect the
 * acknowledgements) and confirm (ask for the manifest). Up to the commit point a failure aborts:
 * the tasks keep their changes for the next checkpoint, and nothing is lost.
 */
import type { ErrorData } from '../errors.ts'
import { assert } from '../util/assert.ts'
import { broadcastDifference } from './broadcasts.ts'
import { type Draft, failJob, reject, report, settle } from './decisions-draft.ts'
import { afterTheLast } from './decisions-complete.ts'
import type { CheckpointPurpose } from './manifest.ts'
import type {
  Acknowledgement,
  ActiveCheckpoint,
  CheckpointRequest,
  ProtocolEvent,
  TaskName,
} from './protocol.ts'
import { taskKey } from './protocol.ts'
import { checkpointStatistics } from './statistics.ts'

/** More unconfirmed requests than this are rejected. */
const REQUESTS_MAX = 64
/** So many checkpoints may wait for their commits before no other begins. */
const COMPLETING_MAX = 4
/** A failed final checkpoint is tried again after at least this long. */
const FINAL_RETRY_MS = 500
const NAMES_SHOWN_MAX = 5

type EventOf<K extends ProtocolEvent['kind']> = Extract<ProtocolEvent, { readonly kind: K }>

export function takeRequest(draft: Draft, request: CheckpointRequest): void {
  assert(
    request.purpose !== 'savepoint' || request.savepoint !== undefined,
    'a savepoint has a place',
  )
  if (draft.stage === 'closing') {
    return reject(draft, [request], failure('the job is being restarted', 'ask again when it runs'))
  }
  if (draft.lastCheckpointId !== undefined) return afterTheLast(draft, [request])
  if (draft.requests.length >= REQUESTS_MAX) {
    const message = `${REQUESTS_MAX} requests for checkpoints are waiting already`
    return reject(draft, [request], failure(message, 'wait for one of them to be answered'))
  }
  draft.requests = [...draft.requests, request]
}

/** Begins the next checkpoint if one is due and none is before its commit point. */
export function startNext(draft: Draft, atMs: number): void {
  if (!mayStart(draft)) return
  const [first] = draft.requests
  if (first !== undefined) {
    // One checkpoint answers all who only want one, in full if one of them wants that; a stop or
    // savepoint goes by itself.
    const joins = (other: CheckpointRequest) => other === first || other.purpose === 'manual'
    const alone = (other: CheckpointRequest) => other === first
    const taken = draft.requests.filter(first.purpose === 'manual' ? joins : alone)
    draft.requests = draft.requests.filter((request) => !taken.includes(request))
    return begin(draft, first.purpose, taken, atMs)
  }
  if (allEnded(draft)) {
    if (atMs >= draft.nextFinalAtMs) begin(draft, 'final', [], atMs)
  } else if (atMs >= draft.nextPeriodicAtMs) {
    begin(draft, 'periodic', [], atMs)
  }
}

/** When time alone will begin or fail a checkpoint. */
export function dueMs(draft: Draft, atMs: number): number {
  if (draft.active !== undefined) return deadlineMs(draft, draft.active)
  if (!mayStart(draft)) return Number.POSITIVE_INFINITY
  return Math.max(atMs, allEnded(draft) ? draft.nextFinalAtMs : draft.nextPeriodicAtMs)
}

function mayStart(draft: Draft): boolean {
  return (
    draft.stage === 'running' &&
    draft.active === undefined &&
    draft.lastCheckpointId === undefined &&
    draft.completing.length < COMPLETING_MAX
  )
}

function allEnded(draft: Draft): boolean {
  return draft.ended.size === draft.setup.tasks.length
}

function begin(
  draft: Draft,
  purpose: CheckpointPurpose,
  requests: readonly CheckpointRequest[],
  atMs: number,
): void {
  const checkpointId = draft.nextCheckpointId
  draft.nextCheckpointId = checkpointId + 1
  draft.active = {
    checkpointId,
    purpose,
    phase: 'init',
    requests,
    decidedAtMs: atMs,
    triggeredAtMs: atMs,
    acknowledgedAtMs: atMs,
    acknowledged: new Map(),
  }
  const stopAfter = purpose === 'stop' || purpose === 'final'
  const full = requests.some((request) => request.full === true)
  draft.effects.push({ kind: 'trigger', checkpointId, purpose, stopAfter, full })
}

export function triggered(draft: Draft, checkpointId: number, atMs: number): void {
  const active = activeIn(draft, checkpointId, 'init')
  if (active === undefined) return
  draft.active = { ...active, phase: 'prepare', triggeredAtMs: atMs }
  writeWhenAllAcknowledged(draft, atMs)
}

export function triggerFailed(
  draft: Draft,
  checkpointId: number,
  error: ErrorData,
  atMs: number,
): void {
  const active = activeIn(draft, checkpointId, 'init')
  if (active === undefined) return
  const message = `checkpoint ${checkpointId} failed in phase init: ${error.message}`
  abort(draft, active, failure(message, error.cure, active, error), atMs)
}

export function acknowledged(draft: Draft, ack: Acknowledgement & AckId, atMs: number): void {
  const active = draft.active
  // Late ones are of aborted checkpoints; the tasks are told of the abort, not answered here.
  if (active === undefined || active.checkpointId !== ack.checkpointId) return
  const key = taskKey(ack.task)
  assert(
    draft.setup.tasks.some((task) => taskKey(task) === key),
    `there is no task ${key}`,
  )
  if (active.phase === 'confirm' || active.acknowledged.has(key)) return
  const { task, statistics, broadcasts = [] } = ack
  const acks = new Map(active.acknowledged).set(key, { task, statistics, broadcasts })
  draft.active = { ...active, acknowledged: acks }
  writeWhenAllAcknowledged(draft, atMs)
}

interface AckId {
  readonly checkpointId: number
}

/** From prepare to confirm. A worker may acknowledge before the shell has said `triggered`. */
function writeWhenAllAcknowledged(draft: Draft, atMs: number): void {
  const active = draft.active
  if (active?.phase !== 'prepare') return
  if (active.acknowledged.size < draft.setup.tasks.length) return
  const acks = [...active.acknowledged.values()].toSorted(
    (a, b) => a.task.vertex - b.task.vertex || a.task.subtaskIndex - b.task.subtaskIndex,
  )
  const difference = broadcastDifference(acks)
  if (difference !== undefined) return failJob(draft, difference)
  const confirming: ActiveCheckpoint = { ...active, phase: 'confirm', acknowledgedAtMs: atMs }
  draft.active = confirming
  draft.effects.push({
    kind: 'write-manifest',
    checkpointId: active.checkpointId,
    purpose: active.purpose,
    finished: active.purpose === 'final',
    tasks: acks.map((ack) => ack.task),
    statistics: checkpointStatistics(confirming),
  })
}

export function declined(draft: Draft, event: EventOf<'decline'>, atMs: number): void {
  const active = draft.active
  if (active === undefined || active.checkpointId !== event.checkpointId) return
  if (active.phase === 'confirm') return
  const { error } = event
  const message =
    `checkpoint ${active.checkpointId} failed in phase ${active.phase}: ` +
    `${nameOf(draft, event)} declined: ${error.message}`
  abort(draft, active, failure(message, error.cure, active, error), atMs)
}

export function confirmFailed(draft: Draft, event: EventOf<'confirm-failed'>, atMs: number): void {
  const active = activeIn(draft, event.checkpointId, 'confirm')
  if (active === undefined) return
  const { error } = event
  const message = `checkpoint ${active.checkpointId} failed in phase confirm: ${error.message}`
  if (draft.stage === 'closing') return settle(draft, failure(message, error.cure, active, error))
  if (!event.mayBeWritten) {
    return abort(draft, active, failure(message, error.cure, active, error), atMs)
  }
  const doubt = `${message}; its manifest may have been written all the same`
  failJob(draft, failure(doubt, 'the restart reads the chain and finds out', active, error))
}

/** Fails the active checkpoint if its time is over. */
export function checkTimeout(draft: Draft, atMs: number): void {
  const active = draft.active
  if (active === undefined || atMs < deadlineMs(draft, active)) return
  const { timeoutMs } = draft.setup.options
  const { checkpointId, phase } = active
  const start = `checkpoint ${checkpointId} took over ${timeoutMs} ms in phase ${phase}`
  if (active.phase === 'confirm') {
    // The put cannot be called back: whether it arrives is found out by the next attempt.
    const cure = 'check that the checkpoint storage answers'
    return failJob(draft, failure(`${start}: the storage has not answered`, cure, active))
  }
  const missing = draft.setup.tasks.filter((task) => !active.acknowledged.has(taskKey(task)))
  const names = missing.slice(0, NAMES_SHOWN_MAX).map((task) => nameOf(draft, task))
  const more = missing.length > names.length ? ` and ${missing.length - names.length} more` : ''
  const problem = `${start}: no acknowledgement from ${names.join(', ')}${more}`
  const cure = 'see in `status` whether these tasks wait for a slow sink, or raise the timeout'
  abort(draft, active, failure(problem, cure, active), atMs)
}

export function taskEnded(draft: Draft, task: EventOf<'task-ended'>): void {
  const key = taskKey(task)
  assert(
    draft.setup.tasks.some((known) => taskKey(known) === key),
    `there is no task ${key}`,
  )
  draft.ended = new Set(draft.ended).add(key)
}

/** The attempt cannot go on, or is not to. A manifest on its way is waited for. */
export function closeAttempt(draft: Draft, error: ErrorData, how: 'failed' | 'closed'): void {
  if (draft.stage === 'closing') return
  const { active } = draft
  const waits = active?.phase === 'confirm'
  if (waits) draft.active = undefined
  settle(draft, error)
  if (how === 'failed') draft.effects.push({ kind: 'fail-job', error })
  if (!waits) return
  draft.stage = 'closing'
  draft.active = active
}

/** Before the commit point: forget the checkpoint, tell the tasks, count the failure. */
function abort(draft: Draft, active: ActiveCheckpoint, error: ErrorData, atMs: number): void {
  const { options } = draft.setup
  const { checkpointId, purpose } = active
  draft.active = undefined
  draft.effects.push({ kind: 'send-abort', checkpointId })
  reject(draft, active.requests, error)
  const counts = purpose === 'periodic' || purpose === 'final'
  if (counts) draft.consecutiveFailures++
  if (purpose === 'periodic') {
    const dueAtMs = active.decidedAtMs + options.intervalMs
    draft.nextPeriodicAtMs = Math.max(dueAtMs, atMs + options.minPauseMs)
  }
  if (purpose === 'final') {
    draft.nextFinalAtMs = atMs + Math.max(FINAL_RETRY_MS, options.minPauseMs)
  }
  const { consecutiveFailures } = draft
  report(draft, { checkpointId, purpose, outcome: 'failed', error, consecutiveFailures })
  if (!counts || consecutiveFailures <= options.tolerableFailures) return
  const message =
    `${consecutiveFailures} checkpoints in a row failed, ` +
    `${options.tolerableFailures} are tolerated; the last: ${error.message}`
  failJob(draft, { ...error, message })
}

function activeIn(
  draft: Draft,
  checkpointId: number,
  phase: ActiveCheckpoint['phase'],
): ActiveCheckpoint | undefined {
  const { active } = draft
  return active?.checkpointId === checkpointId && active.phase === phase ? active : undefined
}

function deadlineMs(draft: Draft, active: ActiveCheckpoint): number {
  return active.decidedAtMs + draft.setup.options.timeoutMs
}

function nameOf(draft: Draft, task: Omit<TaskName, 'name'>): string {
  const known = draft.setup.tasks.find((candidate) => taskKey(candidate) === taskKey(task))
  return `${known?.name ?? `vertex ${task.vertex}`}[${task.subtaskIndex}]`
}

function failure(
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
