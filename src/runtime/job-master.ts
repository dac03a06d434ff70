/**
 * The life of a job in this process: claims its folder, takes the lead in its chain, and runs one
 * attempt after the other until one ends for good. It loads no user code; workers do.
 */
import type { RequestOutcome } from '../checkpoint/protocol.ts'
import { errorToData, isMillraceError, MillraceError } from '../errors.ts'
import type { Logger } from '../metrics/log.ts'
import { required } from '../util/assert.ts'
import type { Attempt } from './attempt.ts'
import type { AttemptOutcome } from './attempt-setup.ts'
import { controlOf } from './job-control.ts'
import { configureJob, type ConfiguredJob, type JobMasterOptions } from './job-setup.ts'
import {
  announceFailure,
  announceRestart,
  announceStandby,
  announceStart,
  keepReport,
  regionEvents,
} from './job-events.ts'
import { type JobResult, resultOf, type RunEnding } from './job-result.ts'
import { type Erasure, Erasures } from './erasures.ts'
import { JobProgress, type JobStatus } from './job-status.ts'
import { Leadership } from './leadership.ts'
import { newAttempt } from './new-attempt.ts'
import type { JobProfile } from './profile/job-profile.ts'
import { RegionProgress } from './region-status.ts'
import { Restarts } from './restarts.ts'
import { startWorkers } from './start-workers.ts'
import { requireRoomIn, Stopping } from './stopping.ts'
import { leadWish, type StoodBy, type Taken, takeTurn } from './take-turn.ts'
import { watchedWorkers } from './watched-workers.ts'
import type { Planned, WorkerSet } from './worker-set.ts'

type Outcome = AttemptOutcome | StoodBy

export class JobMaster {
  readonly #options: JobMasterOptions
  readonly #progress: JobProgress
  #configured: ConfiguredJob | undefined
  #workers: WorkerSet | undefined
  #attempt: Attempt | undefined
  readonly #restarts: Restarts
  #leadership: Leadership | undefined
  readonly #erasures = new Erasures()
  #ending: RunEnding | undefined
  #stopping: Stopping | undefined
  #wake = new AbortController()
  /** Steps of the start that only the first attempt takes. */
  #isFirst = true

  constructor(options: JobMasterOptions) {
    this.#options = options
    this.#progress = new JobProgress(options.host.clock.now())
    this.#restarts = new Restarts(options.host)
  }

  get #logger(): Logger {
    return this.#options.logger.child({ job: this.#progress.jobName })
  }

  get status(): JobStatus {
    const { statuses = [], importing, checkpointing } = this.#attempt ?? {}
    return this.#progress.status(statuses, importing, checkpointing, this.#leadership?.status)
  }

  /** Of the workers that have ended; undefined: none was asked for, or none has. */
  get profile(): JobProfile | undefined {
    return this.#progress.profile
  }

  /** Runs the job to its end. `onRunning`: an attempt runs, or this process stands by. */
  async run(onRunning: () => void): Promise<JobResult> {
    const { host } = this.#options
    try {
      for (;;) {
        const outcome = await this.#runAttempt(onRunning)
        if (this.#erasures.follow(outcome) && this.#stopping === undefined) continue
        if (outcome.how !== 'failed') return await this.#result(outcome)
        this.#progress.lastError = errorToData(outcome.error)
        const delayMs = this.#restartDelay(outcome.error)
        announceRestart(this.#logger, this.#progress, delayMs, outcome.error)
        await host.clock.sleep(delayMs, this.#wake.signal)
        if (this.#ending === 'cancel') return await this.#result({ how: 'cancelled' })
      }
    } catch (error) {
      await this.#leadership?.fail(error)
      announceFailure(this.#logger, this.#progress, this.#options.moduleUrl, error)
      throw error
    } finally {
      this.#stopping?.jobEnded()
      this.#erasures.jobEnded()
      await this.#release()
    }
  }

  /** Asks for a checkpoint now. */
  checkpoint(full: boolean): Promise<RequestOutcome> {
    return this.#running().request('manual', undefined, full)
  }

  /** Tries again what an operator has parked; erases a subject, and goes on without it. */
  release(...wish: Parameters<Attempt['release']>): ReturnType<Attempt['release']> {
    return this.#running().release(...wish)
  }

  erase(subject: Uint8Array): Promise<Erasure> {
    return this.#erasures.erase(subject, () => this.#running(), this.#configured?.vaults)
  }

  async savepoint(directory: string): Promise<RequestOutcome> {
    await requireRoomIn(this.#configured ?? this.#options, directory)
    return await this.#running().request('savepoint', directory)
  }

  /**
   * A last checkpoint, its output committed, then the end; `run` resolves. With `drain` the input
   * ends first, and what that fires is in the checkpoint; with `leaves` standbys go on. The wish
   * outlives the attempt. If only the checkpoint fails, the job goes on and this throws.
   */
  async stop(savepoint: string | undefined, drain: boolean, leaves = false): Promise<void> {
    if (this.#stopping !== undefined) return await this.#stopping.join(savepoint)
    const isIdle = this.#progress.hasEnded || this.#progress.state === 'standby'
    if (savepoint !== undefined && isIdle) this.#running()
    if (this.#progress.hasEnded) return
    const stopping = new Stopping(savepoint, drain, leaves)
    this.#stopping = stopping
    if (!(await stopping.isPossible(this.#configured ?? this.#options))) this.#stopping = undefined
    else this.#wake.abort()
    const isAsked = this.#stopping === undefined || this.#progress.state !== 'running'
    if (!isAsked && this.#attempt !== undefined) void this.#stopAttempt(this.#attempt, stopping)
    return await stopping.done
  }

  async #stopAttempt(attempt: Attempt, stopping: Stopping): Promise<void> {
    this.#progress.state = 'stopping'
    if (await stopping.ask(attempt)) return
    this.#stopping = undefined
    this.#wake = new AbortController()
    this.#progress.state = 'running'
  }

  cancel(): void {
    this.#ending = 'cancel'
    this.#wake.abort()
    this.#attempt?.cancel()
  }

  /** A checkpoint, and then a standby leads. Throws `STANDBY_MISSING` if there is none. */
  async handOver(): Promise<void> {
    const attempt = this.#running()
    await this.#leadership?.requireStandbys()
    await attempt.request('manual')
    this.#ending = 'hand-over'
    this.#wake.abort()
    attempt.cancel()
  }

  async #runAttempt(onRunning: () => void): Promise<Outcome> {
    let failure: unknown
    const { workers, lost } = watchedWorkers(this.#options, this.#progress, () => this.#attempt)
    this.#workers = workers
    this.#progress.attempts++
    try {
      const attempt = await this.#prepare(workers, lost, onRunning)
      if ('how' in attempt) return attempt
      this.#attempt = attempt
      if (this.#ending === 'cancel') attempt.cancel()
      return await attempt.run(() => {
        this.#isFirst = false
        this.#erasures.running()
        announceStart(this.#logger, this.#progress, attempt.openTimings)
        onRunning()
        if (this.#stopping !== undefined) void this.#stopAttempt(attempt, this.#stopping)
      })
    } catch (error) {
      failure = error
      if (!isMillraceError(error)) throw error
      const hasOthers = this.#progress.restoredFrom !== undefined
      // What else fails while the job starts for the first time is the caller's to see at once.
      if (this.#isFirst && !(hasOthers && this.#restarts.canAvoid(error))) throw error
      return { how: 'failed', error }
    } finally {
      const attempt = this.#attempt
      await attempt?.close()
      await workers.close()
      // Together, so that a status in between counts no record twice.
      this.#progress.endAttempt(attempt?.statuses ?? [], failure)
      this.#attempt = undefined
    }
  }

  /** Everything before records flow: load, resolve, claim, plan, stand by, take the lead. */
  async #prepare(
    workers: WorkerSet,
    lost: AbortSignal,
    onStandby: () => void,
  ): Promise<Attempt | StoodBy> {
    const start = { ...this.#options, readsAll: this.#restarts.readsAll }
    const started = await startWorkers(workers, start, (name, code) => this.#configure(name, code))
    const { planned, ...parts } = started
    const { host, resolved } = parts.configured
    const lead = await this.#lead(parts.configured, planned, lost, onStandby)
    if ('how' in lead) return lead
    if (lead.stops) this.#stopping ??= new Stopping(undefined, false)
    this.#progress.hadFinished = this.#isFirst && lead.restored?.finished === true
    this.#progress.params = planned.params
    this.#progress.regions = new RegionProgress(planned.plan)
    this.#progress.restoredFrom = lead.restored?.checkpointId
    // Who has taken over does not give up at the first failure: nobody watches this start.
    if (resolved.values.standby) this.#isFirst = false
    return newAttempt({
      host,
      ...parts,
      workers,
      lead,
      failures: this.#progress.attempts - 1,
      logger: this.#logger,
      stopping: () => this.#stopping,
      onReport: (report) => keepReport(this.#progress, report, host.clock.now()),
      regionDelayMs: (error) => this.#restartDelay(error, true),
      ...regionEvents(this.#logger, this.#progress),
    })
  }

  /** Takes the lead: a standby when it is time. */
  #lead(
    configured: ConfiguredJob,
    planned: Planned,
    lost: AbortSignal,
    onStandby: () => void,
  ): Promise<Taken | StoodBy> {
    const { host } = configured
    const [isFirst, logger, { readsAll }] = [this.#isFirst, this.#logger, this.#restarts]
    return takeTurn({
      leadership: required(this.#leadership, 'it is configured'),
      standsBy: configured.resolved.values.standby && isFirst,
      abort: this.#wake.signal,
      lost,
      onStandby: () => {
        announceStandby(logger, this.#progress)
        onStandby()
      },
      lead: leadWish(configured, planned, {
        host,
        isFirst,
        readsAll,
        erasures: this.#erasures,
        logger,
      }),
    })
  }

  /** Once, when the first worker has told the job's name and its options in code. */
  async #configure(jobName: string, code: object): Promise<ConfiguredJob> {
    if (this.#configured !== undefined) return this.#configured
    this.#progress.jobName = jobName
    const configured = (this.#configured = await configureJob(this.#options, jobName, code))
    const { values } = configured.resolved
    this.#progress.parallelism = values.parallelism
    this.#progress.location = configured.store.location
    this.#leadership = new Leadership(configured, {
      host: configured.host,
      logger: this.#logger,
      jobName,
      control: controlOf(this, configured.store),
      onSuperseded: (error) => this.#attempt?.lost(errorToData(error)),
    })
    if (!values.standby) await this.#leadership.claim()
    return configured
  }

  #running(): Attempt {
    if (this.#attempt !== undefined && this.#progress.state === 'running') return this.#attempt
    throw new MillraceError('JOB_NOT_RUNNING', `the job is ${this.#progress.state}`)
  }

  #restartDelay(error: MillraceError, isRegion = false): number {
    const { values } = required(this.#configured, 'failed before it was configured').resolved
    if (this.#ending === 'cancel') throw error
    // Only the whole job can choose another checkpoint.
    if (isRegion && this.#restarts.canAvoid(error)) throw error
    return this.#restarts.delayMs(error, values)
  }

  #result(outcome: Exclude<Outcome, { how: 'failed' }>): Promise<JobResult> {
    const [progress, configured] = [this.#progress, this.#configured]
    const [leadership, logger, ending] = [this.#leadership, this.#logger, this.#ending]
    const run = { host: this.#options.host, progress, configured, leadership, logger, ending }
    return resultOf(outcome, { ...run, leaves: this.#stopping?.leaves === true })
  }

  async #release(): Promise<void> {
    await this.#workers?.close()
    await this.#leadership?.release()
    await this.#configured?.close()
    await this.#leadership?.releaseFolder()
    this.#configured?.memory.release()
  }
}
