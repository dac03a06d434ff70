/**
 * The life of a job in this process: claims its folder, takes the lead in its chain, and runs one
 * attempt after the other until one ends for good. It loads no user code; workers do.
 */
import type { RequestOutcome } from '../checkpoint/protocol.ts'
import { errorToData, isMillraceError, MillraceError } from '../errors.ts'
import { announce } from '../metrics/events.ts'
import type { Logger } from '../metrics/log.ts'
import { required } from '../util/assert.ts'
import type { Attempt } from './attempt.ts'
import type { AttemptOutcome } from './attempt-setup.ts'
import type { WorkerSpec } from './host.ts'
import { controlOf } from './job-control.ts'
import { configureJob, type ConfiguredJob, type JobMasterOptions } from './job-setup.ts'
import { announceStandby, announceStart, keepReport, regionEvents } from './job-events.ts'
import { type JobResult, resultOf, type RunEnding } from './job-result.ts'
import { JobProgress, type JobStatus } from './job-status.ts'
import { Leadership } from './leadership.ts'
import { newAttempt } from './new-attempt.ts'
import { RegionProgress } from './region-status.ts'
import { Restarts } from './restarts.ts'
import { workerSettings } from './run-options.ts'
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
  #ending: RunEnding | undefined
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
    const { statuses = [], importing, coordinator } = this.#attempt ?? {}
    const part = this.#leadership?.status
    return this.#progress.status(statuses, importing, coordinator?.underWay, part)
  }

  /** Runs the job to its end. `onRunning`: an attempt runs, or this process stands by. */
  async run(onRunning: () => void): Promise<JobResult> {
    const { host } = this.#options
    try {
      for (;;) {
        const outcome = await this.#runAttempt(onRunning)
        if (outcome.how !== 'failed') return await this.#result(outcome)
        this.#progress.lastError = errorToData(outcome.error)
        const delayMs = this.#restartDelay(outcome.error)
        this.#progress.state = 'restarting'
        announce(this.#logger, 'millrace:job:restarting', {
          job: this.#progress.jobName,
          attempt: this.#progress.attempts,
          delayMs,
          error: errorToData(outcome.error),
        })
        await host.clock.sleep(delayMs, this.#wake.signal)
        if (this.#ending === 'cancel') return await this.#result({ how: 'cancelled' })
      }
    } catch (error) {
      this.#progress.state = 'failed'
      this.#progress.endAttempt([], error)
      await this.#leadership?.fail(error)
      // A module that could not be loaded has not told its name.
      const job = this.#progress.jobName || (this.#options.moduleUrl ?? '')
      announce(this.#logger, 'millrace:job:failed', { job, error: errorToData(error) })
      throw error
    } finally {
      await this.#release()
    }
  }

  /** Asks for a checkpoint now. */
  checkpoint(full: boolean): Promise<RequestOutcome> {
    return this.#running().request('manual', undefined, full)
  }

  savepoint(directory: string): Promise<RequestOutcome> {
    return this.#running().request('savepoint', directory)
  }

  /**
   * A last checkpoint, its output committed, then the end; `run` resolves. The wish outlives the
   * attempt: if that fails on the way, the next one stops as soon as it runs. If only the
   * checkpoint fails, the job goes on and this throws.
   */
  async stop(savepoint: string | undefined, drain: boolean): Promise<void> {
    if (savepoint !== undefined) this.#running() // between two attempts nobody could write it
    this.#ending = 'stop'
    this.#wake.abort()
    const attempt = this.#attempt
    if (attempt === undefined || this.#progress.state !== 'running') return
    this.#progress.state = 'stopping'
    try {
      if (drain && savepoint !== undefined) await attempt.request('savepoint', savepoint)
      if (drain) attempt.drain()
      else await attempt.request('stop', savepoint)
    } catch (error) {
      if (this.#attempt !== attempt && savepoint === undefined) return
      if (this.#attempt !== attempt) throw error // it ends, but without the savepoint
      this.#ending = undefined
      this.#wake = new AbortController()
      this.#progress.state = 'running'
      throw error
    }
  }

  cancel(): void {
    this.#ending = 'cancel'
    this.#wake.abort()
    this.#attempt?.cancel()
  }

  /** A checkpoint, and then a standby leads. Throws `STANDBY_MISSING` if there is none. */
  async handOver(): Promise<void> {
    const attempt = this.#running()
    if ((await this.#leadership?.findsStandbys()) !== true) {
      throw new MillraceError('STANDBY_MISSING', `nobody stands by for ${this.#progress.jobName}`)
    }
    await attempt.request('manual')
    this.#ending = 'hand-over'
    this.#wake.abort()
    attempt.cancel()
  }

  async #runAttempt(onRunning: () => void): Promise<Outcome> {
    let failure: unknown
    const { workers, lost } = watchedWorkers(this.#options.host, () => {
      return { attempt: this.#attempt, job: this.#progress.jobName }
    })
    this.#workers = workers
    this.#progress.attempts++
    try {
      const attempt = await this.#prepare(workers, lost, onRunning)
      if ('how' in attempt) return attempt
      this.#attempt = attempt
      if (this.#ending === 'cancel') attempt.cancel()
      return await attempt.run(() => {
        this.#isFirst = false
        this.#progress.state = 'running'
        this.#progress.stateOpen = attempt.openTimings
        announceStart(this.#logger, this.#progress)
        onRunning()
        if (this.#ending === 'stop') void this.stop(undefined, false).catch(() => undefined)
      })
    } catch (error) {
      failure = error
      if (!isMillraceError(error)) throw error
      const isAvoidable =
        this.#progress.restoredFrom !== undefined && this.#restarts.canAvoid(error)
      // What else fails while the job starts for the first time is the caller's to see at once.
      if (this.#isFirst && !isAvoidable) throw error
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
    const { host, options } = this.#options
    const facts = await workers.start([this.#spec(0)])
    const configured = this.#configured ?? (await this.#configure(facts.name, facts.options))
    const { resolved, paths, memory } = configured
    const { values } = resolved
    const others = Array.from({ length: values.parallelism - 1 }, (_, at) => this.#spec(at + 1))
    if (others.length > 0) await workers.start(others)
    const settings = workerSettings(resolved, facts.name, {
      paths,
      memoryBytes: memory.bytes,
      ...host.bounds,
    })
    const { params = {} } = options
    const configure = { kind: 'configure', params, settings } as const
    const planned = await workers.configure(configure)
    const lead = await this.#lead(configured, planned, lost, onStandby)
    if ('how' in lead) return lead
    if (lead.stops) this.#ending = 'stop'
    this.#progress.hadFinished = this.#isFirst && lead.restored?.finished === true
    this.#progress.params = planned.params
    this.#progress.regions = new RegionProgress(planned.plan)
    this.#progress.restoredFrom = lead.restored?.checkpointId
    // Who has taken over does not give up at the first failure: nobody watches this start.
    if (values.standby) this.#isFirst = false
    return newAttempt({
      host,
      configured,
      settings,
      workers,
      lead,
      logger: this.#logger,
      onReport: (report) => keepReport(this.#progress, report, host.clock.now()),
      replaceWorker: (index) => workers.replace(this.#spec(index), configure, planned.plan),
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
    const { host } = this.#options
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
      lead: leadWish(configured, planned, { host, isFirst, readsAll, logger }),
    })
  }

  /** Once, when the first worker has told the job's name and its options in code. */
  async #configure(jobName: string, code: object): Promise<ConfiguredJob> {
    this.#progress.jobName = jobName
    const configured = (this.#configured = await configureJob(this.#options, jobName, code))
    const { values } = configured.resolved
    this.#progress.parallelism = values.parallelism
    this.#progress.location = configured.store.location
    this.#leadership = new Leadership(configured, {
      host: this.#options.host,
      logger: this.#logger,
      jobName,
      control: controlOf(this),
      onSuperseded: (error) => this.#attempt?.lost(errorToData(error)),
    })
    if (!values.standby) await this.#leadership.claim()
    return configured
  }

  #spec(index: number): WorkerSpec {
    const { moduleUrl, job } = this.#options
    return { index, moduleUrl, job: moduleUrl === undefined ? job : undefined }
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
    return resultOf(outcome, {
      progress: this.#progress,
      configured: this.#configured,
      leadership: this.#leadership,
      logger: this.#logger,
      ending: this.#ending,
    })
  }

  async #release(): Promise<void> {
    await this.#workers?.close()
    await this.#leadership?.release()
    await this.#configured?.store.close()
    await this.#leadership?.releaseFolder()
    this.#configured?.memory.release()
  }
}
