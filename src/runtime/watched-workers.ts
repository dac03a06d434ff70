/** The workers of one attempt, watched: what they say goes to the attempt, their loss is told. */
import { errorFromData } from '../errors.ts'
import { publish } from '../metrics/events.ts'
import type { Attempt } from './attempt.ts'
import { announceStuck } from './job-events.ts'
import type { JobMasterOptions } from './job-setup.ts'
import type { JobProgress } from './job-status.ts'
import { WorkerSet } from './worker-set.ts'

export interface WatchedWorkers {
  readonly workers: WorkerSet
  /** Aborted, with the error as reason, when one is lost: also before there is an attempt. */
  readonly lost: AbortSignal
}

/** @param running the attempt, if one runs */
export function watchedWorkers(
  { host, logger }: Pick<JobMasterOptions, 'host' | 'logger'>,
  progress: JobProgress,
  running: () => Attempt | undefined,
): WatchedWorkers {
  const now = (): { readonly attempt: Attempt | undefined; readonly job: string } => {
    return { attempt: running(), job: progress.jobName }
  }
  const lost = new AbortController()
  const workers = new WorkerSet(host, {
    message: (worker, message) => now().attempt?.message(worker, message),
    profile: (worker, profile) => progress.addProfile(worker, profile),
    stuck: (stuck) => {
      progress.stuck.set(stuck.worker, stuck)
      const { job } = now()
      announceStuck(logger.child({ job }), job, stuck)
    },
    unstuck: (worker) => void progress.stuck.delete(worker),
    lost: (error) => {
      const { attempt, job } = now()
      const worker = Number(error.details['worker'] ?? 0)
      publish('millrace:worker:lost', { job, worker, error })
      attempt?.lost(error)
      lost.abort(errorFromData(error))
    },
    workerLost: (worker, error) => {
      const { attempt, job } = now()
      if (attempt?.workerLost(worker, error) !== true) return false
      publish('millrace:worker:lost', { job, worker, error })
      return true
    },
  })
  return { workers, lost: lost.signal }
}
