/**
 * `run`: the embedded cluster. Starts a job beside the caller's own work and gives a handle on it.
 * It installs no signal or exception handler, never ends the process, never writes to the console.
 */
import { MillraceError } from '../errors.ts'
import { asJob, type Job } from '../graph/job.ts'
import type { ReleaseOutcome } from '../operators/failures/parked-keys.ts'
import { silentLogger } from '../metrics/log.ts'
import type { Subject } from '../state/sealed/subject.ts'
import { bytesOfSubject, type Erasure } from './erasures.ts'
import { embeddedHost } from './host-embedded.ts'
import type { Host } from './host.ts'
import { JobMaster } from './job-master.ts'
import type { JobResult } from './job-result.ts'
import type { JobStatus } from './job-status.ts'
import { moduleUrl } from './module-url.ts'
import { type JobProfile, profileIntervalUs } from './profile/job-profile.ts'
import type { RunOptions } from './run-options.ts'

export type { Subject } from '../state/sealed/subject.ts'
export type { Erasure } from './erasures.ts'

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

/**
 * Runs a job. Resolves when it runs; what prevents that is thrown.
 *
 * @param job URL of the module whose default export is the job: it is loaded in worker threads, so
 *   this thread stays free. Or a job value, which runs in this thread at parallelism 1.
 * @param options the same keys as the flags and the config file.
 * @throws `JOB_MODULE_INVALID`, `JOB_PARAM_…`, `JOB_GRAPH_INVALID`, `JOB_OWNED`,
 *   `JOB_NEEDS_MODULE`, `CONFIG_…`, `CHECKPOINT_INCOMPATIBLE`, `OUTPUT_MAY_REPEAT`, …
 *
 * @example
 * await using handle = await run(new URL('./word-count.ts', import.meta.url), {
 *   params: { input: 'book.txt' },
 * })
 * await handle.finished
 */
export function run(job: URL | Job, options: RunOptions = {}): Promise<JobHandle> {
  return runOn(embeddedHost, job, options)
}

/** `run` on another host: how the simulator and the tests start jobs. */
export async function runOn(
  host: Host,
  job: URL | Job,
  options: RunOptions = {},
): Promise<JobHandle> {
  const isModule = job instanceof URL
  profileIntervalUs(options.profile)
  const master = new JobMaster({
    host,
    moduleUrl: isModule ? moduleUrl(job).href : undefined,
    job: isModule ? undefined : asJob(job),
    options,
    logger: options.logger ?? silentLogger,
  })
  const { signal } = options
  if (signal?.aborted === true) throw new MillraceError('JOB_CANCELLED', 'the signal was aborted')
  const onAbort = (): void => master.cancel()
  signal?.addEventListener('abort', onAbort, { once: true })
  let hasBegun: () => void = () => undefined
  const begun = new Promise<void>((resolve) => (hasBegun = resolve))
  const finished = master.run(hasBegun).finally(() => signal?.removeEventListener('abort', onAbort))
  // A failure is the caller's to see through `finished`; it must not end the process before.
  finished.catch(() => undefined)
  await Promise.race([begun, finished])
  return new EmbeddedJob(master, finished)
}

class EmbeddedJob implements JobHandle {
  readonly finished: Promise<JobResult>
  readonly #master: JobMaster

  constructor(master: JobMaster, finished: Promise<JobResult>) {
    this.#master = master
    this.finished = finished
  }

  get status(): JobStatus {
    return this.#master.status
  }

  get profile(): JobProfile | undefined {
    return this.#master.profile
  }

  get checkpointLocation(): string {
    return this.status.checkpoints.location
  }

  async checkpoint(
    options: { readonly full?: boolean } = {},
  ): Promise<{ readonly checkpointId: number }> {
    return this.#master.checkpoint(options.full === true)
  }

  async savepoint(directory: string | URL): Promise<{ readonly checkpointId: number }> {
    return this.#master.savepoint(String(directory))
  }

  async release(
    operator: string,
    options: { readonly key?: unknown } = {},
  ): Promise<ReleaseOutcome> {
    const hasKey = Object.hasOwn(options, 'key')
    return this.#master.release(operator, hasKey ? { value: options.key } : undefined)
  }

  async erase({ subject }: { readonly subject: Subject }): Promise<Erasure> {
    return this.#master.erase(bytesOfSubject(subject))
  }

  async stop(options: Parameters<JobHandle['stop']>[0] = {}): Promise<JobResult> {
    const savepoint = options.savepoint === undefined ? undefined : String(options.savepoint)
    await this.#master.stop(savepoint, options.drain === true, options.leave === true)
    return this.finished
  }

  async handOver(): Promise<JobResult> {
    await this.#master.handOver()
    return this.finished
  }

  cancel(): Promise<JobResult> {
    this.#master.cancel()
    return this.finished
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.cancel().catch(() => undefined)
  }
}
