/**
 * From a job to what runs: the user's `build`, checked, chained and numbered. Deterministic: every
 * worker that calls it with the same arguments gets the same graph.
 */
import { MillraceError } from '../errors.ts'
import { MAX_PARALLELISM_LIMIT } from '../state/key-groups.ts'
import { chain } from './chaining.ts'
import type { Job } from './job.ts'
import type { JobGraph } from './job-graph.ts'
import type { ParamValues } from './params.ts'
import { validateGraph } from './validate.ts'

export interface BuildOptions {
  readonly parallelism: number
  readonly maxParallelism: number
  /** As `parseParams` gives them. */
  readonly params: ParamValues
}

/**
 * Builds the graph of a job.
 *
 * @throws `JOB_GRAPH_INVALID`, `JOB_DUPLICATE_UID`, `JOB_ASYNC_FUNCTION`, `CONFIG_INVALID`; what
 * the user's `build` throws comes through.
 */
export function buildJobGraph(job: Job, options: BuildOptions): JobGraph {
  const { parallelism, maxParallelism, params } = options
  requireWithin('maxParallelism', maxParallelism, MAX_PARALLELISM_LIMIT)
  requireWithin('parallelism', parallelism, maxParallelism)
  const graph = job.streamGraph(params)
  validateGraph(graph, { jobName: job.name, strictTypes: job.strictTypes })
  const { vertices, edges } = chain(graph, parallelism)
  return { jobName: job.name, parallelism, maxParallelism, vertices, edges }
}

function requireWithin(name: string, value: number, max: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= max) return
  throw new MillraceError(
    'CONFIG_INVALID',
    `${name} ${value} is not a whole number from 1 to ${max}`,
  )
}
