/**
 * From the trigger to the commit point: the end of init, prepare (the acknowledgements are
 * collected) and confirm (the manifest is asked for).
 */
import type { ErrorData } from '../errors.ts'
import { assert } from '../util/assert.ts'
import { broadcastDifference } from './broadcasts.ts'
import { abort, failure, nameOf } from './decisions-abort.ts'
import { type Draft, failJob, find, replace, settle } from './decisions-draft.ts'
import type { Acknowledgement, ActiveCheckpoint, ProtocolEvent } from './protocol.ts'
import { taskKey } from './protocol.ts'
import { manifestStatistics } from './statistics.ts'

type EventOf<K extends ProtocolEvent['kind']> = Extract<ProtocolEvent, { readonly kind: K }>

export function triggered(draft: Draft, checkpointId: number, atMs: number): void {
  const active = activeIn(draft, checkpointId, 'init')
  if (active === undefined) return
  replace(draft, { ...active, phase: 'prepare', triggeredAtMs: atMs })
  writeWhenAllAcknowledged(draft)
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
  const active = find(draft, ack.checkpointId)
  // Late ones are of aborted checkpoints; the tasks are told of the abort, not answered here.
  if (active === undefined) return
  const key = taskKey(ack.task)
  assert(
    draft.setup.tasks.some((task) => taskKey(task) === key),
    `there is no task ${key}`,
  )
  if (active.phase === 'confirm' || active.acknowledged.has(key)) return
  const { task, broadcasts = [] } = ack
  const acknowledgedMs = Math.max(0, atMs - active.triggeredAtMs)
  const statistics = { ...ack.statistics, acknowledgedMs }
  const acks = new Map(active.acknowledged).set(key, { task, statistics, broadcasts })
  replace(draft, { ...active, acknowledged: acks, acknowledgedAtMs: atMs })
  writeWhenAllAcknowledged(draft)
}

interface AckId {
  readonly checkpointId: number
}

/**
 * From prepare to confirm: the oldest only, so that links are put in order. A worker may
 * acknowledge before the shell has said `triggered`.
 */
export function writeWhenAllAcknowledged(draft: Draft): void {
  const active = draft.active
  if (active?.phase !== 'prepare') return
  if (active.acknowledged.size < draft.setup.tasks.length) return
  const acks = [...active.acknowledged.values()].toSorted(
    (a, b) => a.task.vertex - b.task.vertex || a.task.subtaskIndex - b.task.subtaskIndex,
  )
  const difference = broadcastDifference(acks)
  if (difference !== undefined) return failJob(draft, difference)
  const acknowledgedAtMs = Math.max(active.acknowledgedAtMs, active.triggeredAtMs)
  const confirming: ActiveCheckpoint = {
    ...active,
    phase: 'confirm',
    acknowledgedAtMs,
    toldPhases: draft.laterPhases,
  }
  draft.active = confirming
  draft.effects.push({
    kind: 'write-manifest',
    checkpointId: active.checkpointId,
    purpose: active.purpose,
    finished: active.purpose === 'final',
    tasks: acks.map((ack) => ack.task),
    statistics: manifestStatistics(confirming),
  })
}

export function declined(draft: Draft, event: EventOf<'decline'>, atMs: number): void {
  const active = find(draft, event.checkpointId)
  if (active === undefined || active.phase === 'confirm') return
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
  if (waits) {
    const younger = draft.overlapping.flatMap((checkpoint) => checkpoint.requests)
    draft.requests = [...younger, ...draft.requests]
    draft.active = undefined
    draft.overlapping = []
  }
  settle(draft, error)
  if (how === 'failed') draft.effects.push({ kind: 'fail-job', error })
  if (!waits) return
  draft.stage = 'closing'
  draft.active = active
}

function activeIn(
  draft: Draft,
  checkpointId: number,
  phase: ActiveCheckpoint['phase'],
): ActiveCheckpoint | undefined {
  const active = find(draft, checkpointId)
  return active?.phase === phase ? active : undefined
}
