/** What the world is told of a job while it runs: lifecycle events, some of them log lines too. */
import type { CheckpointReport } from '../checkpoint/protocol.ts'
import { announce, publish } from '../metrics/events.ts'
import type { Logger } from '../metrics/log.ts'
import type { JobProgress } from './job-status.ts'

/** An attempt runs; before that, what it was restored from. */
export function announceStart(logger: Logger, progress: JobProgress): void {
  const { jobName: job, parallelism, restoredFrom, stateOpen, location } = progress
  if (restoredFrom !== undefined && stateOpen !== undefined) {
    const { initMs, prepareMs, confirmMs, completeMs } = stateOpen
    const durationMs = initMs + prepareMs + confirmMs + completeMs
    const restored = { job, checkpoint: restoredFrom, location, durationMs }
    announce(logger, 'millrace:job:restored', restored)
  }
  announce(logger, 'millrace:job:started', { job, parallelism })
}

/** A checkpoint has ended; the coordinator has logged it. */
export function publishReport(job: string, report: CheckpointReport): void {
  const event = { job, checkpoint: report.checkpointId }
  if (report.outcome === 'completed') {
    const { tasks: _tasks, ...figures } = report.statistics
    publish('millrace:checkpoint:completed', { ...event, ...figures })
  } else if (report.outcome === 'failed') {
    publish('millrace:checkpoint:failed', { ...event, error: report.error })
  }
}
