/**
 * One attempt to run the job: deploys the tasks from a checkpoint, hands out splits, drives the
 * checkpoint protocol, and ends with one outcome. Whatever goes wrong ends the attempt; the job
 * master decides whether another one follows.
 */
import type { Chain, ChainHead } from '../checkpoint/chain.ts'
import { Coordinator, type CheckpointedJob } from '../checkpoint/coordinator.ts'
import type { CheckpointLink, ManifestLink, SourceRecord } from '../checkpoint/manifest.ts'
import type { FromWorker, TaskRestore, ToWorker, WorkerStatus } from '../checkpoint/messages.ts'
import type {
  CheckpointReport,
  ProtocolOptions,
  RequestOutcome,
  RequestPurpose,
} from '../checkpoint/protocol.ts'
import type { WorkerSettings } from '../checkpoint/settings.ts'
import { errorFromData, errorToData, type ErrorData, type MillraceError } from '../errors.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { Logger } from '../metrics/log.ts'
import type { PhaseTimings } from '../state/backend.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { assert, required } from '../util/assert.ts'
import { createRing } from './exchange/ring.ts'
import { GroupWatermarks } from './alignment.ts'
import type { Host } from './host.ts'
import type { ImportProgress, SnapshotImport } from './import-snapshot.ts'
import { SplitCoordinator, type Assignment, type SourceSpec } from './split-coordinator.ts'
import type { WorkerSet } from './worker-set.ts'

export type AttemptOutcome =
  | { readonly how: 'finished' | 'stopped'; readonly checkpointId: number }
  | { readonly how: 'failed'; readonly error: MillraceError }
  | { readonly how: 'cancelled' }

export interface AttemptSetup {
  readonly host: Host
  readonly workers: WorkerSet
  readonly settings: WorkerSettings
  readonly job: CheckpointedJob
  readonly chain: Chain
  readonly store: BlobStore
  readonly protocol: ProtocolOptions
  readonly keep: number
  /** The checkpoint to go on from. */
  readonly restored: CheckpointLink | undefined
  readonly restores: readonly TaskRestore[]
  readonly sources: readonly SourceRecord[]
  readonly firstCheckpointId: number
  readonly imports: SnapshotImport | undefined
  readonly lastOutputId: number
  readonly withdraw: readonly OperatorStateEntry[]
  readonly logger: Logger
  writeSavepoint(link: CheckpointLink, directory: string): Promise<void>
  onReport(report: CheckpointReport): void
  at(point: string): void | Promise<void>
}

export class Attempt {
  readonly #setup: AttemptSetup
  readonly #coordinator: Coordinator
  readonly #splits: SplitCoordinator
  readonly #groups: GroupWatermarks
  readonly #statuses: (WorkerStatus | undefined)[] = []
  #settle: (outcome: AttemptOutcome) => void = () => undefined
  readonly #outcome: Promise<AttemptOutcome>
  #openTimings: PhaseTimings | undefined
  #isImported = false
  #discoverTimers: AbortController = new AbortController()

  constructor(setup: AttemptSetup) {
    this.#setup = setup
    this.#outcome = new Promise((resolve) => (this.#settle = resolve))
    this.#splits = new SplitCoordinator(sourceSpecs(setup.job.plan), setup.sources)
    const { restored, workers, job, host, store, logger } = setup
    this.#groups = new GroupWatermarks(workers.count)
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
        onReport: (report) => setup.onReport(report),
        reach: async (point) => setup.at(point),
      },
    )
  }

  get coordinator(): {
    readonly head: ChainHead
    readonly links: readonly ManifestLink[]
    readonly nextCheckpointId: number
  } {
    return this.#coordinator
  }

  get openTimings(): PhaseTimings | undefined {
    return this.#openTimings
  }

  get statuses(): readonly WorkerStatus[] {
    return this.#statuses.filter((status) => status !== undefined)
  }

  /** Deploys and starts; then resolves when the attempt has ended, with how. */
  async run(onRunning: () => void): Promise<AttemptOutcome> {
    const { workers, restored, imports } = this.#setup
    this.#openTimings = await workers.deploy(this.#deployments())
    // The state was read in whole while it was loaded: every block of it has been verified.
    this.#coordinator.restoreVerified()
    workers.broadcast({ kind: 'start' })
    onRunning()
    if (imports === undefined) this.#coordinator.start()
    else void this.#import(imports)
    if (restored?.finished !== true) this.#discoverAll()
    const outcome = await this.#outcome
    this.#discoverTimers.abort()
    return outcome
  }

  /** What the workers say while the attempt runs. */
  message(worker: number, message: FromWorker): void {
    if (this.#coordinator.receive(worker, message)) return
    if (message.kind === 'status') this.#statuses[worker] = message.status
    else if (message.kind === 'discovered') {
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
    } else assert(false, `message ${message.kind} at this time`)
  }

  lost(error: ErrorData): void {
    this.#coordinator.fail(errorFromData(error))
    // The coordinator says nothing more once it is closed; the attempt ends all the same.
    this.#settle({ how: 'failed', error: errorFromData(error) })
  }

  request(purpose: RequestPurpose, savepoint?: string, full?: boolean): Promise<RequestOutcome> {
    return this.#coordinator.request(purpose, savepoint, full)
  }

  /** Sources end now, as if their input were over. */
  drain(): void {
    this.#setup.workers.broadcast({ kind: 'drain' })
  }

  cancel(): void {
    this.#settle({ how: 'cancelled' })
  }

  /** Nothing of this attempt writes any more when it resolves. */
  async close(reason?: MillraceError): Promise<void> {
    this.#discoverTimers.abort()
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

  #deployments(): readonly ToWorker[] {
    const { workers, settings, job, restores, restored, imports, lastOutputId } = this.#setup
    const { edges, vertices } = job.plan
    const parallelismOf = (vertex: number): number =>
      required(vertices[vertex], `no vertex ${vertex}`).parallelism
    const rings = edges.map((edge) =>
      Array.from({ length: parallelismOf(edge.fromVertex) }, () =>
        Array.from({ length: parallelismOf(edge.toVertex) }, () => createRing(settings.ringBytes)),
      ),
    )
    const doorbells = Array.from({ length: workers.count }, () => new SharedArrayBuffer(4))
    const message: ToWorker = {
      kind: 'deploy',
      scope: {
        jobName: job.jobName,
        lineage: job.lineage,
        leaderEpoch: job.leaderEpoch,
        checkpointId: lastOutputId,
      },
      operators: job.operators.filter((record) => record.dropped !== true),
      restores,
      rings,
      doorbells,
      processingTime: restored?.processingTime ?? 0,
      withdraw: this.#setup.withdraw,
      ...(imports === undefined ? {} : { imports: imports.foreignRuns }),
    }
    return Array.from({ length: workers.count }, () => message)
  }

  #discoverAll(): void {
    const { workers } = this.#setup
    for (const node of this.#setup.job.plan.nodes) {
      if (node.kind !== 'source' || node.uid === undefined) continue
      const { uid, discoverEveryMs } = node
      workers.send(0, { kind: 'discover', uid })
      if (discoverEveryMs !== undefined) void this.#discoverAgain(uid, discoverEveryMs)
    }
  }

  async #discoverAgain(uid: string, everyMs: number): Promise<void> {
    const { signal } = this.#discoverTimers
    const { host, workers } = this.#setup
    for (;;) {
      await host.clock.sleep(everyMs, signal)
      if (signal.aborted) return
      workers.send(0, { kind: 'discover', uid })
    }
  }

  #assign(assignments: readonly Assignment[]): void {
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

function sourceSpecs(plan: JobPlan): readonly SourceSpec[] {
  const specs: SourceSpec[] = []
  for (const vertex of plan.vertices) {
    for (const id of vertex.nodes) {
      const node = required(plan.nodes[id], `no node ${id}`)
      if (node.kind !== 'source' || node.uid === undefined) continue
      const { uid, bounded = true, discoverEveryMs } = node
      const discoversAgain = discoverEveryMs !== undefined
      const onDemand = bounded && node.readsAllSplits !== true
      specs.push({ uid, bounded, onDemand, discoversAgain, parallelism: vertex.parallelism })
    }
  }
  return specs
}

function taskNames(
  plan: JobPlan,
): readonly { readonly vertex: number; readonly subtaskIndex: number; readonly name: string }[] {
  return plan.vertices.flatMap(({ id, name, parallelism }) =>
    Array.from({ length: parallelism }, (_, subtaskIndex) => ({ vertex: id, subtaskIndex, name })),
  )
}
