/** A run on any host: the handle of a job, and the master behind it. */
import { MillraceError } from '../errors.ts'
import { asJob, type Job } from '../graph/job.ts'
import type { ReleaseOutcome } from '../operators/failures/parked-keys.ts'
import { silentLogger } from '../metrics/log.ts'
import type { Subject } from '../state/sealed/subject.ts'
import { bytesOfSubject, type Erasure } from './erasures.ts'
import { embeddedHost, withFirst } from './host-embedded.ts'
import type { FirstThreads } from './host-worker-start.ts'
import type { Host } from './host.ts'
import type { JobHandle } from './job-handle.ts'
import { JobMaster } from './job-master.ts'
import type { JobResult } from './job-result.ts'
import type { JobStatus } from './job-status.ts'
import { moduleUrl } from './module-url.ts'
import { type JobProfile, profileIntervalUs } from './profile/job-profile.ts'
import type { RunOptions } from './run-options.ts'

/**
 * Beside the caller's own work: see `run`.
 *
 * @param first threads of the job's first workers, if they were started; those that no worker is
 *   needed for are ended.
 */
export async function runEmbedded(
  job: URL | Job,
  options: RunOptions,
  first: FirstThreads | undefined,
): Promise<JobHandle> {
  if (first === undefined) return runOn(embeddedHost, job, options)
  try {
    return await runOn(withFirst(first), job, options)
  } finally {
    await first.end()
  }
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
