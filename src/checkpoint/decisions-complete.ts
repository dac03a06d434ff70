/**
 * The phase after the commit point: complete. Tasks and sinks are told, again and again, until
 * every worker has committed; then old checkpoints may go, and whoever waited is answered.
 */
import type { ErrorData } from '../errors.ts'
import { assert } from '../util/assert.ts'
import { type Draft, reject, report, resolve, settle } from './decisions-draft.ts'
import { countFrom, pauseFrom } from './decisions-interval.ts'
import type { CheckpointRequest, CompletingCheckpoint, ProtocolEvent } from './protocol.ts'
import { completedStatistics, confirmedStatistics } from './statistics.ts'

/** So many complete checkpoints may pass before a manifest tells of them. */
const LATER_PHASES_MAX = 16

type Confirmed = Extract<ProtocolEvent, { readonly kind: 'confirmed' }>

/** Commits what the restored checkpoint left: a crash may have come between manifest and commit. */
export function resumeRestored(draft: Draft, atMs: number): void {
  const { restored, options } = draft.setup
  if (restored === undefined) return
  const { checkpointId, sequence, finished } = restored
  draft.completing = [
    {
      checkpointId,
      sequence,
      purpose: finished ? 'final' : 'periodic',
      origin: 'restored',
      requests: [],
      writingSavepoint: undefined,
      committedBy: new Set(),
      confirmedAtMs: atMs,
      repeatAtMs: atMs + options.timeoutMs,
      statistics: undefined,
    },
  ]
  if (finished) draft.lastCheckpointId = checkpointId
  draft.effects.push({ kind: 'send-complete', checkpointId })
}

/** The commit point has passed. */
export function confirmed(draft: Draft, event: Confirmed): void {
  const { active } = draft
  assert(
    active?.phase === 'confirm' && active.checkpointId === event.checkpointId,
    `checkpoint ${event.checkpointId} was not to be confirmed`,
  )
  const { checkpointId, sequence, atMs } = event
  const { purpose, requests } = active
  const { options } = draft.setup
  const [next, ...later] = draft.overlapping
  draft.active = next
  draft.overlapping = later
  if (draft.stage === 'closing') {
    draft.stage = 'closed'
    const writes = requests.filter((request) => request.savepoint !== undefined)
    resolve(
      draft,
      requests.filter((request) => request.savepoint === undefined),
      event,
      false,
    )
    return reject(draft, writes, unwritten(event))
  }
  draft.consecutiveFailures = 0
  countFrom(draft, active.decidedAtMs)
  pauseFrom(draft, atMs)
  // Its manifest has told of those before it.
  const told = active.toldPhases
  draft.laterPhases = draft.laterPhases.filter((phases) => !told.includes(phases))
  const statistics = confirmedStatistics(active, atMs)
  const savepoint = requests.find((request) => request.savepoint !== undefined)
  const done: CompletingCheckpoint = {
    checkpointId,
    sequence,
    purpose,
    origin: 'own',
    requests,
    writingSavepoint: savepoint?.id,
    committedBy: new Set(),
    confirmedAtMs: atMs,
    repeatAtMs: atMs + options.timeoutMs,
    statistics,
  }
  draft.completing = [...draft.completing, done]
  draft.effects.push({ kind: 'send-complete', checkpointId })
  report(draft, { checkpointId, purpose, outcome: 'confirmed', statistics })
  if (savepoint?.savepoint !== undefined) {
    const directory = savepoint.savepoint
    draft.effects.push({ kind: 'write-savepoint', checkpointId, sequence, directory })
  }
  if (purpose !== 'stop' && purpose !== 'final') return
  draft.lastCheckpointId = checkpointId
  const waiting = draft.requests
  draft.requests = []
  afterTheLast(draft, waiting)
}

/** Requests that come when the last checkpoint is complete: it serves all but two savepoints. */
export function afterTheLast(draft: Draft, requests: readonly CheckpointRequest[]): void {
  const last = draft.completing.find((entry) => entry.checkpointId === draft.lastCheckpointId)
  assert(last !== undefined, 'the last checkpoint is being completed')
  // One savepoint can be written of it; after that it would have to be written twice.
  const isFree = last.requests.every((request) => request.savepoint === undefined)
  const copied = isFree ? requests.find((request) => request.savepoint !== undefined) : undefined
  const isServed = (each: CheckpointRequest) => each === copied || each.savepoint === undefined
  const joined = {
    ...last,
    requests: [...last.requests, ...requests.filter(isServed)],
    writingSavepoint: copied?.id ?? last.writingSavepoint,
  }
  draft.completing = draft.completing.map((entry) => (entry === last ? joined : entry))
  reject(
    draft,
    requests.filter((each) => !isServed(each)),
    unwritten(last),
  )
  if (copied?.savepoint === undefined) return
  const { checkpointId, sequence } = last
  const directory = copied.savepoint
  draft.effects.push({ kind: 'write-savepoint', checkpointId, sequence, directory })
}

/** `committed` speaks for all checkpoints up to this one. */
export function committed(draft: Draft, checkpointId: number, worker: number, atMs: number): void {
  assert(worker >= 0 && worker < draft.setup.workers, `there is no worker ${worker}`)
  draft.completing = draft.completing.map((entry) =>
    entry.checkpointId <= checkpointId
      ? { ...entry, committedBy: new Set(entry.committedBy).add(worker) }
      : entry,
  )
  finishCompleted(draft, atMs)
}

export function savepointWritten(
  draft: Draft,
  checkpointId: number,
  error: ErrorData | undefined,
  atMs: number,
): void {
  draft.completing = draft.completing.map((entry) => {
    if (entry.checkpointId !== checkpointId || entry.writingSavepoint === undefined) return entry
    const writer = entry.writingSavepoint
    const done = { ...entry, writingSavepoint: undefined }
    if (error === undefined) return done
    const failed = entry.requests.filter((request) => request.id === writer)
    reject(draft, failed, { ...error, message: `no savepoint was written: ${error.message}` })
    return { ...done, requests: entry.requests.filter((request) => request.id !== writer) }
  })
  finishCompleted(draft, atMs)
}

/** Takes leave of every checkpoint that is committed everywhere. */
function finishCompleted(draft: Draft, atMs: number): void {
  const { workers } = draft.setup
  const isDone = (entry: CompletingCheckpoint) =>
    entry.committedBy.size === workers && entry.writingSavepoint === undefined
  const done = draft.completing.filter(isDone)
  if (done.length === 0) return
  draft.completing = draft.completing.filter((entry) => !isDone(entry))
  for (const entry of done) {
    const { checkpointId, purpose, statistics } = entry
    if (statistics !== undefined) {
      const whole = completedStatistics(statistics, atMs - entry.confirmedAtMs)
      report(draft, { checkpointId, purpose, outcome: 'completed', statistics: whole })
      const { confirmMs, completeMs } = whole
      const phases = { checkpointId, confirmMs, completeMs }
      draft.laterPhases = [...draft.laterPhases, phases].slice(-LATER_PHASES_MAX)
    }
    resolve(draft, entry.requests, entry, true)
  }
  if (done.some((entry) => entry.origin === 'own')) draft.effects.push({ kind: 'release' })
  const last = done.find((entry) => entry.checkpointId === draft.lastCheckpointId)
  if (last === undefined) return
  const how = last.purpose === 'final' ? 'finished' : 'stopped'
  draft.effects.push({ kind: 'ended', how, checkpointId: last.checkpointId })
  settle(draft, unwritten(last))
}

/** Says complete once more to whoever has not committed for long. */
export function repeatCommits(draft: Draft, atMs: number): void {
  const { workers, options } = draft.setup
  draft.completing = draft.completing.map((entry) => {
    if (atMs < entry.repeatAtMs || entry.committedBy.size === workers) return entry
    const { checkpointId, purpose, committedBy } = entry
    const all = Array.from({ length: workers }, (_, worker) => worker)
    const waitingForWorkers = all.filter((worker) => !committedBy.has(worker))
    draft.effects.push({ kind: 'send-complete', checkpointId })
    report(draft, { checkpointId, purpose, outcome: 'slow-commit', waitingForWorkers })
    return { ...entry, repeatAtMs: atMs + options.timeoutMs }
  })
}

export function dueMs(draft: Draft): number {
  const { workers } = draft.setup
  let due = Number.POSITIVE_INFINITY
  for (const { repeatAtMs, committedBy } of draft.completing) {
    if (committedBy.size < workers) due = Math.min(due, repeatAtMs)
  }
  return due
}

function unwritten(last: { readonly checkpointId: number }): ErrorData {
  return {
    code: 'CHECKPOINT_FAILED',
    message: `the job ended with checkpoint ${last.checkpointId} before the savepoint was written`,
    cure: `checkpoint ${last.checkpointId} holds the same state; run the job from it`,
    retryable: false,
    details: { checkpointId: last.checkpointId },
  }
}
