/** `millrace plan`: what a job is made of. Builds it, runs nothing. */
import { layerFromObject } from '../../config/resolve.ts'
import { buildJobGraph } from '../../graph/build.ts'
import { describePlan } from '../../graph/describe-plan.ts'
import { parseParams } from '../../graph/params.ts'
import { planOf } from '../../graph/plan-of.ts'
import { loadJobModule } from '../../runtime/load-module.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { commandOptions, jobModuleUrl, paramsOf } from '../given-options.ts'

export const plan: CommandFunction = async (invocation, terminal) => {
  const job = await loadJobModule(jobModuleUrl(invocation, terminal))
  const code = layerFromObject('code', `job "${job.name}"`, job.settings)
  const { values } = await commandOptions(invocation, terminal, code)
  const { parallelism, maxParallelism } = values
  const params = parseParams(job, paramsOf(invocation))
  const jobPlan = planOf(buildJobGraph(job, { parallelism, maxParallelism, params }))
  terminal.out(`${invocation.json ? JSON.stringify(jobPlan) : describePlan(jobPlan)}\n`)
  return exitCode('ok')
}
