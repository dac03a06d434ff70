/** A checkpoint that has ended, or is slow, as a line of the log. */
import type { Logger } from '../metrics/log.ts'
import type { CheckpointReport, SlowCheckpoint } from './protocol.ts'

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
