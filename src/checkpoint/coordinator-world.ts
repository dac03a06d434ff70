/**
 * What a coordinator is given: the facts of its job, and the few things it may do to the world.
 */
import type { MillraceError } from '../errors.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { OperatorRecord } from '../state/snapshot.ts'
import type { ChainKeeperWorld } from './chain-keeper.ts'
import type { Chain } from './chain.ts'
import type { CheckpointLink, SourceRecord, TaskRecord, VaultRecord } from './manifest.ts'
import type { ToWorker } from './messages.ts'
import type { CheckpointReport, ProtocolSetup } from './protocol.ts'

/** What every manifest of this attempt says about the job. */
export interface CheckpointedJob {
  readonly jobName: string
  readonly lineage: string
  readonly leaderEpoch: number
  readonly params: Readonly<Record<string, unknown>>
  readonly plan: JobPlan
  readonly operators: readonly OperatorRecord[]
  readonly subjects?: VaultRecord
}

export interface CoordinatorSetup {
  readonly protocol: ProtocolSetup
  readonly job: CheckpointedJob
  /** As the fence left it; its head is ours. */
  readonly chain: Chain
  /** Checkpoints to keep; see `retain`. */
  readonly keep: number
}

/** A trigger, completion or abort: what the coordinator says to all workers. */
export type CoordinatorMessage = Extract<
  ToWorker,
  { readonly kind: 'trigger' | 'complete' | 'abort' }
>

/** The world of a coordinator, as its host gives it. */
export interface CoordinatorWorld extends ChainKeeperWorld {
  /** To every worker, in order; must not wait. */
  send(message: CoordinatorMessage): void
  /**
   * The splits that no task holds. Called in the same turn as the trigger is sent, so that every
   * split is either here or in the record of the task it was assigned to before the trigger.
   */
  cutSources(): readonly SourceRecord[]
  /** Processing time of the cut. */
  processingTime(): number
  /** Copies a complete checkpoint to a directory; its runs are kept meanwhile. */
  writeSavepoint(link: CheckpointLink, directory: string): Promise<void>
  /** The attempt ended with a complete and committed checkpoint. */
  onEnded(how: 'stopped' | 'finished', checkpointId: number): void
  /** The attempt cannot go on; once, and never after `close`. */
  onFailed(error: MillraceError): void
  onReport(report: CheckpointReport): void
  /** A checkpoint is complete: what its tasks and the coordinator's cut hold of the sources. */
  onConfirmed?(tasks: readonly TaskRecord[], sources: readonly SourceRecord[]): void
}
