// All tasks of a job at any parallelism in one thread, over small rings, stepped by the test: so a
// test can stop any of them, fill all channels, take a checkpoint in that state, and go on from it
// at another parallelism.
import assert from 'node:assert/strict'
import type { Job } from 'millrace'
import type { CheckpointLink, SplitRecord } from '../../src/checkpoint/manifest.ts'
import type { FromWorker, ToWorker } from '../../src/checkpoint/messages.ts'
import type { WorkerSettings } from '../../src/checkpoint/settings.ts'
import { operatorIds, planRestore } from '../../src/checkpoint/restore-plan.ts'
import { buildJobGraph } from '../../src/graph/build.ts'
import type { JobGraph } from '../../src/graph/job-graph.ts'
import { planOf } from '../../src/graph/plan-of.ts'
import { createRing } from '../../src/runtime/exchange/ring.ts'
import type { Task } from '../../src/runtime/task.ts'
import { TaskBuilder } from '../../src/runtime/task-builder.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { required } from '../../src/util/assert.ts'
import { STATISTICS } from '../checkpoint/links.ts'
import { testWorkerHost, turns } from './doubles.ts'

const MAX_PARALLELISM = 128
export const RING_BYTES = 4096
const ROUNDS_MAX = 20_000
const CHECKPOINT_ROUNDS_MAX = 400

export interface ClusterOptions {
  readonly parallelism: number
  readonly store?: MemoryBlobStore
  readonly restored?: CheckpointLink | undefined
  /** Default: barriers never overtake. */
  readonly alignmentTimeoutMs?: number
  readonly exactlyOnce?: boolean
  /** Splits of each source, by uid, when nothing is restored. */
  readonly splits: Readonly<Record<string, readonly string[]>>
  readonly batchRecords?: number
}

type Acknowledged = Extract<FromWorker, { readonly kind: 'acknowledge' }>

function settingsOf(jobName: string, options: ClusterOptions): WorkerSettings {
  const { parallelism, batchRecords = 20, exactlyOnce = true } = options
  const { alignmentTimeoutMs = Number.POSITIVE_INFINITY } = options
  return {
    jobName,
    parallelism,
    maxParallelism: MAX_PARALLELISM,
    backend: 'hashmap',
    memoryBytes: 64 * 1024 ** 2,
    storage: 'memory:',
    encryptionKeys: undefined,
    hasSubjects: false,
    isSigned: false,
    stateDirectory: 'state',
    batchRecords,
    callTimeoutMs: 60_000,
    outboxBytes: 64 * 1024,
    ringBytes: RING_BYTES,
    sinkValues: 50,
    sliceMs: 2,
    timersPerStep: 1024,
    compression: 'none',
    snapshotPolicy: 'incremental',
    exactlyOnce,
    alignmentTimeoutMs,
    localCopies: { isOn: false, directory: 'copies', bytesMax: 0, isTrusted: true },
    blockCacheBytes: undefined,
    writeBufferBytes: undefined,
  }
}

export class Cluster {
  readonly host = testWorkerHost()
  readonly store: MemoryBlobStore
  tasks: readonly Task[] = []
  readonly #job: Job
  readonly #options: ClusterOptions
  readonly #graph: JobGraph
  readonly #abort = new AbortController()
  readonly #resources = new AsyncDisposableStack()

  private constructor(job: Job, options: ClusterOptions) {
    const { parallelism, store = new MemoryBlobStore() } = options
    this.#job = job
    this.#options = options
    this.#graph = buildJobGraph(job, { parallelism, maxParallelism: MAX_PARALLELISM, params: {} })
    this.store = store
  }

  /** Its sources are given their splits in turn. */
  static async start(job: Job, options: ClusterOptions): Promise<Cluster> {
    const made = new Cluster(job, options)
    await made.#build()
    for (const task of made.tasks) task.start()
    made.#assign()
    return made
  }

  /** Steps all tasks that `runs` names, so many rounds; gives whether anything was done. */
  async run(rounds = 1, runs: (task: Task) => boolean = () => true): Promise<boolean> {
    let worked = false
    for (let round = 0; round < rounds; round++) {
      for (const task of this.tasks) {
        if (runs(task) && task.step(this.#options.batchRecords ?? 20)) worked = true
      }
      await turns(1)
    }
    return worked
  }

  /** Until nothing moves any more. */
  async settle(runs?: (task: Task) => boolean): Promise<void> {
    let rounds = 0
    for (let idle = 0; idle < 6;) {
      idle = (await this.run(1, runs)) ? 0 : idle + 1
      assert.ok(rounds++ < ROUNDS_MAX, 'it comes to no end')
    }
  }

  trigger(checkpointId: number, aligned = false): void {
    for (const task of this.tasks) task.trigger({ checkpointId, stopAfter: false, aligned })
  }

  acknowledged(checkpointId: number): readonly Acknowledged[] {
    return this.host.sent.filter(
      (message) => message.kind === 'acknowledge' && message.checkpointId === checkpointId,
    ) as readonly Acknowledged[] // by their kind
  }

  /** Takes a checkpoint while the tasks run, and gives it. */
  async checkpoint(id: number, aligned = false): Promise<CheckpointLink> {
    this.trigger(id, aligned)
    return this.acknowledgedByAll(id)
  }

  async acknowledgedByAll(id: number): Promise<CheckpointLink> {
    for (let round = 0; round < CHECKPOINT_ROUNDS_MAX; round++) {
      if (this.acknowledged(id).length === this.tasks.length) break
      await this.run()
    }
    return required(this.link(id), `checkpoint ${id} was not acknowledged by all tasks`)
  }

  /** The checkpoint, if all tasks have acknowledged. */
  link(checkpointId: number): CheckpointLink | undefined {
    const acks = this.acknowledged(checkpointId)
    if (acks.length < this.tasks.length) return undefined
    const { parallelism, restored } = this.#options
    const plan = planOf(this.#graph)
    return {
      formatVersion: 1,
      kind: 'checkpoint',
      sequence: checkpointId,
      previousHash: '',
      jobName: this.#job.name,
      lineage: 'a',
      leaderEpoch: 1,
      writtenAt: 0,
      checkpointId,
      purpose: 'periodic',
      finished: false,
      params: {},
      plan,
      operators: operatorIds(restored?.operators ?? [], plan),
      parallelism,
      maxParallelism: MAX_PARALLELISM,
      tasks: acks.map((ack) => ack.task),
      sources: [],
      processingTime: 0,
      statistics: { ...STATISTICS, tasks: acks.map((ack) => ack.statistics) },
    }
  }

  async complete(checkpointId: number): Promise<void> {
    for (const task of this.tasks) task.complete(checkpointId)
    for (const task of this.tasks) await task.settle(checkpointId, true)
  }

  get failures(): readonly FromWorker[] {
    return this.host.sent.filter(({ kind }) => kind === 'failed' || kind === 'decline')
  }

  /** As a crash: nothing more is committed. */
  async kill(): Promise<void> {
    this.#abort.abort()
    await this.#resources.disposeAsync()
  }

  async #build(): Promise<void> {
    const { parallelism } = this.#options
    const deploy = this.#deploy()
    const tasks: Task[] = []
    for (let workerIndex = 0; workerIndex < parallelism; workerIndex++) {
      const builder = new TaskBuilder({
        graph: this.#graph,
        vertices: new Set(this.#graph.vertices.map(({ id }) => id)),
        workerIndex,
        deploy,
        settings: settingsOf(this.#job.name, this.#options),
        backend: hashmap(),
        host: this.host,
        store: this.store,
        signal: this.#abort.signal,
        resources: this.#resources,
        processingTime: () => 0,
      })
      tasks.push(...(await builder.build()))
    }
    this.tasks = tasks
  }

  #deploy(): Extract<ToWorker, { readonly kind: 'deploy' }> {
    const { parallelism, restored } = this.#options
    const plan = planOf(this.#graph)
    const checkpointId = restored?.checkpointId ?? 0
    const each = <T>(make: () => T): T[] => Array.from({ length: parallelism }, make)
    return {
      kind: 'deploy',
      round: 0,
      regions: [0],
      scope: { jobName: this.#job.name, lineage: 'a', leaderEpoch: checkpointId + 1, checkpointId },
      operators: operatorIds(restored?.operators ?? [], plan),
      restores: restored === undefined ? [] : planRestore(restored, { plan }).restores,
      withdraw: [],
      rings: this.#graph.edges.map(() => each(() => each(() => createRing(RING_BYTES)))),
      doorbells: each(() => new SharedArrayBuffer(4)),
      processingTime: 0,
    }
  }

  #assign(): void {
    const { restored, splits } = this.#options
    const plan = planOf(this.#graph)
    const sources = restored === undefined ? undefined : planRestore(restored, { plan }).sources
    for (const [uid, ids] of Object.entries(splits)) {
      const heads = this.tasks.map(({ parts }) => parts.source).filter((head) => head?.uid === uid)
      const pending: readonly SplitRecord[] =
        sources === undefined
          ? ids.map((id) => ({ id }))
          : (sources.find((source) => source.uid === uid)?.pending ?? [])
      for (const [at, split] of pending.entries()) heads[at % heads.length]?.assign([split])
      for (const head of heads) head?.noMoreSplits()
    }
  }
}
