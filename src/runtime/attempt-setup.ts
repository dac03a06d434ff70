/** What an attempt is given to run a job with, and how it may end. */
import type { Chain } from '../checkpoint/chain.ts'
import type { CheckpointedJob } from '../checkpoint/coordinator.ts'
import type { CheckpointLink, SourceRecord } from '../checkpoint/manifest.ts'
import type { TaskRestore } from '../checkpoint/messages.ts'
import type { CheckpointReport, ProtocolOptions } from '../checkpoint/protocol.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'
import type { KeptVault } from '../encryption/subjects/vault-codec.ts'
import type { MillraceError } from '../errors.ts'
import type { Logger } from '../metrics/log.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { PaceOptions } from './checkpoint-pace.ts'
import type { Host } from './host.ts'
import type { SnapshotImport } from './import-snapshot.ts'
import type { RegionFailure, RegionRestart } from './region-recovery.ts'
import type { WorkerSet } from './worker-set.ts'

export type AttemptOutcome =
  | { readonly how: 'finished' | 'stopped'; readonly checkpointId: number }
  | { readonly how: 'failed'; readonly error: MillraceError }
  | { readonly how: 'cancelled' }

export interface AttemptSetup {
  readonly host: Host
  readonly workers: WorkerSet
  readonly settings: WorkerSettings
  readonly job: CheckpointedJob
  /** The keys of subjects; undefined: there are none. */
  readonly vault: KeptVault | undefined
  readonly chain: Chain
  readonly store: BlobStore
  readonly protocol: ProtocolOptions
  readonly pace: PaceOptions
  /** Attempts before this one. */
  readonly failures: number
  readonly keep: number
  /** The checkpoint to go on from. */
  readonly restored: CheckpointLink | undefined
  readonly restores: readonly TaskRestore[]
  readonly sources: readonly SourceRecord[]
  readonly firstCheckpointId: number
  readonly imports: SnapshotImport | undefined
  readonly lastOutputId: number
  readonly withdraw: readonly OperatorStateEntry[]
  readonly logger: Logger
  writeSavepoint(link: CheckpointLink, directory: string): Promise<void>
  onReport(report: CheckpointReport): void
  /** Puts a new worker in the place of a lost one; it knows the job when this resolves. */
  replaceWorker(worker: number): Promise<void>
  /** How long to wait before a region is restarted; throws if the whole job is to be judged. */
  regionDelayMs(error: MillraceError): number
  onRegionFailed(failure: RegionFailure): void
  onRegionRestarted(restart: RegionRestart): void
  at(point: string): void | Promise<void>
}
