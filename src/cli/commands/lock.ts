/** `millrace lock`: writes down what a job keeps in its snapshots, for `check` to compare. */
import { relative } from 'node:path'
import { compareWithLock, lockedJob } from '../../checkpoint/state-lock.ts'
import type { CommandFunction } from '../command.ts'
import { exitCode } from '../exit-codes.ts'
import { plannedJob } from '../job-plan.ts'
import { readStateLock, writeStateLock } from '../state-lock-file.ts'

export const lock: CommandFunction = async (invocation, terminal) => {
  const { plan, values } = await plannedJob(invocation, terminal)
  const { jobName } = plan
  const file = readStateLock(invocation, terminal)
  const { isLocked } = compareWithLock(file.lock?.jobs[jobName], plan, values)
  const locked = lockedJob(plan)
  if (!isLocked) writeStateLock(file, jobName, locked)
  const operators = locked.operators.length
  if (invocation.json) {
    const report = { file: file.path, job: jobName, operators, changed: !isLocked }
    terminal.out(`${JSON.stringify(report)}\n`)
    return exitCode('ok')
  }
  const path = relative(terminal.workingDirectory, file.path)
  const what = `${jobName}, ${operators} ${operators === 1 ? 'operator' : 'operators'} with state`
  terminal.out(isLocked ? `${path} is up to date: ${what}\n` : `wrote ${path}: ${what}\n`)
  return exitCode('ok')
}
