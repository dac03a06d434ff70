/** `millrace release`: tries again what an operator of a running job has parked. */
import type { ReleaseOutcome } from '../../operators/failures/parked-keys.ts'
import type { CommandFunction } from '../command.ts'
import { callJob, controlFileOf } from '../control-client.ts'
import { exitCode } from '../exit-codes.ts'
import { formatCount } from '../format.ts'
import { jobsDirectory } from '../given-options.ts'
import { withProgress } from '../progress.ts'
import { parkedLine } from './status.ts'

export const release: CommandFunction = async (invocation, terminal) => {
  const [job = '', operator = ''] = invocation.positionals
  const file = await controlFileOf(await jobsDirectory(invocation, terminal), job)
  const key = invocation.value('key')
  const params = { operator, ...(key === undefined ? {} : { key }) }
  const work = callJob(file, 'release', params)
  // The server is this package's own, and answers with the outcome of the request.
  const outcome = (await withProgress(terminal, 'trying again', work)) as ReleaseOutcome
  const value = { job: file.job, ...params, ...outcome }
  const lines = invocation.json ? [JSON.stringify(value)] : told(operator, outcome)
  terminal.out(`${lines.join('\n')}\n`)
  return exitCode('ok')
}

function told(operator: string, { tried, released, parked }: ReleaseOutcome): readonly string[] {
  if (tried === 0) return [`${operator} has parked nothing`]
  const keys = `${formatCount(tried)} ${tried === 1 ? 'key' : 'keys'}`
  const head = `${operator}: released ${formatCount(released)} of ${keys}`
  return parked.length === 0 ? [head] : [`${head}; still parked:`, ...parked.map(parkedLine)]
}
