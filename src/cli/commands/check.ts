/**
 * `millrace check`: does a job fit a snapshot, and is it as its state lock says? Builds the job and
 * reads one manifest; runs nothing and writes nothing, so it may be asked of a running job.
 */
import { join, relative, resolve } from 'node:path'
import { adaptCheckpoint } from '../../checkpoint/adapt.ts'
import type { Finding, Verdict } from '../../checkpoint/comparison.ts'
import { dropsOf, refusalsOf } from '../../checkpoint/compatibility.ts'
import { lineOf } from '../../checkpoint/line.ts'
import type { CheckpointLink } from '../../checkpoint/manifest.ts'
import { compareWithLock, type LockComparison } from '../../checkpoint/state-lock.ts'
import { MillraceError } from '../../errors.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import { type ExitName, exitCode } from '../exit-codes.ts'
import { formatTime } from '../format.ts'
import { type PlannedJob, plannedJob } from '../job-plan.ts'
import { chosenCheckpoint, openSnapshots } from '../snapshots.ts'
import { readStateLock } from '../state-lock-file.ts'
import { tableLines } from '../table.ts'
import { type Style, styled, type Terminal } from '../terminal.ts'

export const check: CommandFunction = async (invocation, terminal) => {
  const job = await plannedJob(invocation, terminal)
  const lock = lockOf(invocation, terminal, job)
  const isSnapshotMeant = invocation.isSet('against') || lock === undefined
  const snapshot = isSnapshotMeant ? await snapshotOf(invocation, terminal, job) : undefined
  const worst = snapshot === undefined ? 'ok' : exitOf(snapshot.findings)
  const exit = worst === 'ok' && lock?.isLocked === false ? 'unlocked' : worst
  if (invocation.json) {
    const report = { job: job.plan.jobName, fits: exit === 'ok', snapshot: snapshot?.json, lock }
    terminal.out(`${JSON.stringify(report)}\n`)
    return exitCode(exit)
  }
  const parts = [
    ...(snapshot === undefined ? [] : [snapshotLines(snapshot, job, terminal)]),
    ...(lock === undefined ? [] : [lockLines(lock, invocation, job, terminal)]),
  ]
  terminal.out(`${parts.map((lines) => lines.join('\n')).join('\n\n')}\n`)
  return exitCode(exit)
}

interface CheckedLock extends LockComparison {
  readonly file: string
}

/** Compared if it is there; with `--lock` it must be. */
function lockOf(
  invocation: Invocation,
  terminal: Terminal,
  { plan, values }: PlannedJob,
): CheckedLock | undefined {
  const { path, lock } = readStateLock(invocation, terminal)
  if (lock === undefined && invocation.isSet('lock')) {
    throw new MillraceError('STORAGE_NOT_FOUND', `there is no ${path}`, {
      cure: `write it: millrace lock ${invocation.positionals.join(' ')}`,
    })
  }
  const isMeant = lock?.jobs[plan.jobName] !== undefined || invocation.isSet('lock')
  if (lock === undefined || !isMeant) return undefined
  return { file: path, ...compareWithLock(lock.jobs[plan.jobName], plan, values) }
}

/** What does not fit weighs more than what would be lost: no drop mends it. */
function exitOf(findings: readonly Finding[]): ExitName {
  const has = (wanted: Verdict): boolean => findings.some(({ verdict }) => verdict === wanted)
  return has('incompatible') ? 'incompatible' : has('lost') ? 'wouldLose' : 'ok'
}

interface CheckedSnapshot {
  readonly link: CheckpointLink
  readonly findings: readonly Finding[]
  readonly json: object
}

async function snapshotOf(
  invocation: Invocation,
  terminal: Terminal,
  { plan, values }: PlannedJob,
): Promise<CheckedSnapshot> {
  const against = invocation.value('against') ?? plan.jobName
  const isNumber = /^\d+$/.test(against)
  const isOwn = isNumber || against === plan.jobName
  const folder = resolve(terminal.workingDirectory, values.directory, plan.jobName)
  const own = values['checkpointing.storage'] ?? join(folder, 'checkpoints')
  const snapshots = await openSnapshots(invocation, terminal, isOwn ? own : against)
  await snapshots.store.close()
  const newest = lineOf(snapshots.chain.entries.map((entry) => entry.link)).at(-1)
  const wanted = isNumber ? against : newest?.checkpointId.toString()
  const link = chosenCheckpoint(snapshots, wanted)
  const { findings } = adaptCheckpoint(link, plan, values)
  const { checkpointId, jobName, writtenAt } = link
  const { location } = snapshots.store
  return { link, findings, json: { location, checkpointId, jobName, writtenAt, findings } }
}

const STYLE_OF: Readonly<Record<Verdict, Style>> = {
  fits: 'green',
  new: 'dim',
  migrate: 'yellow',
  dropped: 'yellow',
  lost: 'red',
  incompatible: 'red',
}

function snapshotLines(
  { link, findings }: CheckedSnapshot,
  { plan }: PlannedJob,
  terminal: Terminal,
): string[] {
  const { checkpointId, jobName, writtenAt, parallelism } = link
  return [
    `${plan.jobName} against checkpoint ${checkpointId} of ${jobName}, ${formatTime(writtenAt)}`,
    ...(parallelism === plan.parallelism
      ? []
      : [`parallelism was ${parallelism}, is ${plan.parallelism}: state is spread anew`]),
    '',
    ...findingLines(findings, terminal),
    '',
    ...conclusion(findings),
  ]
}

function lockLines(
  { file, isLocked, findings }: CheckedLock,
  invocation: Invocation,
  { plan }: PlannedJob,
  terminal: Terminal,
): string[] {
  const path = relative(terminal.workingDirectory, file)
  if (isLocked) return [`${plan.jobName} is as ${path} says.`]
  const changed = findings.filter(({ verdict }) => verdict !== 'fits')
  return [
    `${plan.jobName} is not as ${path} says:`,
    '',
    ...(changed.length === 0 ? ['names that `renamed` gives'] : findingLines(changed, terminal)),
    '',
    `If that is meant: millrace lock ${invocation.positionals.join(' ')}`,
  ]
}

function findingLines(findings: readonly Finding[], terminal: Terminal): string[] {
  const columns = [
    { title: 'OPERATOR', value: (row: Finding) => row.uid ?? '(job)' },
    { title: 'WHAT', value: (row: Finding) => row.what },
    { title: 'VERDICT', value: (row: Finding) => row.verdict },
    { title: 'WHY', value: (row: Finding) => row.why ?? '' },
  ]
  const [head = '', ...rows] = tableLines(columns, findings, undefined)
  const colored = rows.map((row, index) => {
    const verdict = findings[index]?.verdict ?? 'fits'
    return row.replace(new RegExp(`(?<=  )${verdict}(?=  |$)`), (word) =>
      styled(terminal, STYLE_OF[verdict], word),
    )
  })
  return [styled(terminal, 'bold', head), ...colored]
}

function conclusion(findings: readonly Finding[]): string[] {
  const count = (wanted: Verdict): number =>
    findings.filter(({ verdict }) => verdict === wanted).length
  const [lost, incompatible] = [count('lost'), count('incompatible')]
  if (lost + incompatible === 0) return ['It fits.']
  const parts = [
    lost === 0 ? '' : `${lost} would be lost`,
    incompatible === 0 ? '' : `${incompatible} cannot be read as they are declared now`,
  ]
  const drops = dropsOf(refusalsOf(findings))
  return [
    `It does not fit: ${parts.filter(Boolean).join(', ')}.`,
    ...(drops.length === 0 ? [] : [`To give that up: --drop ${drops.join(',')}`]),
  ]
}
