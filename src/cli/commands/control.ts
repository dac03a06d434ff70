/** `millrace stop`, `cancel` and `savepoint`: one request to a running job each. */
import { join, resolve } from 'node:path'
import type { CommandFunction, Invocation } from '../command.ts'
import { callJob, controlFileOf } from '../control-client.ts'
import { exitCode } from '../exit-codes.ts'
import { jobsDirectory } from '../given-options.ts'
import { withProgress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'

export const stop: CommandFunction = async (invocation, terminal) => {
  const file = await fileOf(invocation, terminal)
  const target = invocation.value('savepoint')
  const savepoint =
    target === undefined ? {} : { savepoint: resolve(terminal.workingDirectory, target) }
  const params = { ...savepoint, drain: invocation.isSet('drain') }
  const result = await withProgress(terminal, `stopping ${file.job}`, callJob(file, 'stop', params))
  const said = target === undefined ? '' : `, savepoint in ${target}`
  return done(
    invocation,
    terminal,
    { job: file.job, ...savepoint, result },
    `stopped ${file.job}${said}`,
  )
}

export const cancel: CommandFunction = async (invocation, terminal) => {
  const file = await fileOf(invocation, terminal)
  const result = await withProgress(terminal, `cancelling ${file.job}`, callJob(file, 'cancel'))
  return done(invocation, terminal, { job: file.job, result }, `cancelled ${file.job}`)
}

export const savepoint: CommandFunction = async (invocation, terminal) => {
  const file = await fileOf(invocation, terminal)
  const [, target] = invocation.positionals
  const directory =
    target === undefined
      ? join(await jobsDirectory(invocation, terminal), file.job, 'savepoints', timeName())
      : resolve(terminal.workingDirectory, target)
  const work = callJob(file, 'savepoint', { directory })
  const result = await withProgress(terminal, `savepoint of ${file.job}`, work)
  const value = { job: file.job, savepoint: directory, result }
  return done(invocation, terminal, value, `savepoint of ${file.job} in ${directory}`)
}

async function fileOf(invocation: Invocation, terminal: Terminal) {
  const [job = ''] = invocation.positionals
  return controlFileOf(await jobsDirectory(invocation, terminal), job)
}

/** `20260102T120003Z`: names that sort by time. */
function timeName(): string {
  return new Date().toISOString().replace(/[-:]|\.\d+/g, '')
}

function done(
  invocation: Invocation,
  terminal: Terminal,
  value: Readonly<Record<string, unknown>>,
  text: string,
): number {
  terminal.out(invocation.json ? `${JSON.stringify(value)}\n` : `${text}\n`)
  return exitCode('ok')
}
