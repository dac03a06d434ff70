/** `millrace status`: one job, with where event time stands in each operator, and why. */
import type { OperatorTime, TimeHold } from '../../checkpoint/messages.ts'
import type { ParkedKeyStatus } from '../../operators/failures/parked-keys.ts'
import type { JobStatus, LeadershipStatus } from '../../runtime/job-status.ts'
import { stuckWhere } from '../../runtime/worker-watch.ts'
import type { CommandFunction } from '../command.ts'
import { callJob, controlFileOf } from '../control-client.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes, formatCount, formatDuration } from '../format.ts'
import { jobsDirectory } from '../given-options.ts'
import { tableLines } from '../table.ts'
import { styled } from '../terminal.ts'

const DATE_MS_MAX = 8.64e15

export const status: CommandFunction = async (invocation, terminal) => {
  const [name = ''] = invocation.positionals
  const directory = await jobsDirectory(invocation, terminal)
  // The server is this package's own, and sends the status of the job.
  const file = await controlFileOf(directory, name)
  const job = (await callJob(file, 'status', {})) as JobStatus
  if (invocation.json) {
    terminal.out(`${JSON.stringify(job)}\n`)
    return exitCode('ok')
  }
  const http = file.http === undefined ? [] : [`http: ${file.http}, by token`]
  terminal.out(`${[...summary(job), ...http].join('\n')}\n`)
  if (job.eventTime.length === 0) return exitCode('ok')
  const now = Date.now()
  const [head = '', ...lines] = tableLines<OperatorTime>(
    [
      { title: 'OPERATOR', value: ({ operator }) => operator },
      { title: 'WATERMARK', value: watermarkText },
      { title: 'SINCE', value: ({ since }) => formatDuration(now - since), align: 'right' },
      { title: 'HELD BACK BY', value: ({ heldBackBy }) => holdText(heldBackBy), flexible: true },
    ],
    job.eventTime,
    terminal.outIsTty ? terminal.columns : undefined,
  )
  terminal.out(`\n${[styled(terminal, 'bold', head), ...lines].join('\n')}\n`)
  return exitCode('ok')
}

function summary(job: JobStatus): readonly string[] {
  const { checkpoints, asyncCalls, backwardWatermarks, lastError, importing } = job
  const lines = [
    `${job.jobName}: ${job.state}, parallelism ${job.parallelism}, attempt ${job.attempts}`,
    `records: ${formatCount(job.recordsIn)} in, ${formatCount(job.recordsOut)} out, ` +
      `${formatCount(job.lateRecords)} late, ${formatCount(job.malformedRecords)} malformed`,
    `state: ${formatBytes(job.backend.estimatedBytes)}${restoredText(job.backend)}`,
    `checkpoints: ${checkpoints.completed} done, ${checkpoints.failed} failed${pace(checkpoints)}`,
  ]
  for (const stuck of job.stuck) {
    lines.push(`worker ${stuck.worker} is stuck in ${stuckWhere(stuck)}`)
  }
  if (job.failedRecords > 0) {
    lines.push(`passed over: ${formatCount(job.failedRecords)} at which a function threw (onError)`)
  }
  if (job.parkedKeys > 0) {
    const [keys, records] = [formatCount(job.parkedKeys), formatCount(job.parkedRecords)]
    lines.push(`parked: ${keys} keys, for which ${records} records wait`)
    lines.push(...job.parked.map(parkedLine))
  }
  if (importing !== undefined) {
    const { from, files, filesHere, bytes, bytesHere } = importing
    lines.push(
      `importing: ${filesHere} of ${files} files, ${formatBytes(bytesHere)} of ` +
        `${formatBytes(bytes)}; until all are here ${from} is needed and no checkpoint is taken`,
    )
  }
  for (const each of checkpoints.underWay) {
    const { checkpointId, phase, runningMs, acknowledged, tasks, reasons } = each
    lines.push(
      `checkpoint ${checkpointId}: ${phase} for ${formatDuration(runningMs)}, ` +
        `${acknowledged} of ${tasks} tasks`,
      ...reasons.map((reason) => `  ${reason}`),
    )
  }
  if (checkpoints.lastFailure !== undefined && checkpoints.lastFailure !== null) {
    lines.push(`last failed: ${checkpoints.lastFailure.message}`)
  }
  lines.push(...leadershipLines(job.leadership))
  if (asyncCalls.inFlight + asyncCalls.retries + asyncCalls.timeouts > 0) {
    const { inFlight, retries, timeouts } = asyncCalls
    lines.push(`calls: ${inFlight} under way, ${retries} retries, ${timeouts} timeouts`)
  }
  if (job.outdatedBytes > 0) {
    lines.push(`state of older types: ${formatBytes(job.outdatedBytes)} to be written anew`)
  }
  if (backwardWatermarks > 0) lines.push(`watermarks that went back: ${backwardWatermarks}`)
  for (const { tasks, state, restarts, lastError: error } of job.regions.failed) {
    const times = `${restarts} ${restarts === 1 ? 'restart' : 'restarts'}`
    lines.push(`region ${tasks.join(', ')}: ${state}, ${times} by itself: ${error.message}`)
  }
  if (lastError !== undefined) lines.push(`last error: ${lastError.code}: ${lastError.message}`)
  return lines
}

export function parkedLine(parked: ParkedKeyStatus): string {
  const { operator, key, waiting, since, message } = parked
  const records = `${formatCount(waiting)} records since ${timeText(since)}`
  return `  ${operator}, key ${key}, ${records}: ${message}`
}

/** How much of the restored state is loaded; nothing if all is. */
function restoredText({ restoringBytes, restoredBytes }: JobStatus['backend']): string {
  if (restoringBytes === 0) return ''
  return ` (restored ${Math.floor((100 * restoredBytes) / restoringBytes)} %, ${formatBytes(
    restoringBytes - restoredBytes,
  )} still to be loaded)`
}

function leadershipLines(leadership: LeadershipStatus | undefined): readonly string[] {
  if (leadership?.role !== 'leader' || leadership.standbys.length === 0) return []
  const { self, leaderEpoch, leaseMs, standbys } = leadership
  const lease = formatDuration(leaseMs)
  const leader = `leader: process ${self.pid} on ${self.host}, epoch ${leaderEpoch}, lease ${lease}`
  const others = standbys.map(({ pid, host, sequence }) => {
    const follows = sequence === 0 ? 'nothing yet' : `link ${sequence}`
    return `standby: process ${pid} on ${host}, follows ${follows}`
  })
  return [leader, ...others]
}

function watermarkText({ watermark, hasEnded }: OperatorTime): string {
  if (hasEnded) return 'end of input'
  return watermark === undefined ? 'none yet' : timeText(watermark)
}

/** Event time may be anything, also what no calendar has. */
function timeText(time: number): string {
  return Math.abs(time) > DATE_MS_MAX ? String(time) : new Date(time).toISOString()
}

const HOLDS: Readonly<Record<TimeHold['kind'], (name: string) => string>> = {
  split: (name) => `split ${name}`,
  input: (name) => name,
  timers: (name) => `timers of ${name}`,
  calls: (name) => `calls of ${name}`,
  generator: (name) => `watermarks of ${name}`,
  'no time': (name) => `${name} assigns no timestamps`,
  'no split': (name) => `${name} has nothing to read`,
  idle: (name) => `${name} is idle`,
}

function holdText(hold: TimeHold | undefined): string {
  if (hold === undefined) return ''
  const at = hold.watermark === undefined ? '' : ` at ${timeText(hold.watermark)}`
  return HOLDS[hold.kind](hold.name) + at
}

/** Nothing where the interval is simply the one that is stated. */
function pace({ interval }: JobStatus['checkpoints']): string {
  if (interval === undefined || interval === null || interval.reason === 'stated') return ''
  const every =
    interval.intervalMs === 0 ? 'none now' : `every ${formatDuration(interval.intervalMs)}`
  return `; ${every}: ${interval.explanation}`
}
