/**
 * The checkpoint coordinator as a pure function: (state, event) → (state, effects). No clock, no
 * I/O, no randomness; the order of the effects is the order in which they are to be performed.
 *
 * Promises: a manifest is asked for only when every task has acknowledged; `send-complete` comes
 * only after `confirmed`; an aborted id is never confirmed; every request is resolved or rejected
 * once; at most `maxConcurrent` checkpoints are before their commit points, and each builds on the
 * one before it: they are confirmed strictly in order, and an abort takes the later ones along. The
 * complete phase of one may overlap with the next: tasks carry what is not yet committed in their
 * next acknowledgement, and `committed` is cumulative, so neither order loses or repeats output.
 */
import { assert, unreachable } from '../util/assert.ts'
import { checkTimeout } from './decisions-abort.ts'
import * as complete from './decisions-complete.ts'
import { type Draft, failJob, reject } from './decisions-draft.ts'
import * as intervals from './decisions-interval.ts'
import * as prepare from './decisions-prepare.ts'
import * as regions from './decisions-regions.ts'
import { heardProgress, reportSlow } from './decisions-slow.ts'
import * as starts from './decisions-start.ts'
import type { ProtocolEffect, ProtocolEvent, ProtocolSetup, ProtocolState } from './protocol.ts'

/** The state of an attempt before its `start`. */
export function initialState(setup: ProtocolSetup): ProtocolState {
  assert(setup.tasks.length > 0 && setup.workers > 0, 'a job has tasks and workers')
  const { options, firstCheckpointId, restored } = setup
  assert(firstCheckpointId > (restored?.checkpointId ?? 0), 'checkpoint ids grow')
  assert(options.timeoutMs > 0, 'a checkpoint needs a timeout')
  return {
    setup,
    stage: 'new',
    nextCheckpointId: firstCheckpointId,
    active: undefined,
    overlapping: [],
    completing: [],
    requests: [],
    lastCheckpointId: undefined,
    ended: new Set(),
    suspended: false,
    progress: new Map(),
    workersHeardAtMs: new Map(),
    laterPhases: [],
    consecutiveFailures: 0,
    intervalMs: options.intervalMs,
    isBacklog: false,
    countsFromMs: Number.NEGATIVE_INFINITY,
    pauseUntilMs: Number.NEGATIVE_INFINITY,
    nextPeriodicAtMs: Number.POSITIVE_INFINITY,
    nextFinalAtMs: Number.NEGATIVE_INFINITY,
    tickAtMs: undefined,
  }
}

/** Decides what follows from an event. Events after the end of the attempt change nothing. */
export function decide(
  state: ProtocolState,
  event: ProtocolEvent,
): readonly [ProtocolState, readonly ProtocolEffect[]] {
  const draft: Draft = { ...state, effects: [] }
  if (draft.stage === 'closed') lateEvent(draft, event)
  else take(draft, event)
  if (draft.stage === 'running') {
    starts.startNext(draft, event.atMs)
    scheduleTick(draft, event.atMs)
  }
  const { effects, ...next } = draft
  return [next, effects]
}

function take(draft: Draft, event: ProtocolEvent): void {
  switch (event.kind) {
    case 'start':
      assert(draft.stage === 'new', 'started twice')
      draft.stage = 'running'
      intervals.countFrom(draft, event.atMs)
      return complete.resumeRestored(draft, event.atMs)
    case 'tick':
      draft.tickAtMs = undefined
      checkTimeout(draft, event.atMs)
      reportSlow(draft, event.atMs)
      return complete.repeatCommits(draft, event.atMs)
    case 'request':
      return starts.takeRequest(draft, event.request)
    case 'triggered':
      return prepare.triggered(draft, event.checkpointId, event.atMs)
    case 'trigger-failed':
      return prepare.triggerFailed(draft, event.checkpointId, event.error, event.atMs)
    case 'acknowledge':
      return prepare.acknowledged(draft, event, event.atMs)
    case 'decline':
      return prepare.declined(draft, event, event.atMs)
    case 'interval':
      return intervals.changeInterval(draft, event.intervalMs)
    case 'backlog':
      return intervals.changeBacklog(draft, event.isBacklog)
    case 'progress':
      return heardProgress(draft, event.worker, event.tasks, event.atMs)
    case 'confirmed':
      complete.confirmed(draft, event)
      return prepare.writeWhenAllAcknowledged(draft)
    case 'confirm-failed':
      return prepare.confirmFailed(draft, event, event.atMs)
    case 'leadership-lost':
      return failJob(draft, event.error)
    case 'committed':
      return complete.committed(draft, event.checkpointId, event.worker, event.atMs)
    case 'savepoint-written':
      return complete.savepointWritten(draft, event.checkpointId, undefined, event.atMs)
    case 'savepoint-failed':
      return complete.savepointWritten(draft, event.checkpointId, event.error, event.atMs)
    case 'task-ended':
      return prepare.taskEnded(draft, event)
    case 'tasks-lost':
      return regions.tasksLost(draft, event.tasks, event.error, event.atMs)
    case 'tasks-restored':
      return regions.tasksRestored(draft)
    case 'worker-lost':
      return prepare.closeAttempt(draft, event.error, 'failed')
    case 'close':
      return prepare.closeAttempt(draft, event.error, 'closed')
    default:
      return unreachable(event)
  }
}

/** Nothing begins any more, but who asks still gets an answer. */
function lateEvent(draft: Draft, event: ProtocolEvent): void {
  if (event.kind !== 'request') return
  reject(draft, [event.request], {
    code: 'CHECKPOINT_FAILED',
    message: 'the job is not running any more',
    cure: 'ask again when it runs',
    retryable: true,
    details: {},
  })
}

/** Asks for a tick at the next moment at which time alone changes something. */
function scheduleTick(draft: Draft, atMs: number): void {
  if (draft.stage !== 'running') return
  const dueMs = Math.min(starts.dueMs(draft, atMs), complete.dueMs(draft))
  if (dueMs === Number.POSITIVE_INFINITY) return
  if (draft.tickAtMs !== undefined && draft.tickAtMs === dueMs) return
  draft.tickAtMs = dueMs
  draft.effects.push({ kind: 'schedule-tick', atMs: dueMs })
}
