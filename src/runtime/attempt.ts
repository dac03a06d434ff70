/**
 * One attempt to run the job: deploys the tasks from a checkpoint, hands out splits, drives the
 * checkpoint protocol, and ends with one outcome. Whatever goes wrong ends the attempt; the job
 * master decides whether another one follows.
 */
import type { ChainHead } from '../checkpoint/chain.ts'
import { Coordinator } from '../checkpoint/coordinator.ts'
import type { ManifestLink } from '../checkpoint/manifest.ts'
import type { FromWorker, WorkerStatus } from '../checkpoint/messages.ts'
import type { RequestOutcome, RequestPurpose } from '../checkpoint/protocol.ts'
import { errorFromData, errorToData, type ErrorData, type MillraceError } from '../errors.ts'
import type { ReleaseOutcome } from '../operators/failures/parked-keys.ts'
import type { PhaseTimings } from '../state/backend.ts'
import { assert } from '../util/assert.ts'
import { GroupWatermarks } from './alignment.ts'
import { AttemptRegions } from './attempt-regions.ts'
import type { AttemptOutcome, AttemptSetup } from './attempt-setup.ts'
import { CheckpointPace } from './checkpoint-pace.ts'
import { Discoveries } from './discoveries.ts'
import { announceInterval } from './job-events.ts'
import type { CheckpointingStatus } from './job-status.ts'
import type { ImportProgress, SnapshotImport } from './import-snapshot.ts'
import { sourceSpecs, taskNames } from './plan-tasks.ts'
import { type KeyWish, Releases } from './releases.ts'
import { Restoring } from './restoring.ts'
import { SplitCoordinator, type Assignment } from './split-coordinator.ts'
import { pastStatus } from './worker-status.ts'

export class Attempt {
  readonly #setup: AttemptSetup
  readonly #coordinator: Coordinator
  readonly #splits: SplitCoordinator
  readonly #pace: CheckpointPace
  readonly #groups: GroupWatermarks
  readonly #regions: AttemptRegions
  readonly #releases: Releases
  readonly #statuses: (WorkerStatus | undefined)[] = []
  /** Of workers that have been replaced. */
  readonly #pastStatuses: WorkerStatus[] = []
  #isRunning = false
  /** What tasks get as soon as they run. */
  readonly #assignedEarly: Assignment[] = []
  #isDrained = false
  #settle: (outcome: AttemptOutcome) => void = () => undefined
  readonly #outcome: Promise<AttemptOutcome>
  readonly #restoring: Restoring
  #openTimings: PhaseTimings | undefined
  #isImported = false
  #hasEnded = false
  readonly #discoveries: Discoveries

  constructor(setup: AttemptSetup) {
    this.#setup = setup
    this.#outcome = new Promise((resolve) => {
      this.#settle = (outcome) => {
        this.#hasEnded = true
        resolve(outcome)
      }
    })
    this.#discoveries = new Discoveries(setup)
    this.#splits = new SplitCoordinator(sourceSpecs(setup.job.plan), setup.sources)
    const { restored, workers, job, host, store, logger } = setup
    this.#groups = new GroupWatermarks(workers.count)
    this.#restoring = new Restoring(workers.count, setup)
    this.#coordinator = new Coordinator(
      {
        protocol: {
          options: setup.protocol,
          tasks: taskNames(job.plan),
          workers: workers.count,
          firstCheckpointId: setup.firstCheckpointId,
          restored:
            restored === undefined
              ? undefined
              : {
                  checkpointId: restored.checkpointId,
                  sequence: restored.sequence,
                  finished: restored.finished,
                },
        },
        job,
        chain: setup.chain,
        keep: setup.keep,
      },
      {
        store,
        clock: host.clock,
        logger,
        send: (message) => workers.broadcast(message),
        cutSources: () => this.#splits.snapshot(),
        processingTime: () => this.#processingTime(),
        writeSavepoint: (link, directory) => setup.writeSavepoint(link, directory),
        onEnded: (how, checkpointId) => this.#settle({ how, checkpointId }),
        onFailed: (error) => this.#settle({ how: 'failed', error }),
        onReport: (report) => {
          setup.onReport(report)
          this.#pace.report(report)
        },
        onConfirmed: (tasks, sources) => this.#splits.confirmed(tasks, sources),
        reach: async (point) => setup.at(point),
      },
    )
    this.#pace = new CheckpointPace(setup.pace, setup.failures, {
      monotonic: () => host.clock.monotonic(),
      changeInterval: (intervalMs) => this.#coordinator.changeInterval(intervalMs),
      changeBacklog: (isBacklog) => this.#coordinator.changeBacklog(isBacklog),
      changed: (pace) => announceInterval(logger, job.jobName, pace),
    })
    this.#releases = new Releases({
      plan: job.plan,
      workers: workers.count,
      broadcast: (message) => workers.broadcast(message),
      isDown: (isMeant) => this.#regions.recovery.isDown(isMeant),
    })
    this.#regions = this.#newRegions()
  }

  get coordinator(): {
    readonly head: ChainHead
    readonly links: readonly ManifestLink[]
    readonly nextCheckpointId: number
  } {
    return this.#coordinator
  }

  /** Checkpoints before their commit points, and how far apart they are begun. */
  get checkpointing(): CheckpointingStatus {
    return { underWay: this.#coordinator.underWay, interval: this.#pace.status }
  }

  get openTimings(): PhaseTimings | undefined {
    return this.#openTimings
  }

  get statuses(): readonly WorkerStatus[] {
    return [...this.#pastStatuses, ...this.#statuses].filter((status) => status !== undefined)
  }

  /** Deploys and starts; then resolves when the attempt has ended, with how. */
  async run(onRunning: () => void): Promise<AttemptOutcome> {
    const { workers, restored, imports } = this.#setup
    const { clock } = this.#setup.host
    const startMs = clock.monotonic()
    // What is found before the tasks run waits for them.
    if (restored?.finished !== true) this.#discoveries.begin()
    this.#openTimings = await workers.deploy(this.#regions.first())
    if (restored !== undefined) this.#pace.restored(clock.monotonic() - startMs)
    workers.broadcast({ kind: 'start' })
    this.#isRunning = true
    // Before the first trigger, whose cut takes them for given.
    this.#assign(this.#assignedEarly.splice(0))
    onRunning()
    if (imports === undefined) this.#coordinator.start()
    else void this.#import(imports)
    const outcome = await this.#outcome
    this.#discoveries.close()
    this.#regions.recovery.close()
    return outcome
  }

  /** What the workers say while the attempt runs. */
  message(worker: number, message: FromWorker): void {
    if (this.#regions.isStale(worker, message)) return
    if (this.#coordinator.receive(worker, message)) return
    if (message.kind === 'restored') {
      if (this.#restoring.done(worker, message)) this.#coordinator.restoreVerified()
    } else if (message.kind === 'status') {
      this.#statuses[worker] = message.status
      this.#coordinator.heard(worker, message.status.checkpointing)
      this.#pace.observe(this.statuses, this.#splits.hasBacklog)
    } else if (message.kind === 'discovered') {
      this.#assign(this.#splits.discovered(message.uid, message.splits))
    } else if (message.kind === 'wants-splits') {
      this.#assign(this.#splits.wants(message.uid, message.subtaskIndex))
    } else if (message.kind === 'split-finished') {
      this.#splits.finished(message.uid, message.splitId)
    } else if (message.kind === 'group-watermark') {
      const { kind, group } = message
      const watermark = this.#groups.report(worker, group, message.watermark)
      if (watermark !== undefined) this.#setup.workers.broadcast({ kind, group, watermark })
    } else if (message.kind === 'event') {
      const { event, error } = message
      this.#setup.logger.warn({ worker, event, code: error.code }, `${event}: ${error.message}`)
    } else if (message.kind === 'released') this.#releases.answer(worker, message)
    else if (message.kind === 'task-failed') this.#regions.recovery.taskFailed(message)
    else if (message.kind === 'undeployed' || message.kind === 'deployed') {
      this.#regions.recovery.answer(worker, message)
    } else assert(false, `message ${message.kind} at this time`)
  }

  lost(error: ErrorData): void {
    this.#coordinator.fail(errorFromData(error))
    // The coordinator says nothing more once it is closed; the attempt ends all the same.
    this.#settle({ how: 'failed', error: errorFromData(error) })
  }

  /** True if the job goes on without the worker, which is replaced. */
  workerLost(worker: number, error: ErrorData): boolean {
    if (!this.#isRunning || !this.#regions.recovery.workerLost(worker, error)) return false
    const status = this.#statuses[worker]
    if (status !== undefined) this.#pastStatuses.push(pastStatus(status))
    this.#statuses[worker] = undefined
    return true
  }

  request(purpose: RequestPurpose, savepoint?: string, full?: boolean): Promise<RequestOutcome> {
    return this.#coordinator.request(purpose, savepoint, full)
  }

  /** Tries again what an operator has parked. */
  release(operator: string, key?: KeyWish): Promise<ReleaseOutcome> {
    return this.#releases.release(operator, key)
  }

  get hasEnded(): boolean {
    return this.#hasEnded
  }

  /** Sources end now, as if their input were over. */
  drain(): void {
    this.#isDrained = true
    this.#setup.workers.broadcast({ kind: 'drain' })
  }

  cancel(): void {
    this.#settle({ how: 'cancelled' })
  }

  /** Nothing of this attempt writes any more when it resolves. */
  async close(reason?: MillraceError): Promise<void> {
    this.#discoveries.close()
    this.#regions.recovery.close()
    this.#releases.interrupt()
    await this.#setup.imports?.close()
    await this.#coordinator.close(reason)
  }

  /** How far the import of a foreign snapshot is; undefined when it is over. */
  get importing(): ImportProgress | undefined {
    return this.#isImported ? undefined : this.#setup.imports?.progress
  }

  /** Checkpoints begin when everything is here: a manifest names only runs of its own directory. */
  async #import(imports: SnapshotImport): Promise<void> {
    try {
      const entry = await imports.run()
      this.#isImported = true
      this.#coordinator.start(entry)
    } catch (error) {
      const data = errorToData(error, 'STORAGE_FAILED')
      this.#settle({ how: 'failed', error: errorFromData(data) })
    }
  }

  #newRegions(): AttemptRegions {
    const isDrained = (): boolean => this.#isDrained
    const isImporting = (): boolean => this.importing !== undefined
    return new AttemptRegions(this.#setup, {
      coordinator: this.#coordinator,
      splits: this.#splits,
      groups: this.#groups,
      restoring: this.#restoring,
      releases: this.#releases,
      get isDrained() {
        return isDrained()
      },
      get isImporting() {
        return isImporting()
      },
      assign: (assignments) => this.#assign(assignments),
      fail: (error) => this.lost(error),
    })
  }

  #assign(assignments: readonly Assignment[]): void {
    if (!this.#isRunning) {
      this.#assignedEarly.push(...assignments)
      return
    }
    for (const { uid, subtaskIndex, splits, noMore } of assignments) {
      const { workers } = this.#setup
      if (splits.length > 0) workers.send(subtaskIndex, { kind: 'assign', uid, splits })
      if (noMore) workers.send(subtaskIndex, { kind: 'no-more-splits', uid })
    }
  }

  #processingTime(): number {
    return Math.max(this.#setup.restored?.processingTime ?? 0, this.#setup.host.clock.now())
  }
}
