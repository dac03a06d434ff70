/**
 * Asks a running job: connects to its control socket, sends one request, waits for the answer.
 * Jobs are found by the `control.json` in their folders.
 */
import { readdir, readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { MillraceError } from '../errors.ts'
import {
  type ControlFile,
  type ControlMethod,
  controlResponseBytesMax,
  parseAnswer,
  parseControlFile,
} from '../runtime/control-protocol.ts'
import { CONTROL_FILE_NAME } from '../runtime/job-claim.ts'
import { nearestName } from '../util/nearest.ts'

const jobsMax = 10_000

/** The control files below `directory`, by job name; jobs that never ran here have none. */
export async function controlFilesIn(directory: string): Promise<readonly ControlFile[]> {
  const names = await readdir(directory).catch(() => [])
  const files: ControlFile[] = []
  for (const name of names.sort((a, b) => a.localeCompare(b)).slice(0, jobsMax)) {
    const path = join(directory, name, CONTROL_FILE_NAME)
    const text = await readFile(path, 'utf8').catch(() => undefined)
    const file = text === undefined ? undefined : parseControlFile(text)
    if (file !== undefined) files.push(file)
  }
  return files
}

/** The control file of a job. Throws `CONTROL_UNREACHABLE` naming the nearest job that has one. */
export async function controlFileOf(directory: string, job: string): Promise<ControlFile> {
  const files = await controlFilesIn(directory)
  const file = files.find((each) => each.job === job)
  if (file !== undefined) return file
  const near = nearestName(
    job,
    files.map((each) => each.job),
  )
  throw new MillraceError('CONTROL_UNREACHABLE', `no job ${job} runs in ${directory}`, {
    ...(near === undefined ? {} : { cure: `did you mean ${near}?` }),
    details: { job, directory },
  })
}

const gonePollMs = 25
const goneTimeoutMs = 10_000

/** Resolves when the process has given its job's folder free, so that the job can be run again. */
export async function untilGone(directory: string, { job, claim }: ControlFile): Promise<boolean> {
  for (let waitedMs = 0; waitedMs < goneTimeoutMs; waitedMs += gonePollMs) {
    const files = await controlFilesIn(directory)
    if (files.find((file) => file.job === job)?.claim !== claim) return true
    await new Promise((resolve) => setTimeout(resolve, gonePollMs))
  }
  return false
}

export interface CallOptions {
  /** Undefined: however long it takes, as for a savepoint. */
  readonly timeoutMs?: number
}

/**
 * Calls a method of a running job.
 *
 * @throws the job's own error; `CONTROL_UNREACHABLE` if it does not answer.
 */
export function callJob(
  { socket: path, job, pid }: Pick<ControlFile, 'socket' | 'job' | 'pid'>,
  method: ControlMethod,
  params: Readonly<Record<string, unknown>> = {},
  { timeoutMs }: CallOptions = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const socket = connect(path)
    let received = ''
    const fail = (reason: string, cause?: unknown): void => {
      socket.destroy()
      const message = `job ${job} (process ${pid}) ${reason}`
      reject(new MillraceError('CONTROL_UNREACHABLE', message, { cause, details: { job, pid } }))
    }
    if (timeoutMs !== undefined) socket.setTimeout(timeoutMs, () => fail('does not answer'))
    socket.setEncoding('utf8')
    socket.on('error', (error) => fail('cannot be reached; it seems to be gone', error))
    socket.on('connect', () => socket.write(`${JSON.stringify({ id: 1, method, params })}\n`))
    socket.on('close', () => fail('hung up before it answered'))
    socket.on('data', (chunk: string) => {
      received += chunk
      if (received.length > controlResponseBytesMax) return fail('answers too much')
      const end = received.indexOf('\n')
      if (end === -1) return
      socket.removeAllListeners('close')
      socket.end()
      const answer = parseAnswer(received.slice(0, end))
      if (answer === undefined) return fail('answers in another language; is it another version?')
      if ('error' in answer) reject(answer.error)
      else resolve(answer.result)
    })
  })
}
