/** The plan of the job that a command line names, and the options that hold for it. */
import type { OptionValues } from '../config/options.ts'
import { layerFromObject } from '../config/resolve.ts'
import { buildJobGraph } from '../graph/build.ts'
import { parseParams } from '../graph/params.ts'
import { planOf } from '../graph/plan-of.ts'
import type { JobPlan } from '../graph/plan.ts'
import { loadJobModule } from '../runtime/load-module.ts'
import type { Invocation } from './command.ts'
import { commandOptions, jobModuleUrl, paramsOf } from './given-options.ts'
import type { Terminal } from './terminal.ts'

export interface PlannedJob {
  readonly plan: JobPlan
  readonly values: OptionValues
}

/** Builds the job, runs nothing. Throws what `run` would: `JOB_…`, `CONFIG_…`. */
export async function plannedJob(invocation: Invocation, terminal: Terminal): Promise<PlannedJob> {
  const job = await loadJobModule(jobModuleUrl(invocation, terminal))
  const code = layerFromObject('code', `job "${job.name}"`, job.settings)
  const { values } = await commandOptions(invocation, terminal, code)
  const { parallelism, maxParallelism } = values
  const params = parseParams(job, paramsOf(invocation))
  return { plan: planOf(buildJobGraph(job, { parallelism, maxParallelism, params })), values }
}
