/** What happens to checkpoints, as events and lines of the log. */
import { announce } from '../metrics/events.ts'
import type { Logger } from '../metrics/log.ts'
import type { CheckpointReport, SlowCheckpoint } from './protocol.ts'

/** A checkpoint has begun. */
export function announceTriggered(logger: Logger, job: string, checkpoint: number): void {
  announce(logger, 'millrace:checkpoint:triggered', { job, checkpoint })
}

/** A savepoint was written, whole and for good. */
export function announceSavepoint(
  logger: Logger,
  job: string,
  checkpoint: number,
  location: string,
): void {
  announce(logger, 'millrace:savepoint:completed', { job, checkpoint, location })
}

/** A checkpoint has ended, or is slow. */
export function logReport(logger: Logger, report: CheckpointReport): void {
  const fields = { checkpoint: report.checkpointId, purpose: report.purpose }
  if (report.outcome === 'failed') {
    logger.warn({ ...fields, code: report.error.code }, report.error.message)
  } else if (report.outcome === 'slow') {
    const { phase, runningMs, acknowledged, tasks, cure } = report.slow
    const figures = { ...fields, phase, runningMs, acknowledged, tasks, cure }
    logger.warn(figures, slowMessage(report.slow))
  } else if (report.outcome === 'slow-commit') {
    const { waitingForWorkers } = report
    logger.warn({ ...fields, waitingForWorkers }, 'output is not committed yet; asked again')
  } else {
    const { tasks: _tasks, ...figures } = report.statistics
    const level = report.outcome === 'completed' ? 'info' : 'debug'
    logger[level]({ ...fields, ...figures }, `checkpoint ${report.checkpointId} ${report.outcome}`)
  }
}

/** One line: how long, in which phase, and what it waits for. */
function slowMessage({ checkpointId, phase, runningMs, reasons }: SlowCheckpoint): string {
  const seconds = Math.round(runningMs / 1000)
  const why = reasons.join('; ')
  return `checkpoint ${checkpointId} is slow: ${seconds} s, in phase ${phase}: ${why}`
}
