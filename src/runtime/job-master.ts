/**
 * The life of a job in this process: claims its folder, takes the lead in its chain, and runs one
 * attempt after the other until one ends for good. It loads no user code; workers do.
 */
import type { RequestOutcome } from '../checkpoint/protocol.ts'
import { writeSavepoint } from '../checkpoint/savepoint.ts'
import { layerFromObject, resolveOptions, type ResolvedOptions } from '../config/resolve.ts'
import { isMillraceError, MillraceError } from '../errors.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { required } from '../util/assert.ts'
import { Attempt, type AttemptOutcome } from './attempt.ts'
import type { ControlHandler, Host, JobClaim, WorkerSpec } from './host.ts'
import { JobProgress, type JobStatus } from './job-status.ts'
import { takeLead } from './lead.ts'
import { decideRestart, NO_FAILURES, type RestartState } from './restart.ts'
import { restartStrategy } from './restart-options.ts'
import { jobPaths, workerSettings, type JobPaths, type RunOptions } from './run-options.ts'
import { WorkerSet } from './worker-set.ts'

/** How a run ended, if it did not fail. */
export interface JobResult {
  readonly outcome: 'finished' | 'stopped' | 'cancelled'
  /** The checkpoint it ended with. */
  readonly checkpointId: number | undefined
  /** The job had finished before this run; only its last output was committed again. */
  readonly hadFinished: boolean
}

export interface JobMasterOptions {
  readonly host: Host
  /** URL of the job's module, or undefined for a job value that runs in this thread. */
  readonly moduleUrl: string | undefined
  readonly job: unknown
  readonly options: RunOptions
  readonly logger: Logger
}

interface Configured {
  readonly resolved: ResolvedOptions
  readonly paths: JobPaths
  readonly store: BlobStore
}

export class JobMaster {
  readonly #options: JobMasterOptions
  readonly #progress: JobProgress
  #configured: Configured | undefined
  #claim: JobClaim | undefined
  #workers: WorkerSet | undefined
  #attempt: Attempt | undefined
  #restart: RestartState = NO_FAILURES
  #ending: 'stop' | 'cancel' | undefined
  #wake = new AbortController()
  #hadFinished = false
  /** Steps of the start that only the first attempt takes. */
  #isFirst = true

  constructor(options: JobMasterOptions) {
    this.#options = options
    this.#progress = new JobProgress(options.host.clock.now())
  }

  get status(): JobStatus {
    return this.#progress.status(this.#attempt?.statuses ?? [])
  }

  /** Runs the job to its end. `onRunning` is called each time an attempt has begun to run. */
  async run(onRunning: () => void): Promise<JobResult> {
    const { host, logger } = this.#options
    try {
      for (;;) {
        const outcome = await this.#runAttempt(onRunning)
        if (outcome.how !== 'failed') return await this.#result(outcome)
        const delayMs = this.#restartDelay(outcome.error)
        this.#progress.state = 'restarting'
        logger.warn({ code: outcome.error.code, delayMs }, outcome.error.message)
        await host.clock.sleep(delayMs, this.#wake.signal)
        if (this.#ending !== undefined) return await this.#result({ how: 'cancelled' })
      }
    } catch (error) {
      this.#progress.state = 'failed'
      this.#progress.endAttempt([], error)
      throw error
    } finally {
      await this.#release()
    }
  }

  /** Asks for a checkpoint now. */
  checkpoint(): Promise<RequestOutcome> {
    return this.#running().request('manual')
  }

  savepoint(directory: string): Promise<RequestOutcome> {
    return this.#running().request('savepoint', directory)
  }

  /** A last checkpoint, its output committed, then the end; `run` resolves. */
  async stop(savepoint: string | undefined, drain: boolean): Promise<void> {
    this.#ending = 'stop'
    this.#wake.abort()
    const attempt = this.#attempt
    if (attempt === undefined) return
    if (this.#progress.state === 'running') this.#progress.state = 'stopping'
    if (!drain) await attempt.request('stop', savepoint)
    else {
      if (savepoint !== undefined) await attempt.request('savepoint', savepoint)
      attempt.drain()
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
      lost: (error) => this.#attempt?.lost(error),
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
        onRunning()
      })
    } catch (error) {
      failure = error
      // What fails while the job starts for the first time is the caller's to see at once.
      if (this.#isFirst || !isMillraceError(error)) throw error
      return { how: 'failed', error }
    } finally {
      const attempt = this.#attempt
      this.#progress.endAttempt(attempt?.statuses ?? [], failure)
      await attempt?.close()
      await workers.close()
      this.#attempt = undefined
    }
  }

  /** Everything before records flow: load, resolve, claim, plan, take the lead. */
  async #prepare(workers: WorkerSet): Promise<Attempt> {
    const { host, logger, options } = this.#options
    const facts = await workers.start([this.#spec(0)])
    const configured = this.#configured ?? (await this.#configure(facts.name, facts.options))
    const { resolved, paths, store } = configured
    const { values } = resolved
    const others = Array.from({ length: values.parallelism - 1 }, (_, at) => this.#spec(at + 1))
    if (others.length > 0) await workers.start(others)
    const settings = workerSettings(resolved, facts.name, paths)
    const params = options.params ?? {}
    const planned = await workers.configure({ kind: 'configure', params, settings })
    const lead = await takeLead({
      host,
      store,
      plan: planned.plan,
      params: planned.params,
      from: this.#isFirst ? values.from : undefined,
      fresh: this.#isFirst && values.fresh,
      acceptDuplicates: values.acceptDuplicates,
    })
    this.#hadFinished = this.#isFirst && lead.restored?.finished === true
    this.#progress.params = planned.params
    this.#progress.restoredFrom = lead.restored?.checkpointId
    return new Attempt({
      ...lead,
      host,
      workers,
      settings,
      store,
      protocol: {
        intervalMs: values['checkpointing.interval'],
        timeoutMs: values['checkpointing.timeout'],
        minPauseMs: values['checkpointing.minPause'],
        tolerableFailures: values['checkpointing.tolerableFailures'],
      },
      keep: values['checkpointing.keep'],
      logger: logger.child({ job: facts.name }),
      writeSavepoint: async (link, directory) => {
        const target = await host.openStore(directory)
        await writeSavepoint(store, link, target)
        await target.close()
      },
      onReport: (report) => this.#progress.report(report, host.clock.now()),
      at: (point) => host.at(point),
    })
  }

  async #configure(jobName: string, code: object): Promise<Configured> {
    const { host, options, moduleUrl } = this.#options
    const { params: _params, signal: _signal, logger: _logger, config, ...given } = options
    const resolved = resolveOptions(
      [
        layerFromObject('code', `job "${jobName}"`, code),
        ...(await host.machineLayers(config)),
        layerFromObject('run', 'run()', given),
      ],
      host.memoryBytes,
    )
    const { parallelism } = resolved.values
    if (moduleUrl === undefined && parallelism > 1 && !host.runsValuesInParallel) {
      throw new MillraceError(
        'JOB_NEEDS_MODULE',
        `job "${jobName}" was given as a value, which cannot cross into ${parallelism} threads`,
      )
    }
    const paths = jobPaths(resolved, jobName)
    this.#claim = await host.claim(paths.directory, jobName)
    this.#claim.serve(this.#controlHandler())
    const store = await host.openStore(paths.storage)
    this.#configured = { resolved, paths, store }
    this.#progress.jobName = jobName
    this.#progress.parallelism = parallelism
    this.#progress.location = store.location
    return this.#configured
  }

  #spec(index: number): WorkerSpec {
    const { moduleUrl, job } = this.#options
    return { index, moduleUrl, job: moduleUrl === undefined ? job : undefined }
  }

  #running(): Attempt {
    if (this.#attempt !== undefined && this.#progress.state === 'running') return this.#attempt
    throw new MillraceError('JOB_NOT_RUNNING', `the job is ${this.#progress.state}`)
  }

  #restartDelay(error: MillraceError): number {
    const { host } = this.#options
    const { values } = required(this.#configured, 'failed before it was configured').resolved
    if (!error.retryable || this.#ending !== undefined) throw error
    const strategy = restartStrategy(values)
    const decided = decideRestart(strategy, this.#restart, host.clock.monotonic(), host.random)
    this.#restart = decided.state
    if (decided.next === 'give up') throw error
    return decided.next
  }

  async #result(outcome: Exclude<AttemptOutcome, { how: 'failed' }>): Promise<JobResult> {
    this.#progress.state = outcome.how
    if (outcome.how === 'cancelled') {
      await this.#deleteIfAsked()
      return { outcome: 'cancelled', checkpointId: undefined, hadFinished: false }
    }
    const { how, checkpointId } = outcome
    return { outcome: how, checkpointId, hadFinished: this.#hadFinished }
  }

  /** `onCancel: 'delete'`: manifests first, so that a half deleted job is an empty one. */
  async #deleteIfAsked(): Promise<void> {
    const configured = this.#configured
    if (configured?.resolved.values['checkpointing.onCancel'] !== 'delete') return
    const { store } = configured
    const names = (await store.list('')).map((blob) => blob.name)
    const links = names.filter((name) => name.startsWith('chain/'))
    for (const name of [...links, ...names]) await store.delete(name)
  }

  async #release(): Promise<void> {
    await this.#workers?.close()
    await this.#configured?.store.close()
    await this.#claim?.release()
  }

  #controlHandler(): ControlHandler {
    return {
      status: () => this.status,
      checkpoint: () => this.checkpoint(),
      savepoint: (directory) => this.savepoint(directory),
      stop: ({ savepoint, drain }) => this.stop(savepoint, drain === true),
      cancel: async () => this.cancel(),
    }
  }
}
