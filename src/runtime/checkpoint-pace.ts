/**
 * How far apart the checkpoints of an attempt are, and why: measures what the adaptive interval
 * needs (`adaptive-interval.ts`), and knows whether sources are catching up. Tells the coordinator
 * when either changes.
 */
import {
  chooseInterval,
  describeInterval,
  type IntervalMeasures,
  type IntervalReason,
} from '../checkpoint/adaptive-interval.ts'
import type { WorkerStatus } from '../checkpoint/messages.ts'
import type { CheckpointReport } from '../checkpoint/protocol.ts'

export interface PaceOptions {
  /** As stated; what the adaptive one begins with. */
  readonly intervalMs: number
  /** 0: the interval is as stated. */
  readonly recoveryTargetMs: number
  readonly restartDelayMs: number
  /** Undefined: like at other times; 0: none. */
  readonly intervalDuringBacklogMs: number | undefined
}

/** The interval between checkpoints, as `status` shows it. */
export interface PaceStatus {
  /** 0: none are taken now. */
  readonly intervalMs: number
  readonly reason: IntervalReason | 'stated' | 'backlog'
  readonly explanation: string
}

export interface PaceHost {
  monotonic(): number
  changeInterval(intervalMs: number): void
  changeBacklog(isBacklog: boolean): void
  /** The adaptive interval is another one now. */
  changed(status: PaceStatus): void
}

/** Without failures of its own a job is taken to fail once a day. */
const BETWEEN_FAILURES_MS = 24 * 3_600_000
/** Rates are means over so long. */
const WINDOW_MS = 2_000
/** What cannot be measured yet: state is taken to be read at this rate. */
const RESTORE_BYTES_PER_MS = 50_000
const SHARE_LEAST = 0.05
/** Smaller changes are not worth one. */
const CHANGE_LEAST = 0.1
/** Of a new measure in the mean. */
const WEIGHT = 0.3

export class CheckpointPace {
  readonly #options: PaceOptions
  readonly #host: PaceHost
  readonly #failures: number
  readonly #startedAtMs: number
  #restoreMs = 0
  #stateBytes = 0
  #checkpointMs: number | undefined
  #window: { readonly atMs: number; readonly records: number } | undefined
  #rate = 0
  #fastest = 0
  #isBacklog = false
  #chosen: PaceStatus

  /** @param failures attempts before this one. */
  constructor(options: PaceOptions, failures: number, host: PaceHost) {
    this.#options = options
    this.#host = host
    this.#failures = failures
    this.#startedAtMs = host.monotonic()
    const isAdaptive = options.recoveryTargetMs > 0
    const explanation = isAdaptive ? 'nothing has been measured yet' : 'as stated'
    this.#chosen = { intervalMs: options.intervalMs, reason: 'stated', explanation }
  }

  get status(): PaceStatus {
    const { intervalDuringBacklogMs } = this.#options
    if (!this.#isBacklog || intervalDuringBacklogMs === undefined) return this.#chosen
    const explanation = 'a source is catching up'
    return { intervalMs: intervalDuringBacklogMs, reason: 'backlog', explanation }
  }

  /** The workers run; how long their state took to be there. */
  restored(durationMs: number): void {
    this.#restoreMs = durationMs
  }

  /** @param bounded a bounded source has not been read to its end. */
  observe(workers: readonly WorkerStatus[], bounded: boolean): void {
    const isBacklog = bounded || workers.some(({ backlog }) => backlog.length > 0)
    if (isBacklog !== this.#isBacklog) {
      this.#isBacklog = isBacklog
      this.#host.changeBacklog(isBacklog)
    }
    const records = workers.reduce((sum, worker) => sum + worker.recordsIn, 0)
    this.#stateBytes = workers.reduce((sum, { backend }) => sum + backend.estimatedBytes, 0)
    const atMs = this.#host.monotonic()
    const since = (this.#window ??= { atMs, records })
    if (atMs - since.atMs < WINDOW_MS) return
    const rate = Math.max(0, records - since.records) / (atMs - since.atMs)
    this.#rate = mean(this.#rate, rate)
    this.#fastest = Math.max(this.#fastest, rate)
    this.#window = { atMs, records }
  }

  report(report: CheckpointReport): void {
    if (report.outcome !== 'completed' || this.#options.recoveryTargetMs === 0) return
    const { initMs, prepareMs, confirmMs } = report.statistics
    const tookMs = initMs + prepareMs + confirmMs
    this.#checkpointMs =
      this.#checkpointMs === undefined ? tookMs : mean(this.#checkpointMs, tookMs)
    this.#choose(this.#checkpointMs)
  }

  #choose(checkpointMs: number): void {
    const measures = this.#measures(checkpointMs)
    const chosen = chooseInterval(measures)
    const { intervalMs, reason } = this.#chosen
    const change = Math.abs(chosen.intervalMs - intervalMs) / Math.max(1, intervalMs)
    if (change < CHANGE_LEAST && reason === chosen.reason) return
    this.#chosen = { ...chosen, explanation: describeInterval(chosen, measures) }
    this.#host.changeInterval(chosen.intervalMs)
    this.#host.changed(this.#chosen)
  }

  #measures(checkpointMs: number): IntervalMeasures {
    const { recoveryTargetMs, restartDelayMs } = this.#options
    const restoreMs = Math.max(this.#restoreMs, this.#stateBytes / RESTORE_BYTES_PER_MS)
    const share = this.#fastest === 0 ? 1 : this.#rate / this.#fastest
    const upMs = this.#host.monotonic() - this.#startedAtMs
    return {
      targetMs: recoveryTargetMs,
      checkpointMs,
      restartMs: restartDelayMs + restoreMs,
      replayShare: Math.min(1, Math.max(SHARE_LEAST, share)),
      betweenFailuresMs: (BETWEEN_FAILURES_MS + upMs) / (1 + this.#failures),
    }
  }
}

function mean(former: number, next: number): number {
  return former + WEIGHT * (next - former)
}
