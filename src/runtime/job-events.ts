/** What the world is told of a job while it runs: lifecycle events, some of them log lines too. */
import type { CheckpointReport } from '../checkpoint/protocol.ts'
import { errorToData, type MillraceError } from '../errors.ts'
import { announce, publish } from '../metrics/events.ts'
import type { Region } from '../graph/regions.ts'
import type { PhaseTimings } from '../state/backend.ts'
import type { Logger } from '../metrics/log.ts'
import type { AttemptSetup } from './attempt-setup.ts'
import type { PaceStatus } from './checkpoint-pace.ts'
import type { JobProgress } from './job-status.ts'
import { namesOf } from './plan-tasks.ts'
import { type StuckWorker, stuckWhere } from './worker-watch.ts'

/** An attempt runs; before that, what it was restored from. */
export function announceStart(
  logger: Logger,
  progress: JobProgress,
  timings: PhaseTimings | undefined,
): void {
  progress.state = 'running'
  progress.stateOpen = timings
  const { jobName: job, parallelism, restoredFrom, stateOpen, location } = progress
  if (restoredFrom !== undefined && stateOpen !== undefined) {
    const { initMs, prepareMs, confirmMs, completeMs } = stateOpen
    const durationMs = initMs + prepareMs + confirmMs + completeMs
    const restored = { job, checkpoint: restoredFrom, location, durationMs }
    announce(logger, 'millrace:job:restored', restored)
  }
  announce(logger, 'millrace:job:started', { job, parallelism })
}

/** What an attempt calls when regions of the job fail and run again. */
export function regionEvents(
  logger: Logger,
  progress: JobProgress,
): Pick<AttemptSetup, 'onRegionFailed' | 'onRegionRestarted'> {
  const { jobName: job } = progress
  const tasksOf = (region: Region): string =>
    progress.regions === undefined ? '' : namesOf(region, progress.regions.plan).join(', ')
  return {
    onRegionFailed(failure) {
      const { region, task, delayMs, error } = failure
      progress.regions?.failed(failure)
      const tasks = tasksOf(region)
      announce(logger, 'millrace:region:failed', { job, tasks, task, delayMs, error })
    },
    onRegionRestarted(restart) {
      const { region, checkpointId: checkpoint, durationMs } = restart
      progress.regions?.restarted(restart)
      const tasks = tasksOf(region)
      announce(logger, 'millrace:region:restarted', { job, tasks, checkpoint, durationMs })
    },
  }
}

/** An attempt has failed, and another follows after the delay. */
export function announceRestart(
  logger: Logger,
  progress: JobProgress,
  delayMs: number,
  error: MillraceError,
): void {
  progress.state = 'restarting'
  const { jobName: job, attempts: attempt } = progress
  announce(logger, 'millrace:job:restarting', { job, attempt, delayMs, error: errorToData(error) })
}

/** The job has failed for good. */
export function announceFailure(
  logger: Logger,
  progress: JobProgress,
  moduleUrl: string | undefined,
  error: unknown,
): void {
  progress.state = 'failed'
  progress.endAttempt([], error)
  // A module that could not be loaded has not told its name.
  const job = progress.jobName || (moduleUrl ?? '')
  announce(logger, 'millrace:job:failed', { job, error: errorToData(error) })
}

/** The interval between checkpoints was worked out anew. */
export function announceInterval(logger: Logger, job: string, pace: PaceStatus): void {
  const { intervalMs, reason, explanation } = pace
  announce(logger, 'millrace:checkpoint:interval', { job, intervalMs, reason, explanation })
}

/** This process can take over from now on. */
export function announceStandby(logger: Logger, progress: JobProgress): void {
  progress.state = 'standby'
  announce(logger, 'millrace:job:standing-by', { job: progress.jobName })
}

/** A call of a worker does not return. */
export function announceStuck(logger: Logger, job: string, stuck: StuckWorker): void {
  announce(logger, 'millrace:worker:stuck', { job, where: stuckWhere(stuck), ...stuck })
}

/** A checkpoint has ended, and was logged: here it becomes an event and part of the status. */
export function keepReport(progress: JobProgress, report: CheckpointReport, nowMs: number): void {
  progress.report(report, nowMs)
  const event = { job: progress.jobName, checkpoint: report.checkpointId }
  if (report.outcome === 'completed') {
    const { tasks: _tasks, ...figures } = report.statistics
    publish('millrace:checkpoint:completed', { ...event, ...figures })
  } else if (report.outcome === 'failed') {
    publish('millrace:checkpoint:failed', { ...event, error: report.error })
  } else if (report.outcome === 'slow') {
    const { phase, runningMs, reasons, cure } = report.slow
    publish('millrace:checkpoint:slow', { ...event, phase, runningMs, reasons, cure })
  }
}
