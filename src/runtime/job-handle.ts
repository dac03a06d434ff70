/** What a caller of `run` has of a job. */
import type { ReleaseOutcome } from '../operators/failures/parked-keys.ts'
import type { Subject } from '../state/sealed/subject.ts'
import type { Erasure } from './erasures.ts'
import type { JobResult } from './job-result.ts'
import type { JobStatus } from './job-status.ts'
import type { JobProfile } from './profile/job-profile.ts'

/** A running job. */
export interface JobHandle extends AsyncDisposable {
  /**
   * Resolves when the job has finished, was stopped or cancelled; rejects with the `MillraceError`
   * that ended it if no restart helped.
   */
  readonly finished: Promise<JobResult>
  /** As it is now; a fresh object each time. */
  readonly status: JobStatus
  /** If it was asked for, where the time of the workers went that have ended; all have when
   * `finished` is settled. */
  readonly profile: JobProfile | undefined
  /** Where its checkpoints lie; can be given to `from` of another run. */
  readonly checkpointLocation: string
  /**
   * Takes a checkpoint now; resolves when it is complete and its output committed. With `full` all
   * state is written anew, so that it needs no file of an older checkpoint; otherwise what changed.
   *
   * @throws `CHECKPOINT_FAILED`, `JOB_NOT_RUNNING`.
   * @example
   * const { checkpointId } = await handle.checkpoint({ full: true })
   */
  checkpoint(options?: { readonly full?: boolean }): Promise<{ readonly checkpointId: number }>
  /**
   * Writes a self-contained snapshot into `directory`, which must be empty or missing.
   *
   * @throws `STORAGE_CONFLICT` if it is not; `CHECKPOINT_FAILED`.
   */
  savepoint(directory: string | URL): Promise<{ readonly checkpointId: number }>
  /**
   * Tries again what an operator with `onError('park')` has parked: all of its keys, or one.
   * Resolves when each has failed again, and stays parked, or goes on. A restart does the same.
   *
   * @param operator its uid
   * @throws `OPERATOR_UNKNOWN`, `OPERATOR_PARKS_NOTHING`, `PARKED_KEY_UNKNOWN`, `JOB_NOT_RUNNING`.
   * @example
   * const { released, parked } = await handle.release('states', { key: 'account-7' })
   */
  release(operator: string, options?: { readonly key?: unknown }): Promise<ReleaseOutcome>
  /**
   * Erases a subject (`shredBy`): from then on no checkpoint, savepoint or copy gives anything of
   * it. The job stops with a checkpoint and goes on from it without the subject, as after a
   * restart; no output comes twice. A subject that comes back begins anew.
   *
   * @throws `SUBJECT_KEYS_MISSING` if the job has no `encryption.subjects`; `JOB_NOT_RUNNING`,
   *   `CHECKPOINT_FAILED`: then it is erased or it is not, and asking again does no harm.
   * @example
   * await handle.erase({ subject: 'customer-7' })
   */
  erase(options: { readonly subject: Subject }): Promise<Erasure>
  /**
   * Ends the job with a last checkpoint: run again, it goes on from there. With `drain` sources end
   * as if their input were over, so that windows and totals are emitted. With `leave` only this
   * process ends: if another one stands by for the job, it goes on there, as after `handOver`.
   *
   * @throws with a `savepoint`: `STORAGE_CONFLICT` if the directory is not empty;
   *   `JOB_NOT_RUNNING`, `JOB_CANCELLED` if the job ends before it is written and its output
   *   committed.
   */
  stop(options?: {
    readonly savepoint?: string | URL
    readonly drain?: boolean
    readonly leave?: boolean
  }): Promise<JobResult>
  /**
   * Takes a checkpoint and lets a process that stands by go on with the job; this run ends.
   *
   * @throws `STANDBY_MISSING`, `JOB_NOT_RUNNING`, `CHECKPOINT_FAILED`.
   */
  handOver(): Promise<JobResult>
  /** Ends the job at once; run again, it goes on from the newest checkpoint. */
  cancel(): Promise<JobResult>
}
