/** The workers of an attempt, until they have planned: started, told the options, compared. */
import type { WorkerSettings } from '../checkpoint/settings.ts'
import type { ConfiguredJob, JobMasterOptions } from './job-setup.ts'
import { workerSettings } from './run-options.ts'
import { workerSpecs } from './worker-spec.ts'
import type { Planned, WorkerSet } from './worker-set.ts'

export interface StartedWorkers {
  readonly configured: ConfiguredJob
  readonly settings: WorkerSettings
  readonly planned: Planned
  /** Puts a new worker in the place of a lost one. */
  readonly replaceWorker: (worker: number) => Promise<void>
}

/** @param configure called when the first worker has told the job's name and its options in code */
export async function startWorkers(
  workers: WorkerSet,
  start: JobMasterOptions & { readonly readsAll: boolean },
  configure: (jobName: string, code: object) => Promise<ConfiguredJob>,
): Promise<StartedWorkers> {
  const spec = workerSpecs(start)
  const { name, options } = await workers.start([spec(0)])
  const configured = await configure(name, options)
  const { host, resolved, paths, memory } = configured
  const others = Array.from({ length: resolved.values.parallelism - 1 }, (_, at) => spec(at + 1))
  if (others.length > 0) await workers.start(others)
  const granted = { paths, memoryBytes: memory.bytes, hasDamage: start.readsAll, ...host.bounds }
  const settings = workerSettings(resolved, name, granted)
  const message = { kind: 'configure', params: start.options.params ?? {}, settings } as const
  const planned = await workers.configure(message)
  const replaceWorker = (index: number) => workers.replace(spec(index), message, planned.plan)
  return { configured, settings, planned, replaceWorker }
}
