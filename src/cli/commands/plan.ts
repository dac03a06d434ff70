/** `millrace plan`: what a job is made of. Builds it, runs nothing. */
import { describePlan } from '../../graph/describe-plan.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { plannedJob } from '../job-plan.ts'

export const plan: CommandFunction = async (invocation, terminal) => {
  const { plan: jobPlan } = await plannedJob(invocation, terminal)
  terminal.out(`${invocation.json ? JSON.stringify(jobPlan) : describePlan(jobPlan)}\n`)
  return exitCode('ok')
}
