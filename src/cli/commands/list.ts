/** `millrace list`: asks every job of the directory how it is. */
import { messageOf } from '../../errors.ts'
import type { ControlFile } from '../../runtime/control-protocol.ts'
import type { JobStatus } from '../../runtime/job-status.ts'
import type { CommandFunction } from '../command.ts'
import { callJob, controlFilesIn } from '../control-client.ts'
import { exitCode } from '../exit-codes.ts'
import { formatBytes, formatCount, formatDuration } from '../format.ts'
import { jobsDirectory } from '../given-options.ts'
import { tableLines } from '../table.ts'
import { styled } from '../terminal.ts'

/** A job that answers nothing for so long is shown as such. */
const statusTimeoutMs = 2_000

interface Row {
  readonly file: ControlFile
  readonly status: JobStatus | undefined
  readonly problem: string | undefined
}

export const list: CommandFunction = async (invocation, terminal) => {
  const directory = await jobsDirectory(invocation, terminal)
  const rows = await Promise.all((await controlFilesIn(directory)).map(rowOf))
  if (invocation.json) {
    const jobs = rows.map(({ file, status, problem }) => {
      const { job, pid, startedAt, version, http } = file
      return { job, pid, startedAt, version, http, answers: status !== undefined, status, problem }
    })
    terminal.out(`${JSON.stringify({ directory, jobs })}\n`)
    return exitCode('ok')
  }
  if (rows.length === 0) {
    terminal.err(`no jobs run in ${directory}\n`)
    return exitCode('ok')
  }
  const now = Date.now()
  const [head = '', ...lines] = tableLines<Row>(
    [
      { title: 'JOB', value: ({ file }) => file.job },
      { title: 'STATE', value: ({ status }) => status?.state ?? 'gone' },
      { title: 'PID', value: ({ file }) => String(file.pid), align: 'right' },
      { title: 'UP', value: ({ file }) => formatDuration(now - file.startedAt), align: 'right' },
      { title: 'RECORDS', value: ({ status }) => count(status?.recordsIn), align: 'right' },
      {
        title: 'STATE SIZE',
        value: ({ status }) => bytes(status?.backend.estimatedBytes),
        align: 'right',
      },
      { title: 'STANDBYS', value: ({ status }) => standbys(status), align: 'right' },
      { title: 'CHECKPOINT', value: ({ status }) => newest(status, now) },
      { title: 'PARAMETERS', value: paramsText, flexible: true },
    ],
    rows,
    terminal.outIsTty ? terminal.columns : undefined,
  )
  terminal.out(`${[styled(terminal, 'bold', head), ...lines].join('\n')}\n`)
  return exitCode('ok')
}

async function rowOf(file: ControlFile): Promise<Row> {
  try {
    const status = await callJob(file, 'status', {}, { timeoutMs: statusTimeoutMs })
    // The server is this package's own, and sends the status of the job.
    return { file, status: status as JobStatus, problem: undefined }
  } catch (error) {
    return { file, status: undefined, problem: messageOf(error) }
  }
}

function count(value: number | undefined): string {
  return value === undefined ? '' : formatCount(value)
}

function bytes(value: number | undefined): string {
  return value === undefined ? '' : formatBytes(value)
}

function standbys(status: JobStatus | undefined): string {
  const { leadership } = status ?? {}
  return leadership?.role === 'leader' ? String(leadership.standbys.length) : ''
}

function newest(status: JobStatus | undefined, now: number): string {
  const last = status?.checkpoints.last
  if (last === undefined || last === null) return ''
  return `${last.checkpointId}, ${formatDuration(now - last.completedAt)} ago`
}

function paramsText({ status, problem }: Row): string {
  if (status === undefined) return problem ?? ''
  return Object.entries(status.params)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ')
}
