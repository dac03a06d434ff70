/** `millrace stop`, `cancel`, `handover`, …: one request to a running job each. */
import { join } from 'node:path'
import type { RequestOutcome } from '../../checkpoint/protocol.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import type { ControlFile } from '../../runtime/control-protocol.ts'
import { lineOf } from '../../checkpoint/line.ts'
import { openSnapshots } from '../snapshots.ts'
import { callJob, controlFileOf, untilGone } from '../control-client.ts'
import { exitCode } from '../exit-codes.ts'
import { givenPlace, jobsDirectory } from '../given-options.ts'
import { withProgress } from '../progress.ts'
import type { Terminal } from '../terminal.ts'

export const stop: CommandFunction = async (invocation, terminal) => {
  const target = invocation.value('savepoint')
  const running = await find(invocation, terminal).catch(async (error: unknown) => {
    // Asked for again because the answer was lost? Then what was asked for is there.
    if (target === undefined || !(await hasStoppedWith(target, invocation, terminal))) throw error
    return undefined
  })
  if (running === undefined) {
    const [job = ''] = invocation.positionals
    const savepoint = givenPlace(target ?? '', terminal)
    const value = { job, savepoint, result: null, ended: true }
    return done(invocation, terminal, value, `${job} had stopped, savepoint in ${target}`)
  }
  const { directory, file } = running
  const savepoint = target === undefined ? {} : { savepoint: givenPlace(target, terminal) }
  const params = { ...savepoint, drain: invocation.isSet('drain') }
  const work = endJob(directory, file, 'stop', params)
  const value = { job: file.job, ...savepoint, ...(await withProgress(terminal, 'stopping', work)) }
  const said = target === undefined ? '' : `, savepoint in ${target}`
  return done(invocation, terminal, value, `stopped ${file.job}${said}`)
}

export const cancel: CommandFunction = async (invocation, terminal) => {
  const { directory, file } = await find(invocation, terminal)
  const work = endJob(directory, file, 'cancel', {})
  const value = { job: file.job, ...(await withProgress(terminal, 'cancelling', work)) }
  return done(invocation, terminal, value, `cancelled ${file.job}`)
}

export const checkpoint: CommandFunction = async (invocation, terminal) => {
  const { file } = await find(invocation, terminal)
  const full = invocation.isSet('full')
  const work = callJob(file, 'checkpoint', { full })
  const result = await withProgress(terminal, 'taking a checkpoint', work)
  // The server is this package's own, and answers with the outcome of the request.
  const { checkpointId } = result as RequestOutcome
  const value = { job: file.job, checkpointId, full }
  return done(invocation, terminal, value, `checkpoint ${checkpointId} of ${file.job}`)
}

/** The leader ends when a standby may lead; that it does is for `millrace status` to say. */
export const handover: CommandFunction = async (invocation, terminal) => {
  const { directory, file } = await find(invocation, terminal)
  const work = endJob(directory, file, 'handover', {})
  const value = { job: file.job, ...(await withProgress(terminal, 'handing over', work)) }
  return done(invocation, terminal, value, `process ${file.pid} handed ${file.job} over`)
}

export const savepoint: CommandFunction = async (invocation, terminal) => {
  const { directory, file } = await find(invocation, terminal)
  const [, given] = invocation.positionals
  const target =
    given === undefined
      ? join(directory, file.job, 'savepoints', timeName())
      : givenPlace(given, terminal)
  const work = callJob(file, 'savepoint', { directory: target })
  const result = await withProgress(terminal, 'writing the savepoint', work)
  const value = { job: file.job, savepoint: target, result }
  return done(invocation, terminal, value, `savepoint of ${file.job} in ${target}`)
}

/** Whether that is the savepoint of a job that does not run, and nothing has been done since. */
async function hasStoppedWith(
  target: string,
  invocation: Invocation,
  terminal: Terminal,
): Promise<boolean> {
  const newestIn = async (argument?: string) => {
    const { store, chain } = await openSnapshots(invocation, terminal, argument)
    await store.close()
    return lineOf(chain.entries.map(({ link }) => link)).at(-1)
  }
  try {
    const [saved, newest] = [await newestIn(target), await newestIn()]
    if (saved === undefined || newest === undefined) return false
    return saved.lineage === newest.lineage && saved.checkpointId === newest.checkpointId
  } catch {
    return false
  }
}

async function find(invocation: Invocation, terminal: Terminal) {
  const [job = ''] = invocation.positionals
  const directory = await jobsDirectory(invocation, terminal)
  return { directory, file: await controlFileOf(directory, job) }
}

/** Ends the job, and waits until it has: whoever runs it again at once must not be refused. */
async function endJob(
  directory: string,
  file: ControlFile,
  method: 'stop' | 'cancel' | 'handover',
  params: Readonly<Record<string, unknown>>,
): Promise<{ readonly result: unknown; readonly ended: boolean }> {
  const result = await callJob(file, method, params)
  return { result, ended: await untilGone(directory, file) }
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
