/** What workers are started with. */
import type { WorkerSpec } from './host.ts'
import type { JobMasterOptions } from './job-setup.ts'
import { profileIntervalUs } from './profile/job-profile.ts'

/** By their indexes. */
export function workerSpecs(options: JobMasterOptions): (index: number) => WorkerSpec {
  const { moduleUrl, job } = options
  const intervalUs = profileIntervalUs(options.options.profile)
  return (index) => ({
    index,
    moduleUrl,
    job: moduleUrl === undefined ? job : undefined,
    ...(intervalUs === undefined ? {} : { profileIntervalUs: intervalUs }),
  })
}
