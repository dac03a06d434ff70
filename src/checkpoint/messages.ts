/**
 * What master and workers say to each other: plain data, in order, over one port per worker. The
 * order of messages to a worker is part of the protocol: a split assigned after a trigger is read
 * after that trigger's barrier.
 */
import type { ErrorData } from '../errors.ts'
import type { BroadcastDigest } from './broadcasts.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { ParkedKeyStatus, ReleaseOutcome } from '../operators/failures/parked-keys.ts'
import type { CallStatistics } from '../operators/operator.ts'
import type { CommitScope } from '../operators/sink.ts'
import type { BackendStatistics, PhaseTimings } from '../state/backend.ts'
import type { OperatorRecord, OperatorStateEntry, RunReference } from '../state/snapshot.ts'
import type { WorkerSettings } from './settings.ts'
import type { SplitRecord, TaskRecord, TaskStatistics } from './manifest.ts'

/** Where a task's state comes from. */
export interface TaskRestore {
  readonly vertex: number
  readonly subtaskIndex: number
  /** The former tasks whose key groups or records concern this one. */
  readonly from: readonly TaskRecord[]
  /** Former parallelism of the vertex, for the redistribution of operator state. */
  readonly formerParallelism: number
  /** What was in flight anywhere in the job; the task finds in it what is for its nodes. */
  readonly inFlight?: InFlightRestore
}

/** Records in flight of a checkpoint. */
export interface InFlightRestore {
  readonly records: readonly RunReference[]
  /** Node ids of the former plan, and what they are in the present one. */
  readonly nodes: readonly { readonly former: number; readonly now: number }[]
}

/** The runs of a snapshot that is being imported: read in place until they are here. */
export interface ForeignRuns {
  readonly location: string
  /** Each with its name in the own storage and its name there. */
  readonly names: readonly (readonly [own: string, there: string])[]
}

export type ToWorker =
  /** The options are resolved: build the graph; answered by `planned` or `failed`. */
  | {
      readonly kind: 'configure'
      /** As given; parsed by the job's declaration. */
      readonly params: Readonly<Record<string, unknown>>
      readonly settings: WorkerSettings
    }
  /** Build the tasks and restore them; answered by `deployed`, `failed` or `task-failed`. */
  | {
      readonly kind: 'deploy'
      /** 0 for the first of an attempt; then counts the restarts of regions. */
      readonly round: number
      /** Ids of the regions whose tasks are meant; those of this worker. */
      readonly regions: readonly number[]
      readonly scope: CommitScope
      readonly operators: readonly OperatorRecord[]
      readonly restores: readonly TaskRestore[]
      /** Rings of the exchanges: [edge][from subtask][to subtask], where records may go. */
      readonly rings: readonly (readonly (readonly (SharedArrayBuffer | undefined)[])[])[]
      /** One word per worker that others raise to wake it. */
      readonly doorbells: readonly SharedArrayBuffer[]
      readonly processingTime: number
      /** Committables whose visible output is to be taken back before anything is written. */
      readonly withdraw: readonly OperatorStateEntry[]
      /** Output of this lineage is the job's to commit, too: it has claimed the snapshot. */
      readonly claimedLineage?: string
      /** The keys of subjects, as `vault-codec.ts` has them. */
      readonly vault?: Uint8Array
      /** Runs that may not be here yet, and where they are until then. */
      readonly imports?: ForeignRuns
    }
  /** End the tasks of these regions, which failed; answered by `undeployed`. */
  | { readonly kind: 'undeploy'; readonly round: number; readonly regions: readonly number[] }
  /** Start processing; sent when all workers are deployed. */
  | { readonly kind: 'start' }
  | { readonly kind: 'discover'; readonly uid: string }
  | { readonly kind: 'assign'; readonly uid: string; readonly splits: readonly SplitRecord[] }
  /** No split will follow any more: when its splits are read, the source ends. */
  | { readonly kind: 'no-more-splits'; readonly uid: string }
  | {
      readonly kind: 'trigger'
      readonly checkpointId: number
      /** After this barrier sources read no more: stop with savepoint, final checkpoint. */
      readonly stopAfter: boolean
      /** Barriers overtake nothing, whatever the options say: what is kept or ends the job. */
      readonly aligned?: boolean
      /** Each task writes all its state anew: the manifest names no older run. */
      readonly full?: boolean
      /** The checkpoint before it, still under way, which it builds on. */
      readonly after?: number
    }
  | { readonly kind: 'complete'; readonly checkpointId: number; readonly commit: boolean }
  | { readonly kind: 'abort'; readonly checkpointId: number }
  /** The least watermark of a group of aligned sources, in all workers. */
  | { readonly kind: 'group-watermark'; readonly group: string; readonly watermark: number }
  /** Try again what this operator has parked, or one key of it; answered by `released`. */
  | {
      readonly kind: 'release'
      readonly id: number
      readonly uid: string
      readonly only?: readonly [key: unknown]
    }
  /** End of input everywhere at once: sources send MAX watermark and end. */
  | { readonly kind: 'drain' }
  | { readonly kind: 'close' }

export type FromWorker =
  /** The job's module is loaded: what it says of itself. */
  | { readonly kind: 'loaded'; readonly job: JobFacts }
  | {
      readonly kind: 'planned'
      readonly plan: JobPlan
      readonly params: Readonly<Record<string, unknown>>
    }
  | { readonly kind: 'deployed'; readonly round: number; readonly openTimings: PhaseTimings }
  | { readonly kind: 'undeployed'; readonly round: number }
  /** All state deployed up to this round is loaded, and verified to the last block. */
  | {
      readonly kind: 'restored'
      readonly round: number
      /** Passed over since it was said last: their subjects were erased. */
      readonly erasedEntries: number
    }
  /** A task failed and stands still; those of other regions go on. */
  | {
      readonly kind: 'task-failed'
      readonly region: number
      /** Of its vertex. */
      readonly task: string
      readonly error: ErrorData
    }
  | { readonly kind: 'discovered'; readonly uid: string; readonly splits: readonly SplitRecord[] }
  | { readonly kind: 'wants-splits'; readonly uid: string; readonly subtaskIndex: number }
  | { readonly kind: 'split-finished'; readonly uid: string; readonly splitId: string }
  /** The least watermark of a group of aligned sources, in this worker; +∞ if nothing counts. */
  | { readonly kind: 'group-watermark'; readonly group: string; readonly watermark: number }
  | {
      readonly kind: 'acknowledge'
      readonly checkpointId: number
      readonly task: TaskRecord
      readonly statistics: TaskStatistics
      readonly broadcasts?: readonly BroadcastDigest[]
    }
  | {
      readonly kind: 'decline'
      readonly checkpointId: number
      readonly vertex: number
      readonly subtaskIndex: number
      readonly error: ErrorData
    }
  /** All committables up to this checkpoint are committed on this worker. */
  | { readonly kind: 'committed'; readonly checkpointId: number }
  /** The task has seen the end of all its inputs. */
  | { readonly kind: 'ended'; readonly vertex: number; readonly subtaskIndex: number }
  | { readonly kind: 'released'; readonly id: number; readonly outcome: ReleaseOutcome }
  | { readonly kind: 'status'; readonly status: WorkerStatus }
  /** Something for the log that fails nothing. */
  | { readonly kind: 'event'; readonly event: string; readonly error: ErrorData }
  | { readonly kind: 'failed'; readonly error: ErrorData }
  /** Where its time went, if it is profiled: passed on as it is, `closed` follows. */
  | { readonly kind: 'profile'; readonly profile: unknown }
  | { readonly kind: 'closed' }

/** What the master must know of a job whose code it never loads. */
export interface JobFacts {
  readonly name: string
  /** Options in code; a backend object is replaced by its name. */
  readonly options: object
}

/** Where a task is in a checkpoint that it has not acknowledged yet. */
export interface TaskProgress {
  readonly vertex: number
  readonly subtaskIndex: number
  readonly checkpointId: number
  /**
   * `barrier`: the barrier has not come on all inputs, or a source is in the middle of a batch ·
   * `former`: the fate of the checkpoint before is not known here · `sinks`: they make their output
   * safe · `write`: state is being written
   */
  readonly step: 'barrier' | 'former' | 'sinks' | 'write'
  /** For how long. */
  readonly forMs: number
  /** Tasks whose barriers have not come; sinks whose output is not safe. */
  readonly waitsFor: readonly string[]
  /** What keeps it from taking records: a full sink or task behind it, its own calls or timers. */
  readonly blockedBy?: {
    readonly kind: 'sink' | 'task' | 'calls' | 'timers'
    readonly name: string
  }
}

/** What keeps a watermark where it is. */
export interface TimeHold {
  /**
   * `split`: one of the source's, the furthest behind · `input`: a task before it, in one subtask ·
   * `timers`, `calls`: those of an operator before it that are not done · `generator`: watermarks
   * are made by that operator · `no time`: the source assigns none · `no split`: the source has
   * nothing to read now · `idle`: all inputs are silent
   */
  readonly kind:
    'split' | 'input' | 'timers' | 'calls' | 'generator' | 'no time' | 'no split' | 'idle'
  /** Of the split, task, operator or source. */
  readonly name: string
  /** Where that is; absent: no watermark yet, or it has none of its own. */
  readonly watermark?: number
}

/** How far event time has come at an operator: in one subtask, that furthest behind. */
export interface OperatorTime {
  /** Uid, or what it does and where it was written. */
  readonly operator: string
  readonly subtaskIndex: number
  /** Absent: none yet, or `hasEnded`. */
  readonly watermark?: number
  /** The end of input has come. */
  readonly hasEnded: boolean
  /** Since when it stands there, as far as was seen: milliseconds since 1970. */
  readonly since: number
  readonly heldBackBy?: TimeHold
}

/** Sent a few times a second while running. */
export interface WorkerStatus {
  readonly recordsIn: number
  readonly recordsOut: number
  readonly watermark: number
  readonly eventTime: readonly OperatorTime[]
  readonly processingTime: number
  readonly backend: BackendStatistics
  readonly malformedRecords: number
  readonly lateRecords: number
  readonly failedRecords: number
  /** Keys that are parked, and the records that wait for them. */
  readonly parkedKeys: number
  readonly parkedRecords: number
  /** Some of the keys. */
  readonly parked: readonly ParkedKeyStatus[]
  readonly backwardWatermarks: number
  readonly asyncCalls: CallStatistics
  readonly spilledBytes: number
  /** Uids of sources that say they are catching up. */
  readonly backlog: readonly string[]
  /** Tasks that have not acknowledged a checkpoint under way. */
  readonly checkpointing: readonly TaskProgress[]
  /** Files with entries of older types, which are still to be written anew: their bytes. */
  readonly outdatedBytes: number
}
