/** When a checkpoint begins: requests, the interval, the end of input; and which may overlap. */
import { assert } from '../util/assert.ts'
import { deadlineMs, failure } from './decisions-abort.ts'
import { afterTheLast } from './decisions-complete.ts'
import { type Draft, inProgress, reject } from './decisions-draft.ts'
import { countFrom } from './decisions-interval.ts'
import { slowAfterMs } from './decisions-slow.ts'
import type { CheckpointPurpose } from './manifest.ts'
import type { ActiveCheckpoint, CheckpointRequest } from './protocol.ts'

/** More unconfirmed requests than this are rejected. */
const REQUESTS_MAX = 64
/** So many checkpoints may wait for their commits before no other begins. */
const COMPLETING_MAX = 4

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

/** Begins the next checkpoint if one is due and may be under way besides the others. */
export function startNext(draft: Draft, atMs: number): void {
  if (!mayStart(draft)) return
  const first = draft.requests.find((request) => !isDrain(request))
  if (first !== undefined && first.purpose !== 'drain') {
    const { purpose } = first
    // One checkpoint answers all who only want one, in full if one of them wants that; a stop or
    // savepoint goes by itself.
    const joins = (other: CheckpointRequest) => other === first || other.purpose === 'manual'
    const alone = (other: CheckpointRequest) => other === first
    const taken = draft.requests.filter(purpose === 'manual' ? joins : alone)
    const full = taken.some((request) => request.full === true)
    if (!mayOverlap(draft, purpose, full)) return
    draft.requests = draft.requests.filter((request) => !taken.includes(request))
    return begin(draft, purpose, taken, atMs)
  }
  if (allEnded(draft)) {
    if (atMs < draft.nextFinalAtMs || draft.active !== undefined) return
    const taken = draft.requests
    draft.requests = []
    begin(draft, 'final', taken, atMs)
  } else if (atMs >= draft.nextPeriodicAtMs && mayOverlap(draft, 'periodic', false)) {
    begin(draft, 'periodic', [], atMs)
  }
}

/** When time alone will begin or fail a checkpoint. */
export function dueMs(draft: Draft, atMs: number): number {
  let deadline = Number.POSITIVE_INFINITY
  for (const active of inProgress(draft)) {
    deadline = Math.min(deadline, deadlineMs(draft, active), active.slowAtMs)
  }
  const isWaiting =
    draft.requests.some((request) => !isDrain(request)) ||
    (allEnded(draft) && draft.active !== undefined)
  if (isWaiting || !mayStart(draft) || !mayOverlap(draft, 'periodic', false)) return deadline
  const next = allEnded(draft) ? draft.nextFinalAtMs : draft.nextPeriodicAtMs
  return Math.min(deadline, Math.max(atMs, next))
}

/** The end of input has been asked for: the final checkpoint is the answer. */
function isDrain({ purpose }: CheckpointRequest): boolean {
  return purpose === 'drain'
}

function mayStart(draft: Draft): boolean {
  return (
    draft.stage === 'running' &&
    !draft.suspended &&
    draft.lastCheckpointId === undefined &&
    draft.completing.length < COMPLETING_MAX
  )
}

/** Checkpoints that only add to one another may be under way together; all others go alone. */
function mayOverlap(draft: Draft, purpose: CheckpointPurpose, full: boolean): boolean {
  const others = inProgress(draft)
  if (others.length === 0) return true
  if (others.length >= draft.setup.options.maxConcurrent || full) return false
  const isPlain = (each: CheckpointPurpose) => each === 'periodic' || each === 'manual'
  return isPlain(purpose) && others.every((other) => isPlain(other.purpose) && !other.full)
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
  const after = inProgress(draft).at(-1)?.checkpointId
  const full = requests.some((request) => request.full === true)
  const begun: ActiveCheckpoint = {
    checkpointId,
    purpose,
    full,
    phase: 'init',
    requests,
    decidedAtMs: atMs,
    triggeredAtMs: atMs,
    acknowledgedAtMs: atMs,
    toldPhases: [],
    slowAtMs: atMs + slowAfterMs(draft.setup.options),
    acknowledged: new Map(),
  }
  if (draft.active === undefined) draft.active = begun
  else draft.overlapping = [...draft.overlapping, begun]
  if (purpose === 'periodic') countFrom(draft, atMs)
  const stopAfter = purpose === 'stop' || purpose === 'final'
  const follows = after === undefined ? {} : { after }
  draft.effects.push({ kind: 'trigger', checkpointId, purpose, stopAfter, full, ...follows })
}
