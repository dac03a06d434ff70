/** `millrace run --profile`: the files of the workers' profiles, and what is told of them. */
import { constants } from 'node:fs'
import { access, stat, writeFile } from 'node:fs/promises'
import { dirname, extname, resolve } from 'node:path'
import { MillraceError } from '../errors.ts'
import type { Logger } from '../metrics/log.ts'
import type { OperatorProfile, WorkerProfile } from '../runtime/profile/job-profile.ts'
import type { JobHandle } from '../runtime/job-handle.ts'
import type { Invocation } from './command.ts'
import { formatDuration } from './format.ts'
import { profileRows, profileTables } from './profile-table.ts'
import type { Terminal } from './terminal.ts'

const EXTENSION = '.cpuprofile'

/** A profile that is to be made. */
export interface ProfileRequest {
  readonly intervalUs: number | undefined
  /** Absolute; undefined: named after the job. */
  readonly file: string | undefined
}

/** What `--json` shows of it. */
export interface WrittenProfile {
  readonly files: readonly string[]
  readonly operators: readonly OperatorProfile[]
}

/**
 * What the flags ask for; looks first whether it can be written, for the job may run long.
 *
 * @throws `CLI_USAGE`, `PROFILE_UNWRITABLE`.
 */
export async function profileRequest(
  invocation: Invocation,
  terminal: Terminal,
): Promise<ProfileRequest | undefined> {
  const interval = invocation.value('profile-interval')
  if (!invocation.isSet('profile')) {
    if (interval === undefined) return undefined
    throw new MillraceError('CLI_USAGE', 'millrace run: --profile-interval without a profile', {
      cure: 'write --profile, too',
    })
  }
  const given = invocation.value('profile') ?? ''
  const file = given === '' ? undefined : resolve(terminal.workingDirectory, given)
  const folder = file === undefined ? terminal.workingDirectory : dirname(file)
  try {
    await access(folder, constants.W_OK)
    if (!(await stat(folder)).isDirectory()) throw new Error(`${folder} is no folder`)
  } catch (error) {
    throw unwritable(file ?? folder, error)
  }
  if (file !== undefined && (await isFolder(file))) {
    throw unwritable(file, new Error('it is a folder'))
  }
  return { intervalUs: interval === undefined ? undefined : Number(interval), file }
}

/** When the job has ended: tells of the profile, and writes it. Throws `PROFILE_UNWRITABLE`. */
export async function endProfile(
  request: ProfileRequest,
  handle: JobHandle,
  { logger, terminal, isTable }: ProfileTargets,
): Promise<WrittenProfile> {
  const { workers, operators } = handle.profile ?? { workers: [], operators: [] }
  const { workingDirectory } = terminal
  const file = request.file ?? resolve(workingDirectory, `${handle.status.jobName}${EXTENSION}`)
  if (isTable && workers.length > 0) {
    terminal.err(`${profileTables(operators, terminal.columns).join('\n')}\n`)
  }
  const files: string[] = []
  for (const worker of workers) {
    const path = pathOf(file, worker, workers)
    try {
      await writeFile(path, worker.cpuProfile)
    } catch (error) {
      throw unwritable(path, error)
    }
    files.push(path)
    const { wallMs, cpuMs } = worker
    const times = `${formatDuration(wallMs)}, ${formatDuration(cpuMs)} of CPU time`
    const facts = { worker: worker.worker, file: path, wallMs, cpuMs }
    logger.info(facts, `profiled ${times}: ${path}`)
  }
  if (!isTable) for (const { text, ...facts } of profileRows(operators)) logger.info(facts, text)
  return { files, operators }
}

export interface ProfileTargets {
  readonly logger: Logger
  readonly terminal: Terminal
  /** For people; otherwise it is logged. */
  readonly isTable: boolean
}

/** `words.cpuprofile`, or `words.0.cpuprofile`, …; after a restart `words.0-2.cpuprofile`. */
function pathOf(file: string, of: WorkerProfile, all: readonly WorkerProfile[]): string {
  if (all.length === 1) return file
  const extension = extname(file)
  const base = extension === '' ? file : file.slice(0, -extension.length)
  const lives = all.filter(({ worker }) => worker === of.worker)
  const life = lives.length === 1 ? '' : `-${lives.indexOf(of) + 1}`
  return `${base}.${of.worker}${life}${extension}`
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false // there is nothing, which is fine
  }
}

function unwritable(path: string, cause: unknown): MillraceError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const message = `no profile can be written to ${path}: ${reason}`
  return new MillraceError('PROFILE_UNWRITABLE', message, { cause, details: { file: path } })
}
