/**
 * The life of a job in this process: claims its folder, takes the lead in its chain, and runs one
 * attempt after the other until one ends for good. It loads no user code; workers do.
 */
import type { CheckpointReport, RequestOutcome } from '../checkpoint/protocol.ts'
import { writeSavepoint } from '../checkpoint/savepoint.ts'
import { errorToData, isMillraceError, MillraceError } from '../errors.ts'
import { announce, publish } from '../metrics/events.ts'
import type { Logger } from '../metrics/log.ts'
import { required } from '../util/assert.ts'
import { Attempt } from './attempt.ts'
import type { AttemptOutcome } from './attempt-setup.ts'
import type { WorkerSpec } from './host.ts'
import { controlOf } from './job-control.ts'
import {
  configureJob,
  deleteIfAsked,
  protocolOptions,
  startOf,
  type ConfiguredJob,
  type JobMasterOptions,
} from './job-setup.ts'
import { announceStart, publishReport, regionEvents } from './job-events.ts'
import { JobProgress, type JobStatus } from './job-status.ts'
import { takeLead } from './lead.ts'
import { RegionProgress } from './region-status.ts'
import { Restarts } from './restarts.ts'
import { workerSettings } from './run-options.ts'
import { WorkerSet } from './worker-set.ts'

/** How a run ended, if it did not fail. */
export interface JobResult {
  readonly outcome: 'finished' | 'stopped' | 'cancelled'
  /** The checkpoint it ended with. */
  readonly checkpointId: number | undefined
  /** The job had finished before this run; only its last output was committed again. */
  readonly hadFinished: boolean
}

export class JobMaster {
  readonly #options: JobMasterOptions
  readonly #progress: JobProgress
  #configured: ConfiguredJob | undefined
  #workers: WorkerSet | undefined
  #attempt: Attempt | undefined
  readonly #restarts: Restarts
  #ending: 'stop' | 'cancel' | undefined
  #wake = new AbortController()
  /** Of the newest attempt; 0 before the first has the lead. */
  #leaderEpoch = 0
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
    const attempt = this.#attempt
    const underWay = attempt?.coordinator.underWay
    return this.#progress.status(attempt?.statuses ?? [], attempt?.importing, underWay)
  }

  /** Runs the job to its end. `onRunning` is called each time an attempt runs. */
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

  async #runAttempt(onRunning: () => void): Promise<AttemptOutcome> {
    let failure: unknown
    const workers = new WorkerSet(this.#options.host, {
      message: (worker, message) => this.#attempt?.message(worker, message),
      lost: (error) => {
        const worker = Number(error.details['worker'] ?? 0)
        publish('millrace:worker:lost', { job: this.#progress.jobName, worker, error })
        this.#attempt?.lost(error)
      },
      workerLost: (worker, error) => {
        if (this.#attempt?.workerLost(worker, error) !== true) return false
        publish('millrace:worker:lost', { job: this.#progress.jobName, worker, error })
        return true
      },
    })
    this.#workers = workers
    this.#progress.attempts++
    try {
      const attempt = await this.#prepare(workers)
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

  /** Everything before records flow: load, resolve, claim, plan, take the lead. */
  async #prepare(workers: WorkerSet): Promise<Attempt> {
    const { host, options } = this.#options
    const facts = await workers.start([this.#spec(0)])
    const configured = this.#configured ?? (await this.#configure(facts.name, facts.options))
    const { resolved, paths, store, memory } = configured
    const { values } = resolved
    const others = Array.from({ length: values.parallelism - 1 }, (_, at) => this.#spec(at + 1))
    if (others.length > 0) await workers.start(others)
    const settings = workerSettings(resolved, facts.name, {
      paths,
      memoryBytes: memory.bytes,
      ...(host.ringBytes === undefined ? {} : { ringBytes: host.ringBytes }),
    })
    const { params = {} } = options
    const configure = { kind: 'configure', params, settings } as const
    const planned = await workers.configure(configure)
    const lead = await takeLead({
      host,
      store,
      plan: planned.plan,
      params: planned.params,
      ...startOf(values, this.#isFirst),
      changes: { drop: values.drop, renamed: values.renamed },
      readsAll: this.#restarts.readsAll,
      leader: configured.leader,
      formerEpoch: this.#leaderEpoch,
      logger: this.#logger,
    })
    this.#progress.hadFinished = this.#isFirst && lead.restored?.finished === true
    this.#leaderEpoch = lead.job.leaderEpoch
    this.#progress.params = planned.params
    this.#progress.regions = new RegionProgress(planned.plan)
    this.#progress.restoredFrom = lead.restored?.checkpointId
    return new Attempt({
      ...lead,
      host,
      workers,
      settings,
      store,
      protocol: protocolOptions(values),
      keep: values['checkpointing.keep'],
      logger: this.#logger,
      writeSavepoint: async (link, directory) => {
        const target = await host.openStore(directory)
        await writeSavepoint(store, link, target)
        await target.close()
      },
      onReport: (report) => this.#report(report),
      replaceWorker: (index) => workers.replace(this.#spec(index), configure, planned.plan),
      regionDelayMs: (error) => this.#restartDelay(error, true),
      ...regionEvents(this.#logger, this.#progress),
      at: (point) => host.at(point),
    })
  }

  /** Once, when the first worker has told the job's name and its options in code. */
  async #configure(jobName: string, code: object): Promise<ConfiguredJob> {
    this.#progress.jobName = jobName
    const configured = await configureJob(this.#options, jobName, code)
    this.#configured = configured
    configured.claim.serve(controlOf(this))
    this.#progress.parallelism = configured.resolved.values.parallelism
    this.#progress.location = configured.store.location
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

  async #result(outcome: Exclude<AttemptOutcome, { how: 'failed' }>): Promise<JobResult> {
    this.#progress.state = outcome.how
    const job = this.#progress.jobName
    if (outcome.how === 'cancelled') {
      announce(this.#logger, 'millrace:job:cancelled', { job })
      await deleteIfAsked(this.#configured, this.#leaderEpoch)
      return { outcome: 'cancelled', checkpointId: undefined, hadFinished: false }
    }
    const { how, checkpointId } = outcome
    announce(this.#logger, `millrace:job:${how}`, { job, checkpoint: checkpointId })
    return { outcome: how, checkpointId, hadFinished: this.#progress.hadFinished }
  }

  async #release(): Promise<void> {
    await this.#workers?.close()
    await this.#configured?.store.close()
    await this.#configured?.claim.release()
    this.#configured?.memory.release()
  }

  /** The coordinator has logged it; here it becomes an event and part of the status. */
  #report(report: CheckpointReport): void {
    this.#progress.report(report, this.#options.host.clock.now())
    publishReport(this.#progress.jobName, report)
  }
}
