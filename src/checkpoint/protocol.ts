/**
 * The words of the checkpoint protocol: what the coordinator is told (events), what it asks for
 * (effects) and what it remembers (state). All plain data. `decisions.ts` holds the decisions,
 * `coordinator.ts` performs them; `docs/internals/checkpoint-protocol.md` tells the story.
 */
import type { ErrorData } from '../errors.ts'
import type { BroadcastDigest } from './broadcasts.ts'
import type {
  CheckpointPurpose,
  CheckpointStatistics,
  LaterPhases,
  TaskRecord,
  TaskStatistics,
} from './manifest.ts'
import type { TaskProgress } from './messages.ts'

export interface ProtocolOptions {
  /** From the start of one periodic checkpoint to the start of the next; 0: none. */
  readonly intervalMs: number
  /** While sources catch up; undefined: the same, 0: none. */
  readonly intervalDuringBacklogMs?: number | undefined
  /** A checkpoint that is not confirmed by then fails. */
  readonly timeoutMs: number
  /** At least this long between the end of a checkpoint and the next periodic one. */
  readonly minPauseMs: number
  /** So many periodic or final checkpoints in a row may fail; one more fails the job. */
  readonly tolerableFailures: number
  /** So many may be before their commit points; requests for more than a plain one go alone. */
  readonly maxConcurrent: number
}

/** A task that must acknowledge. Tasks that have ended acknowledge too, with what they hold. */
export interface TaskName {
  readonly vertex: number
  readonly subtaskIndex: number
  /** For messages: the vertex's name. */
  readonly name: string
}

/** The checkpoint the attempt was restored from, if its output is ours to commit. */
export interface RestoredCheckpoint {
  readonly checkpointId: number
  readonly sequence: number
  /** The job had finished with it: nothing is left to do but to commit. */
  readonly finished: boolean
}

export interface ProtocolSetup {
  readonly options: ProtocolOptions
  readonly tasks: readonly TaskName[]
  /** All of them say `committed`. */
  readonly workers: number
  /** Above every id in the chain and every id of an earlier attempt under the same epoch. */
  readonly firstCheckpointId: number
  /** Its committables are committed first, again: a crash may have come in between. */
  readonly restored: RestoredCheckpoint | undefined
}

/** What may be asked for; all other checkpoints come by time or by the end of input. */
export type RequestPurpose = 'manual' | 'savepoint' | 'stop' | 'drain'

export interface CheckpointRequest {
  readonly id: number
  readonly purpose: RequestPurpose
  /** Copy the complete checkpoint there: required for `savepoint`, optional for `stop`. */
  readonly savepoint: string | undefined
  /** Of a manual one: all state is written anew, so that it needs no older file. */
  readonly full?: boolean
}

/** What a request resolves to. */
export interface RequestOutcome {
  readonly checkpointId: number
  readonly sequence: number
  /** False: the checkpoint is complete, but its output is committed only by the next attempt. */
  readonly committed: boolean
  readonly savepoint: string | undefined
}

/** Each event carries the monotonic time at which the shell took it. */
export type ProtocolEvent = { readonly atMs: number } & (
  | { readonly kind: 'start' }
  | { readonly kind: 'tick' }
  | { readonly kind: 'request'; readonly request: CheckpointRequest }
  /** The trigger has been sent to all workers. */
  | { readonly kind: 'triggered'; readonly checkpointId: number }
  | { readonly kind: 'trigger-failed'; readonly checkpointId: number; readonly error: ErrorData }
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
  /** Where the tasks of a worker are in checkpoints that they have not acknowledged. */
  | {
      readonly kind: 'progress'
      readonly worker: number
      readonly tasks: readonly TaskProgress[]
    }
  /** Periodic checkpoints are so far apart from now on. */
  | { readonly kind: 'interval'; readonly intervalMs: number }
  /** A source is catching up, or none any more. */
  | { readonly kind: 'backlog'; readonly isBacklog: boolean }
  /** The manifest is a link of the chain: the checkpoint is complete. */
  | { readonly kind: 'confirmed'; readonly checkpointId: number; readonly sequence: number }
  | {
      readonly kind: 'confirm-failed'
      readonly checkpointId: number
      readonly error: ErrorData
      /** False if the link is surely not there; else the attempt must end. */
      readonly mayBeWritten: boolean
    }
  | { readonly kind: 'leadership-lost'; readonly error: ErrorData }
  /** All committables up to this checkpoint are committed on this worker. */
  | { readonly kind: 'committed'; readonly checkpointId: number; readonly worker: number }
  | { readonly kind: 'savepoint-written'; readonly checkpointId: number }
  | { readonly kind: 'savepoint-failed'; readonly checkpointId: number; readonly error: ErrorData }
  | { readonly kind: 'task-ended'; readonly vertex: number; readonly subtaskIndex: number }
  /** Tasks of a region failed; the others go on. */
  | {
      readonly kind: 'tasks-lost'
      readonly tasks: readonly Omit<TaskName, 'name'>[]
      readonly error: ErrorData
    }
  /** All tasks that were lost run again, as the newest complete checkpoint knew them. */
  | { readonly kind: 'tasks-restored' }
  /** The attempt cannot go on. */
  | { readonly kind: 'worker-lost'; readonly error: ErrorData }
  /** The attempt is ended on purpose (cancel, restart); like `worker-lost`, but no failure. */
  | { readonly kind: 'close'; readonly error: ErrorData }
)

export type ProtocolEffect =
  /** Cut the coordinator's sources and send the trigger, in one turn; then say `triggered`. */
  | {
      readonly kind: 'trigger'
      readonly checkpointId: number
      readonly purpose: CheckpointPurpose
      readonly stopAfter: boolean
      readonly full: boolean
      /** The one before it that is still under way: if that fails, so does this. */
      readonly after?: number
    }
  /** Append the link; then say `confirmed`, `confirm-failed` or `leadership-lost`. */
  | {
      readonly kind: 'write-manifest'
      readonly checkpointId: number
      readonly purpose: CheckpointPurpose
      readonly finished: boolean
      readonly tasks: readonly TaskRecord[]
      /** The later phases are not over yet: their times are 0. */
      readonly statistics: CheckpointStatistics
    }
  /** May be repeated for the same checkpoint. */
  | { readonly kind: 'send-complete'; readonly checkpointId: number }
  /** Sources that stopped after this checkpoint's barrier read on. */
  | { readonly kind: 'send-abort'; readonly checkpointId: number }
  /** Copy the complete checkpoint to `directory`; then say `savepoint-written` or `-failed`. */
  | {
      readonly kind: 'write-savepoint'
      readonly checkpointId: number
      readonly sequence: number
      readonly directory: string
    }
  /** Delete what no retained checkpoint needs. */
  | { readonly kind: 'release' }
  | { readonly kind: 'resolve'; readonly requestId: number; readonly outcome: RequestOutcome }
  | { readonly kind: 'reject'; readonly requestId: number; readonly error: ErrorData }
  /** For logs, metrics and `status`. */
  | { readonly kind: 'report'; readonly report: CheckpointReport }
  /** The attempt is over; the restart strategy decides what follows. */
  | { readonly kind: 'fail-job'; readonly error: ErrorData }
  /** A stop or the final checkpoint is complete and committed. */
  | { readonly kind: 'ended'; readonly how: 'stopped' | 'finished'; readonly checkpointId: number }
  /** Say `tick` at this time; replaces an earlier one. */
  | { readonly kind: 'schedule-tick'; readonly atMs: number }

export type CheckpointReport = {
  readonly checkpointId: number
  readonly purpose: CheckpointPurpose
} & (
  | { readonly outcome: 'confirmed'; readonly statistics: CheckpointStatistics }
  | { readonly outcome: 'completed'; readonly statistics: CheckpointStatistics }
  | { readonly outcome: 'failed'; readonly error: ErrorData; readonly consecutiveFailures: number }
  | { readonly outcome: 'slow-commit'; readonly waitingForWorkers: readonly number[] }
  /** It takes long, and why; said again each time that has doubled. */
  | { readonly outcome: 'slow'; readonly slow: SlowCheckpoint }
)

/** What a task last said of a checkpoint. */
export interface HeardProgress {
  readonly progress: TaskProgress
  readonly atMs: number
}

/** A checkpoint before its commit point, as status and messages tell of it. */
export interface SlowCheckpoint {
  readonly checkpointId: number
  readonly purpose: CheckpointPurpose
  readonly phase: ActiveCheckpoint['phase']
  /** Since it was begun. */
  readonly runningMs: number
  /** Tasks that have acknowledged, of how many. */
  readonly acknowledged: number
  readonly tasks: number
  /** What it waits for, a sentence per task. */
  readonly reasons: readonly string[]
  readonly cure: string
}

export interface Acknowledgement {
  readonly task: TaskRecord
  readonly statistics: TaskStatistics
  readonly broadcasts?: readonly BroadcastDigest[]
}

/** A checkpoint before its commit point: it can fail without a trace. */
export interface ActiveCheckpoint {
  readonly checkpointId: number
  readonly purpose: CheckpointPurpose
  readonly full: boolean
  readonly phase: 'init' | 'prepare' | 'confirm'
  readonly requests: readonly CheckpointRequest[]
  readonly decidedAtMs: number
  readonly triggeredAtMs: number
  readonly acknowledgedAtMs: number
  /** What its manifest says of those before it. */
  readonly toldPhases: readonly LaterPhases[]
  /** When it is next said to be slow. */
  readonly slowAtMs: number
  /** By `taskKey`. */
  readonly acknowledged: ReadonlyMap<string, Acknowledgement>
}

/** A checkpoint after its commit point: it is repeated until every worker has committed. */
export interface CompletingCheckpoint {
  readonly checkpointId: number
  readonly sequence: number
  readonly purpose: CheckpointPurpose
  /** `restored`: it was confirmed by a former attempt. */
  readonly origin: 'own' | 'restored'
  readonly requests: readonly CheckpointRequest[]
  /** The request whose savepoint is still being written. */
  readonly writingSavepoint: number | undefined
  readonly committedBy: ReadonlySet<number>
  readonly confirmedAtMs: number
  readonly repeatAtMs: number
  readonly statistics: CheckpointStatistics | undefined
}

export interface ProtocolState {
  readonly setup: ProtocolSetup
  /** `closing` waits for the outcome of a manifest that is being written. */
  readonly stage: 'new' | 'running' | 'closing' | 'closed'
  readonly nextCheckpointId: number
  /** The oldest that is before its commit point. */
  readonly active: ActiveCheckpoint | undefined
  /** Those begun while it was under way, oldest first: each builds on the one before it. */
  readonly overlapping: readonly ActiveCheckpoint[]
  /** Oldest first. */
  readonly completing: readonly CompletingCheckpoint[]
  /** In the order they came. */
  readonly requests: readonly CheckpointRequest[]
  /** The checkpoint after which there is none: confirmed, being committed. */
  readonly lastCheckpointId: number | undefined
  /** By `taskKey`. */
  readonly ended: ReadonlySet<string>
  /** Tasks of a region are gone: no checkpoint begins. */
  readonly suspended: boolean
  /** By `taskKey`: what each last said of the newest checkpoint it has not acknowledged. */
  readonly progress: ReadonlyMap<string, HeardProgress>
  /** When each worker was last heard of. */
  readonly workersHeardAtMs: ReadonlyMap<number, number>
  /** Of complete checkpoints, for the next manifest. */
  readonly laterPhases: readonly LaterPhases[]
  readonly consecutiveFailures: number
  readonly intervalMs: number
  readonly isBacklog: boolean
  /** The start of the last checkpoint. */
  readonly countsFromMs: number
  /** The end of the last checkpoint, and the pause after it. */
  readonly pauseUntilMs: number
  readonly nextPeriodicAtMs: number
  readonly nextFinalAtMs: number
  /** The tick the shell has been asked for. */
  readonly tickAtMs: number | undefined
}

export function taskKey(task: { readonly vertex: number; readonly subtaskIndex: number }): string {
  return `${task.vertex}/${task.subtaskIndex}`
}
