/**
 * `run`: the embedded cluster. Starts a job beside the caller's own work and gives a handle on it.
 * It installs no signal or exception handler, never ends the process, never writes to the console.
 *
 * What runs jobs is only loaded by the first call: worker threads load modules of jobs, which
 * import `run` together with what jobs are made of, and never call it. The threads of the first
 * workers start meanwhile: one is always needed, and as many as the caller asks for.
 */
import type { Job } from '../graph/job.ts'
import { FirstThreads } from './host-worker-start.ts'
import type { JobHandle } from './job-handle.ts'
import type { RunOptions } from './run-options.ts'

export type { Subject } from '../state/sealed/subject.ts'
export type { Erasure } from './erasures.ts'
export type { JobHandle } from './job-handle.ts'

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
export async function run(job: URL | Job, options: RunOptions = {}): Promise<JobHandle> {
  const isEarly = isModule(job) && mayBegin(options)
  const first = isEarly ? new FirstThreads(job.href, options.parallelism) : undefined
  const { runEmbedded } = await import('./run-on.ts')
  return runEmbedded(job, options, first)
}

function isModule(job: URL | Job): job is URL {
  return job instanceof URL && job.protocol === 'file:'
}

/** Nothing forbids workers to start. One that is profiled is told how at its start. */
function mayBegin({ signal, profile = false }: RunOptions): boolean {
  return signal?.aborted !== true && profile === false
}
