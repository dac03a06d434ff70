/** How a running job is, again and again: one live line on a terminal, log lines otherwise. */
import type { Logger } from '../metrics/log.ts'
import type { JobResult } from '../runtime/job-result.ts'
import type { JobStatus, LeadershipStatus } from '../runtime/job-status.ts'
import type { JobHandle } from '../runtime/job-handle.ts'
import { formatBytes, formatCount, formatDuration } from './format.ts'
import type { StatusLine } from './progress.ts'

const lineEveryMs = 500
const logEveryMs = 10_000

export interface ProgressTargets {
  readonly logger: Logger
  readonly line: StatusLine | undefined
}

export class RunProgress {
  readonly #handle: JobHandle
  readonly #targets: ProgressTargets
  readonly #startedMs = performance.now()
  readonly #timer: NodeJS.Timeout
  #lastMs = this.#startedMs
  #lastRecords: number

  constructor(handle: JobHandle, targets: ProgressTargets) {
    this.#handle = handle
    this.#targets = targets
    this.#lastRecords = handle.status.recordsIn
    this.#timer = setInterval(
      () => this.#show(),
      targets.line === undefined ? logEveryMs : lineEveryMs,
    )
    this.#timer.unref()
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedMs
  }

  end(): void {
    clearInterval(this.#timer)
    this.#targets.line?.clear()
  }

  #show(): void {
    const { status } = this.#handle
    const nowMs = performance.now()
    const records = status.recordsIn - this.#lastRecords
    const perSecond = (records * 1000) / Math.max(1, nowMs - this.#lastMs)
    this.#lastMs = nowMs
    this.#lastRecords = status.recordsIn
    const { line, logger } = this.#targets
    if (line !== undefined) return line.show(statusLine(status, perSecond, Date.now()))
    const { state, recordsIn, recordsOut, backend, checkpoints } = status
    const facts = { state, recordsIn, recordsOut, recordsPerSecond: Math.round(perSecond) }
    const stateBytes = backend.estimatedBytes
    logger.info({ ...facts, stateBytes, checkpoints: checkpoints.completed }, 'progress')
  }
}

/** `words running · 3.2 M records/s · 41 M records · checkpoint 12, 4 s ago, 31 KiB · …` */
export function statusLine(status: JobStatus, perSecond: number, nowMs: number): string {
  const { jobName, state, recordsIn, backend, checkpoints } = status
  const { last, failed } = checkpoints
  if (status.leadership?.role === 'standby') return standbyLine(jobName, status.leadership)
  const parts = [`${jobName} ${state}`, `${formatCount(perSecond)} records/s`]
  parts.push(`${formatCount(recordsIn)} records`)
  if (last === undefined) parts.push('no checkpoint yet')
  else {
    const age = formatDuration(Math.max(0, nowMs - last.completedAt))
    parts.push(`checkpoint ${last.checkpointId}, ${age} ago, ${formatBytes(last.statistics.bytes)}`)
  }
  if (failed > 0) parts.push(`${failed} failed`)
  parts.push(`state ${formatBytes(backend.estimatedBytes)}`)
  return parts.join(' · ')
}

/** `words standby · process 4711 on host leads · follows link 12` */
function standbyLine(
  jobName: string,
  { leader, follows }: Extract<LeadershipStatus, { role: 'standby' }>,
): string {
  const who =
    leader === undefined ? 'waiting for a leader' : `process ${leader.pid} on ${leader.host} leads`
  const what = follows === 0 ? 'nothing yet' : `link ${follows}`
  return `${jobName} standby · ${who} · follows ${what}`
}

/** What a run has done, in a sentence. */
export function summaryOf(result: JobResult, status: JobStatus, elapsedMs: number): string {
  const { jobName, recordsIn, checkpoints } = status
  if (result.stoodBy) return `stood by for ${jobName} until it was ${result.outcome}`
  if (result.hadFinished) {
    return `${jobName} had finished before; run it with --fresh to process its input again`
  }
  const rate = formatCount((recordsIn * 1000) / Math.max(1, elapsedMs))
  const done = `${formatCount(recordsIn)} records in ${formatDuration(elapsedMs)} (${rate}/s)`
  const count = `${checkpoints.completed} checkpoint${checkpoints.completed === 1 ? '' : 's'}`
  return `${jobName} ${result.outcome}: ${done}, ${count} in ${checkpoints.location}`
}
