/**
 * `millrace check`: does a job fit a snapshot? Builds the job and reads one manifest; runs nothing
 * and writes nothing, so it may be asked of a running job's checkpoints.
 */
import { join, resolve } from 'node:path'
import { adaptCheckpoint } from '../../checkpoint/adapt.ts'
import type { Finding, Verdict } from '../../checkpoint/comparison.ts'
import { dropsOf, refusalsOf } from '../../checkpoint/compatibility.ts'
import { lineOf } from '../../checkpoint/line.ts'
import type { CheckpointLink } from '../../checkpoint/manifest.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import { type ExitName, exitCode } from '../exit-codes.ts'
import { formatTime } from '../format.ts'
import { type PlannedJob, plannedJob } from '../job-plan.ts'
import { chosenCheckpoint, openSnapshots } from '../snapshots.ts'
import { tableLines } from '../table.ts'
import { type Style, styled, type Terminal } from '../terminal.ts'

export const check: CommandFunction = async (invocation, terminal) => {
  const job = await plannedJob(invocation, terminal)
  const { link, location } = await snapshotOf(invocation, terminal, job)
  const { findings } = adaptCheckpoint(link, job.plan, job.values)
  const exit = exitOf(findings)
  if (invocation.json) {
    const { checkpointId, jobName, writtenAt } = link
    const snapshot = { location, checkpointId, jobName, writtenAt }
    const fits = exit === 'ok'
    terminal.out(`${JSON.stringify({ job: job.plan.jobName, snapshot, fits, findings })}\n`)
  } else terminal.out(`${report(findings, link, job, terminal).join('\n')}\n`)
  return exitCode(exit)
}

/** What does not fit weighs more than what would be lost: no drop mends it. */
function exitOf(findings: readonly Finding[]): ExitName {
  const has = (wanted: Verdict): boolean => findings.some(({ verdict }) => verdict === wanted)
  return has('incompatible') ? 'incompatible' : has('lost') ? 'wouldLose' : 'ok'
}

async function snapshotOf(
  invocation: Invocation,
  terminal: Terminal,
  { plan, values }: PlannedJob,
): Promise<{ readonly link: CheckpointLink; readonly location: string }> {
  const against = invocation.value('against') ?? plan.jobName
  const isNumber = /^\d+$/.test(against)
  const isOwn = isNumber || against === plan.jobName
  const folder = resolve(terminal.workingDirectory, values.directory, plan.jobName)
  const own = values['checkpointing.storage'] ?? join(folder, 'checkpoints')
  const snapshots = await openSnapshots(invocation, terminal, isOwn ? own : against)
  await snapshots.store.close()
  const newest = lineOf(snapshots.chain.entries.map((entry) => entry.link)).at(-1)
  const wanted = isNumber ? against : newest?.checkpointId.toString()
  return { link: chosenCheckpoint(snapshots, wanted), location: snapshots.store.location }
}

const STYLE_OF: Readonly<Record<Verdict, Style>> = {
  fits: 'green',
  new: 'dim',
  migrate: 'yellow',
  dropped: 'yellow',
  lost: 'red',
  incompatible: 'red',
}

function report(
  findings: readonly Finding[],
  link: CheckpointLink,
  { plan }: PlannedJob,
  terminal: Terminal,
): string[] {
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
  const { checkpointId, jobName, writtenAt, parallelism } = link
  return [
    `${plan.jobName} against checkpoint ${checkpointId} of ${jobName}, ${formatTime(writtenAt)}`,
    ...(parallelism === plan.parallelism
      ? []
      : [`parallelism was ${parallelism}, is ${plan.parallelism}: state is spread anew`]),
    '',
    styled(terminal, 'bold', head),
    ...colored,
    '',
    ...conclusion(findings),
  ]
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
