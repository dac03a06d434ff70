/**
 * `millrace run`: starts a job, shows how it is, and ends it with a last checkpoint on a signal.
 * The engine itself handles no signal and writes to no console; all of that is here.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { isMillraceError } from '../../errors.ts'
import type { ResolvedOptions } from '../../config/resolve.ts'
import type { LifecycleEventName } from '../../metrics/events.ts'
import { jsonLogger } from '../../metrics/json-log.ts'
import type { Logger } from '../../metrics/log.ts'
import { textLogger } from '../../metrics/text-log.ts'
import type { ProfileOptions } from '../../runtime/profile/job-profile.ts'
import type { JobHandle } from '../../runtime/job-handle.ts'
import { run as runJob } from '../../runtime/run.ts'
import type { CommandFunction, Invocation } from '../command.ts'
import { exitCode, exitCodeOf } from '../exit-codes.ts'
import {
  commandOptions,
  flagLayer,
  jobModuleUrl,
  nestedOptions,
  paramsOf,
} from '../given-options.ts'
import { StatusLine } from '../progress.ts'
import {
  endProfile,
  type ProfileRequest,
  profileRequest,
  type WrittenProfile,
} from '../run-profile.ts'
import { RunProgress, summaryOf } from '../run-progress.ts'
import type { Terminal } from '../terminal.ts'
import { untilSignal } from '../signals.ts'

export const run: CommandFunction = async (invocation, terminal) => {
  const options = await commandOptions(invocation, terminal)
  const profile = await profileRequest(invocation, terminal)
  const line = terminal.errIsTty && !invocation.json ? new StatusLine(terminal) : undefined
  const logger = loggerFor(options, terminal, line)
  const abort = new AbortController()
  const signals = untilSignal(terminal)
  const makeRoom = terminal.outIsTty && line !== undefined ? () => line.clear() : undefined
  const restoreOut = makeRoom === undefined ? undefined : terminal.beforeOut(makeRoom)
  const failures = loggedFailures(options)
  try {
    const starting = runJob(jobModuleUrl(invocation, terminal), {
      ...nestedOptions(flagLayer(invocation)),
      params: paramsOf(invocation),
      logger,
      signal: abort.signal,
      ...configOf(invocation),
      ...(profile === undefined ? {} : { profile: optionsOf(profile) }),
    })
    const handle = await Promise.race([starting, signals.first])
    if (typeof handle === 'string') {
      // Nothing has run yet, so there is nothing to save.
      abort.abort()
      await starting.then((started) => started.finished).catch(() => undefined)
      return exitCode('ok')
    }
    const interrupted = signals.first
    return await follow(handle, { invocation, terminal, logger, line, interrupted, profile })
  } catch (error) {
    // What the log has told once is not told again.
    if (failures.logged && !invocation.json) return exitCodeOf(error)
    throw error
  } finally {
    failures.release()
    restoreOut?.()
    line?.clear()
    signals.release()
  }
}

/** Whether the job's failure has been logged: the engine announces it. */
function loggedFailures({ values }: ResolvedOptions): {
  readonly logged: boolean
  release(): void
} {
  const event: LifecycleEventName = 'millrace:job:failed'
  const state = { logged: false, release: () => void unsubscribe(event, onFailed) }
  const onFailed = (): void => void (state.logged = values.logLevel !== 'silent')
  subscribe(event, onFailed)
  return state
}

interface Following {
  readonly invocation: Invocation
  readonly terminal: Terminal
  readonly logger: Logger
  readonly line: StatusLine | undefined
  readonly interrupted: Promise<NodeJS.Signals>
  readonly profile: ProfileRequest | undefined
}

async function follow(handle: JobHandle, following: Following): Promise<number> {
  const { invocation, terminal, logger, line, interrupted, profile } = following
  const progress = new RunProgress(handle, { logger, line })
  const told = async (): Promise<{ readonly profile?: WrittenProfile }> => {
    if (profile === undefined) return {}
    progress.end()
    const targets = { logger, terminal, isTable: line !== undefined }
    return { profile: await endProfile(profile, handle, targets) }
  }
  let isOver = false
  void interrupted.then((signal) => {
    if (isOver) return
    logger.info({ signal }, 'taking a last checkpoint; the same signal again ends at once')
    endHere(handle).catch((error: unknown) => {
      if (!isOver) logger.error({ error }, 'the last checkpoint failed; the job goes on')
    })
  })
  try {
    const result = await handle.finished.catch(async (error: unknown) => {
      // The job's error is the one to report.
      await told().catch((other: unknown) => logger.error({ error: other }, 'no profile'))
      throw error
    })
    const { status } = handle
    progress.end()
    const summary = summaryOf(result, status, progress.elapsedMs)
    const shown = await told()
    if (invocation.json) terminal.out(`${JSON.stringify({ ...result, status, ...shown })}\n`)
    else if (line === undefined) logger.info({ ...result, records: status.recordsIn }, summary)
    else terminal.err(`${summary}\n`)
    return exitCode('ok')
  } finally {
    isOver = true
    progress.end()
  }
}

/** A signal means this process, not the job: if somebody stands by, the job goes on there. */
async function endHere(handle: JobHandle): Promise<void> {
  try {
    await handle.handOver()
  } catch (error) {
    if (!isMillraceError(error)) throw error
    if (error.code !== 'STANDBY_MISSING' && error.code !== 'JOB_NOT_RUNNING') throw error
    // One that was not heard of in time goes on with the job all the same.
    await handle.stop({ leave: true })
  }
}

function loggerFor(
  { values }: ResolvedOptions,
  terminal: Terminal,
  line: StatusLine | undefined,
): Logger {
  const common = { now: () => Date.now(), level: values.logLevel }
  if (line === undefined) {
    return jsonLogger({ ...common, write: (text) => terminal.err(`${text}\n`) })
  }
  return textLogger({ ...common, color: terminal.color, write: (text) => line.above(text) })
}

function optionsOf({ intervalUs }: ProfileRequest): ProfileOptions {
  return intervalUs === undefined ? {} : { intervalUs }
}

function configOf(invocation: Invocation): { readonly config?: string } {
  const config = invocation.value('config')
  return config === undefined ? {} : { config }
}
