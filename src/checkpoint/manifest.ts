/**
 * A manifest: the small file that says what a checkpoint is. Manifests form a chain: dense sequence
 * numbers, each naming the hash of its predecessor; the newest that verifies is the truth. Here is
 * the shape; `manifest-codec.ts` has the bytes, `chain.ts` reads and appends.
 */
import type { JobPlan } from '../graph/plan.ts'
import type { OperatorRecord, TaskSnapshot } from '../state/snapshot.ts'
import type { PhaseTimings } from '../state/backend.ts'
import type { Signature } from '../storage/signatures.ts'

export const MANIFEST_FORMAT_VERSION = 1

/** What every link of the chain says. */
export interface LinkHeader {
  readonly formatVersion: number
  /** Dense from 1. */
  readonly sequence: number
  /** SHA-256 (hex) of the predecessor's bytes; empty for the first. */
  readonly previousHash: string
  readonly jobName: string
  /** Changes with `--fresh` and for a fork; committables of another lineage are not ours. */
  readonly lineage: string
  /** Of the leader that wrote it; grows by one with each fence. */
  readonly leaderEpoch: number
  /** Wall time in ms since 1970, for people only. */
  readonly writtenAt: number
  /** The key that it was encrypted under; absent: it was not. Older files may be under others. */
  readonly keyId?: string
  /** Over all the rest of the link; absent: the job does not sign. */
  readonly signature?: Signature
}

/** Written by a new leader before anything else: older leaders cannot append after it. */
export interface FenceLink extends LinkHeader {
  readonly kind: 'fence'
  /** The sequence of the checkpoint it restores, 0 for none (a fresh start). */
  readonly restores: number
  /** The claim of the process that leads; fences of the first releases do not say. */
  readonly leader?: string
  /** The foreign snapshot that the job begins with, until it is a link of this chain. */
  readonly imports?: ImportRecord
  /** The job was cancelled and gave its checkpoints up: no link before this one counts any more. */
  readonly givesUp?: GivenUp
}

/** What a fence says that gives everything before it up. */
export interface GivenUp {
  /** So that later checkpoints go on with the numbers; 0: there was none. */
  readonly highestCheckpointId: number
}

/** A foreign snapshot that is being made a job's own; whoever leads next goes on with it. */
export interface ImportRecord {
  /** Where it is; absolute, so that the next start finds it from another folder. */
  readonly location: string
  readonly checkpointId: number
  /** SHA-256 (hex) of its manifest's bytes: another snapshot in its place is not the same. */
  readonly hash: string
  /** The epoch and checkpoint id that name its runs here, and the link that will be put. */
  readonly leaderEpoch: number
  readonly ownCheckpointId: number
  /** Its files have become the job's: they go when the import is over. */
  readonly claims?: true
}

/** The snapshot that a checkpoint was imported from, if the job has claimed it. */
export interface ClaimedSnapshot {
  readonly location: string
  /** Output of this lineage that is not committed yet is the job's to commit. */
  readonly lineage: string
}

/** The vault of the keys that entries are sealed under (`shredBy`). */
export interface VaultRecord {
  /** Its id, the same after each erasure. */
  readonly vault: string
  /** Its number then; an older one is not to be believed. */
  readonly number: number
  /** The storage of the job, where it lies. */
  readonly location: string
}

/** A complete checkpoint: writing it is the commit point. */
export interface CheckpointLink extends LinkHeader {
  readonly kind: 'checkpoint'
  /** Grows with every attempt; not dense. */
  readonly checkpointId: number
  readonly purpose: CheckpointPurpose
  /** The job ended with this checkpoint: its input is consumed, its output is to be committed. */
  readonly finished: boolean
  readonly params: Readonly<Record<string, unknown>>
  readonly plan: JobPlan
  readonly operators: readonly OperatorRecord[]
  readonly parallelism: number
  readonly maxParallelism: number
  readonly tasks: readonly TaskRecord[]
  /** The coordinator's own entries: splits not assigned to a task at the cut, finished splits. */
  readonly sources: readonly SourceRecord[]
  /** Newest processing time of the cut in ms; clean-up by time uses this, never the clock. */
  readonly processingTime: number
  readonly statistics: CheckpointStatistics
  readonly claimed?: ClaimedSnapshot
  /** Absent: the job has no keys of subjects. */
  readonly subjects?: VaultRecord
}

export type ManifestLink = FenceLink | CheckpointLink

/** Why it was taken. `final` ends the job; a savepoint stands in a directory of its own. */
export type CheckpointPurpose = 'periodic' | 'manual' | 'savepoint' | 'stop' | 'final' | 'rollback'

export interface TaskRecord extends TaskSnapshot {
  readonly vertex: number
  readonly subtaskIndex: number
  /** A source task: the splits it was reading, with positions, and those it has finished. */
  readonly source?: SourceRecord
  /** Its records hold channel data for these nodes of the plan. */
  readonly inFlight?: readonly number[]
}

/** Splits of one source: in a task's record those it held, in the manifest those no task held. */
export interface SourceRecord {
  readonly uid: string
  /** To be read, from where they stand. */
  readonly pending: readonly SplitRecord[]
  readonly finished: readonly string[]
}

export interface SplitRecord {
  readonly id: string
  readonly properties?: Readonly<Record<string, string | number | boolean>>
  /** Where to go on, encoded by the source's position type (base64); absent: the beginning. */
  readonly position?: string
  /** After the position, so much has been handed on already: a barrier fell into a batch. */
  readonly skip?: { readonly values: number; readonly malformed: number }
  /** Watermark of the split's generator; absent: none yet. */
  readonly watermark?: number
  /** What a generator of the job's own keeps, as JSON text. */
  readonly generator?: string
}

export interface TaskStatistics {
  readonly vertex: number
  readonly subtaskIndex: number
  /** First barrier to last barrier. */
  readonly alignmentMs: number
  /** The cut itself: the record loop stands still. */
  readonly syncMs: number
  /** In the background: making sinks' output safe, then writing. */
  readonly asyncMs: number
  readonly bytes: number
  readonly dirtyEntries: number
  /** Records in flight that the barrier has overtaken; absent: none. */
  readonly inFlightBytes?: number
  /** From the trigger to the first barrier: how long it took to get here. */
  readonly startDelayMs?: number
  /** Part of `asyncMs`: until the sinks had made their output safe. */
  readonly sinkMs?: number
  /** From the trigger to the coordinator's taking of the acknowledgement, all of it. */
  readonly acknowledgedMs?: number
}

export interface CheckpointStatistics extends PhaseTimings {
  readonly bytes: number
  readonly dirtyEntries: number
  readonly tasks: readonly TaskStatistics[]
  /** Of checkpoints before this one: the phases that came after their manifests were written. */
  readonly former?: readonly LaterPhases[]
}

/** A manifest cannot hold how long it took to write it: the next one does. */
export interface LaterPhases {
  readonly checkpointId: number
  readonly confirmMs: number
  readonly completeMs: number
}
