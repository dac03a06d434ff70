/** The confirm phase: puts the manifest as the next link, and says in the protocol's words how. */
import { type ErrorData, MillraceError, errorToData } from '../errors.ts'
import type { ChainKeeper } from './chain-keeper.ts'
import type { CheckpointedJob } from './coordinator-world.ts'
import type { SourceRecord } from './manifest.ts'
import type { ProtocolEffect } from './protocol.ts'

/** What the coordinator itself adds to a checkpoint, taken when it is triggered. */
export interface CoordinatorCut {
  readonly sources: readonly SourceRecord[]
  readonly processingTime: number
}

type WriteManifest = Extract<ProtocolEffect, { readonly kind: 'write-manifest' }>

/** Events of the protocol, without their times. */
export type ManifestOutcome =
  | { readonly kind: 'confirmed'; readonly checkpointId: number; readonly sequence: number }
  | { readonly kind: 'leadership-lost'; readonly error: ErrorData }
  | {
      readonly kind: 'confirm-failed'
      readonly checkpointId: number
      readonly error: ErrorData
      readonly mayBeWritten: boolean
    }

/**
 * What becomes of a manifest. Never throws: nothing would end the wait for it.
 *
 * @param location of the store, for messages.
 */
export async function writeManifest(
  ...request: Parameters<typeof outcomeOf>
): Promise<ManifestOutcome> {
  try {
    return await outcomeOf(...request)
  } catch (error) {
    // A programmer's error; the attempt ends as if another led, waiting for no manifest.
    return { kind: 'leadership-lost', error: errorToData(error) }
  }
}

async function outcomeOf(
  keeper: ChainKeeper,
  job: CheckpointedJob,
  { checkpointId, purpose, finished, tasks, statistics }: WriteManifest,
  cut: CoordinatorCut,
  location: string,
): Promise<ManifestOutcome> {
  const { parallelism, maxParallelism } = job.plan
  const place = { parallelism, maxParallelism, tasks, ...cut, statistics }
  const body = { ...job, checkpointId, purpose, finished, ...place }
  const outcome = await keeper.append({ kind: 'checkpoint', ...body })
  if (outcome.kind === 'appended') {
    return { kind: 'confirmed', checkpointId, sequence: outcome.sequence }
  }
  if (outcome.kind === 'lost') {
    const message = `${location}: another process has taken over job ${job.jobName}`
    const error = errorToData(new MillraceError('LEADERSHIP_LOST', message))
    return { kind: 'leadership-lost', error }
  }
  const error = errorToData(outcome.error, 'STORAGE_FAILED')
  const mayBeWritten = outcome.kind === 'doubtful'
  return { kind: 'confirm-failed', checkpointId, error, mayBeWritten }
}
