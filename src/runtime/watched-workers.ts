/** The workers of one attempt, watched: what they say goes to the attempt, their loss is told. */
import { errorFromData } from '../errors.ts'
import { publish } from '../metrics/events.ts'
import type { Attempt } from './attempt.ts'
import type { Host } from './host.ts'
import { WorkerSet } from './worker-set.ts'

export interface WatchedWorkers {
  readonly workers: WorkerSet
  /** Aborted, with the error as reason, when one is lost: also before there is an attempt. */
  readonly lost: AbortSignal
}

/** @param now the attempt that runs, if one does, and the name of the job as far as it is known */
export function watchedWorkers(
  host: Host,
  now: () => { readonly attempt: Attempt | undefined; readonly job: string },
): WatchedWorkers {
  const lost = new AbortController()
  const workers = new WorkerSet(host, {
    message: (worker, message) => now().attempt?.message(worker, message),
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
