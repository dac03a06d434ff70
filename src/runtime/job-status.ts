/** What `handle.status` and `millrace list` show of a job: plain data, a fresh object each time. */
import type { ProcessFacts } from '../checkpoint/lease-marks.ts'
import type { StandbyFacts } from '../checkpoint/lease-keeper.ts'
import type { CheckpointPurpose, CheckpointStatistics } from '../checkpoint/manifest.ts'
import type { OperatorTime, WorkerStatus } from '../checkpoint/messages.ts'
import type { CheckpointReport, SlowCheckpoint } from '../checkpoint/protocol.ts'
import { errorToData, type ErrorData } from '../errors.ts'
import type { ParkedKeyStatus } from '../operators/failures/parked-keys.ts'
import type { CallStatistics } from '../operators/operator.ts'
import type { BackendStatistics, PhaseTimings } from '../state/backend.ts'
import type { PaceStatus } from './checkpoint-pace.ts'
import { furthestBehind } from './event-time-status.ts'
import type { ImportProgress } from './import-snapshot.ts'
import { type JobProfile, jobProfile, type WorkerProfile } from './profile/job-profile.ts'
import type { RegionProgress, RegionsStatus } from './region-status.ts'
import type { LeaderFacts } from './standby.ts'
import { sumBackends, sumCalls } from './worker-status.ts'
import type { StuckWorker } from './worker-watch.ts'

export type JobState =
  | 'starting'
  | 'running'
  /** Another process runs the job; this one takes over when that is gone. */
  | 'standby'
  | 'restarting'
  | 'stopping'
  | 'finished'
  | 'stopped'
  | 'cancelled'
  | 'handed-over'
  | 'failed'

/** Which part this process has, and who has the other. */
export type LeadershipStatus =
  | {
      readonly role: 'leader'
      readonly self: ProcessFacts & { readonly id: string }
      readonly leaseMs: number
      /** 0: it does not lead yet. */
      readonly leaderEpoch: number
      /** Who would take over; as of the last look, which is every third of a lease. */
      readonly standbys: readonly StandbyFacts[]
    }
  | {
      readonly role: 'standby'
      readonly self: ProcessFacts & { readonly id: string }
      readonly leaseMs: number
      /** Undefined while nobody has said that it leads. */
      readonly leader: LeaderFacts | undefined
      /** The link of the chain that is kept at hand; 0: none yet. */
      readonly follows: number
    }

export interface CheckpointSummary {
  readonly checkpointId: number
  readonly purpose: CheckpointPurpose
  /** Wall time in ms. */
  readonly completedAt: number
  readonly statistics: CheckpointStatistics
}

/** Of the running attempt. */
export interface CheckpointingStatus {
  readonly underWay: readonly SlowCheckpoint[]
  readonly interval: PaceStatus | undefined
}

export interface JobStatus {
  readonly jobName: string
  readonly state: JobState
  readonly startedAt: number
  readonly parallelism: number
  readonly params: Readonly<Record<string, unknown>>
  /** Attempts so far, and why the last one ended, if it failed. */
  readonly attempts: number
  readonly lastError: ErrorData | undefined
  /** The checkpoint the running attempt started from. */
  readonly restoredFrom: number | undefined
  /** The job had finished before this run, which only makes its last output visible. */
  readonly hadFinished: boolean
  /** A foreign snapshot that is needed until all of it has been brought here; no own checkpoint is
   * taken before. Absent: there is none, or it is needed no more. */
  readonly importing?: ImportProgress
  /** T_state: how long opening the state took, by phase, summed over tasks. */
  readonly stateOpen: PhaseTimings | undefined
  /** Since this process started: records read by sources, and handed to sinks. */
  readonly recordsIn: number
  readonly recordsOut: number
  readonly malformedRecords: number
  /** Records that came after all their windows had gone; sent to a side output or not. */
  readonly lateRecords: number
  /** Records and timers at which functions threw, and which were passed over, by `onError`. */
  readonly failedRecords: number
  /** Keys that `onError('park')` has parked, records that wait for them, and some of the keys. */
  readonly parkedKeys: number
  readonly parkedRecords: number
  readonly parked: readonly ParkedKeyStatus[]
  /** Watermarks of the job's own generators that would have gone back, and were ignored. */
  readonly backwardWatermarks: number
  /** Asynchronous calls: those under way now, and retries and timeouts of the running attempt. */
  readonly asyncCalls: CallStatistics
  /** Output that waits on disk because a sink or a worker is slow: bytes written in all. */
  readonly spilledBytes: number
  /** Files that hold state of older types, which are still to be written anew: their bytes. */
  readonly outdatedBytes: number
  /** The least watermark of all operators, in ms; infinite at the beginning and the end. */
  readonly watermark: number
  /** For each operator where event time stands, in the subtask furthest behind, and why. */
  readonly eventTime: readonly OperatorTime[]
  readonly backend: BackendStatistics
  /** Workers in which a call does not return: nothing else goes on there. */
  readonly stuck: readonly StuckWorker[]
  /** What can fail and start anew by itself, and what of it has. */
  readonly regions: RegionsStatus
  /** Undefined until the options are known. */
  readonly leadership: LeadershipStatus | undefined
  readonly checkpoints: {
    readonly completed: number
    readonly failed: number
    /** Those before their commit points, oldest first, and what they wait for. */
    readonly underWay: readonly SlowCheckpoint[]
    /** How far apart they are begun, and why; absent between attempts. */
    readonly interval: PaceStatus | undefined
    readonly last: CheckpointSummary | undefined
    readonly lastFailure: ErrorData | undefined
    /** Where they lie. */
    readonly location: string
  }
}

/** Keeps what `JobStatus` needs between attempts. */
export class JobProgress {
  state: JobState = 'starting'
  jobName = ''
  parallelism = 1
  params: Readonly<Record<string, unknown>> = {}
  attempts = 0
  lastError: ErrorData | undefined
  restoredFrom: number | undefined
  hadFinished = false
  stateOpen: PhaseTimings | undefined
  location = ''
  regions: RegionProgress | undefined
  readonly stuck = new Map<number, StuckWorker>()
  #completed = 0
  #failed = 0
  #last: CheckpointSummary | undefined
  #lastFailure: ErrorData | undefined
  /** The workers of the last attempt, as they were when it ended. */
  #ended: readonly WorkerStatus[] = []
  /** Of attempts that have ended. */
  #recordsIn = 0
  #recordsOut = 0
  #lateRecords = 0
  #failedRecords = 0
  #profiles: readonly WorkerProfile[] = []
  readonly #startedAt: number

  constructor(startedAt: number) {
    this.#startedAt = startedAt
  }

  get hasEnded(): boolean {
    return ['finished', 'stopped', 'cancelled', 'handed-over', 'failed'].includes(this.state)
  }

  report(report: CheckpointReport, nowMs: number): void {
    if (report.outcome === 'completed') {
      const { checkpointId, purpose, statistics } = report
      this.#completed++
      this.#last = { checkpointId, purpose, completedAt: nowMs, statistics }
    } else if (report.outcome === 'failed') {
      this.#failed++
      this.#lastFailure = report.error
    }
  }

  addProfile(worker: number, made: unknown): void {
    // Made by `workerProfile` on the other side of the port.
    const profile = made as Omit<WorkerProfile, 'worker' | 'attempt'>
    this.#profiles = [...this.#profiles, { worker, attempt: this.attempts, ...profile }]
  }

  get profile(): JobProfile | undefined {
    return this.#profiles.length === 0 ? undefined : jobProfile(this.#profiles)
  }

  /** An attempt is over: its counters are kept. */
  endAttempt(workers: readonly WorkerStatus[], error: unknown): void {
    if (workers.length > 0) this.#ended = workers
    this.#recordsIn += sum(workers, (worker) => worker.recordsIn)
    this.#recordsOut += sum(workers, (worker) => worker.recordsOut)
    this.#lateRecords += sum(workers, (worker) => worker.lateRecords)
    this.#failedRecords += sum(workers, (worker) => worker.failedRecords)
    if (error !== undefined) this.lastError = errorToData(error)
  }

  status(
    workers: readonly WorkerStatus[],
    importing?: ImportProgress,
    { underWay, interval }: CheckpointingStatus = { underWay: [], interval: undefined },
    leadership?: LeadershipStatus,
  ): JobStatus {
    const shown = workers.length > 0 ? workers : this.#ended
    const { jobName, state, parallelism, params, attempts, lastError } = this
    const { restoredFrom, hadFinished, stateOpen, location } = this
    return {
      jobName,
      state,
      startedAt: this.#startedAt,
      parallelism,
      params,
      attempts,
      lastError,
      restoredFrom,
      hadFinished,
      ...(importing === undefined ? {} : { importing }),
      stateOpen,
      recordsIn: this.#recordsIn + sum(workers, (worker) => worker.recordsIn),
      recordsOut: this.#recordsOut + sum(workers, (worker) => worker.recordsOut),
      malformedRecords: sum(workers, (worker) => worker.malformedRecords),
      lateRecords: this.#lateRecords + sum(workers, (worker) => worker.lateRecords),
      failedRecords: this.#failedRecords + sum(workers, (worker) => worker.failedRecords),
      parkedKeys: sum(shown, (worker) => worker.parkedKeys),
      parkedRecords: sum(shown, (worker) => worker.parkedRecords),
      parked: shown.flatMap((worker) => worker.parked),
      backwardWatermarks: sum(workers, (worker) => worker.backwardWatermarks),
      asyncCalls: sumCalls(workers),
      spilledBytes: sum(workers, (worker) => worker.spilledBytes),
      outdatedBytes: sum(workers, (worker) => worker.outdatedBytes),
      watermark: Math.min(...shown.map((worker) => worker.watermark)),
      eventTime: furthestBehind(shown.flatMap((worker) => worker.eventTime)),
      backend: sumBackends(shown.map((worker) => worker.backend)),
      stuck: [...this.stuck.values()],
      regions: this.regions?.status ?? { count: 0, failed: [] },
      leadership,
      checkpoints: {
        completed: this.#completed,
        failed: this.#failed,
        underWay,
        interval,
        last: this.#last,
        lastFailure: this.#lastFailure,
        location,
      },
    }
  }
}

function sum(workers: readonly WorkerStatus[], of: (worker: WorkerStatus) => number): number {
  return workers.reduce((total, worker) => total + of(worker), 0)
}
