/**
 * The draft of one decision: a shallow copy of the state that the steps change, and the effects so
 * far. What ends an attempt is here too, because every phase may end it.
 */
import type { ErrorData } from '../errors.ts'
import type {
  ActiveCheckpoint,
  CheckpointReport,
  CheckpointRequest,
  CompletingCheckpoint,
  ProtocolEffect,
  ProtocolState,
} from './protocol.ts'

export type Draft = { -readonly [K in keyof ProtocolState]: ProtocolState[K] } & {
  readonly effects: ProtocolEffect[]
}

/** Checkpoints before their commit points, oldest first. */
export function inProgress(draft: Draft): readonly ActiveCheckpoint[] {
  return draft.active === undefined ? [] : [draft.active, ...draft.overlapping]
}

export function find(draft: Draft, checkpointId: number): ActiveCheckpoint | undefined {
  return inProgress(draft).find((active) => active.checkpointId === checkpointId)
}

/** One of those in progress is another now. */
export function replace(draft: Draft, changed: ActiveCheckpoint): void {
  const { checkpointId } = changed
  if (draft.active?.checkpointId === checkpointId) draft.active = changed
  draft.overlapping = draft.overlapping.map((each) => {
    return each.checkpointId === checkpointId ? changed : each
  })
}

export function report(draft: Draft, entry: CheckpointReport): void {
  draft.effects.push({ kind: 'report', report: entry })
}

export function reject(
  draft: Draft,
  requests: readonly CheckpointRequest[],
  error: ErrorData,
): void {
  for (const { id } of requests) draft.effects.push({ kind: 'reject', requestId: id, error })
}

export function resolve(
  draft: Draft,
  requests: readonly CheckpointRequest[],
  checkpoint: Pick<CompletingCheckpoint, 'checkpointId' | 'sequence'>,
  committed: boolean,
): void {
  const { checkpointId, sequence } = checkpoint
  for (const { id, savepoint } of requests) {
    const outcome = { checkpointId, sequence, committed, savepoint }
    draft.effects.push({ kind: 'resolve', requestId: id, outcome })
  }
}

/**
 * Ends the attempt: who waits for a checkpoint that is complete gets it, all others the error.
 * What is not committed yet is committed by the next attempt, from the manifest.
 */
export function settle(draft: Draft, error: ErrorData): void {
  for (const checkpoint of draft.completing) {
    const { writingSavepoint, requests } = checkpoint
    resolve(
      draft,
      requests.filter((request) => request.id !== writingSavepoint),
      checkpoint,
      false,
    )
    reject(
      draft,
      requests.filter((request) => request.id === writingSavepoint),
      error,
    )
  }
  const underWay = inProgress(draft).flatMap((checkpoint) => checkpoint.requests)
  reject(draft, [...underWay, ...draft.requests], error)
  draft.stage = 'closed'
  draft.active = undefined
  draft.overlapping = []
  draft.completing = []
  draft.requests = []
}

/** Ends the attempt with an error that the restart strategy is to judge. */
export function failJob(draft: Draft, error: ErrorData): void {
  const told = draft.stage === 'closing'
  settle(draft, error)
  if (!told) draft.effects.push({ kind: 'fail-job', error })
}
