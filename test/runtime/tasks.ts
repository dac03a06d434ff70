// The tasks of a job in one thread, made by the real builder, each stepped by its test: what a
// worker does, without its loop.
import type { Job } from 'millrace'
import { operatorIds } from '../../src/checkpoint/operator-ids.ts'
import type { TaskRecord } from '../../src/checkpoint/manifest.ts'
import type { FromWorker, TaskRestore } from '../../src/checkpoint/messages.ts'
import type { WorkerSettings } from '../../src/checkpoint/settings.ts'
import { buildJobGraph } from '../../src/graph/build.ts'
import { planOf } from '../../src/graph/plan-of.ts'
import { createRing } from '../../src/runtime/exchange/ring.ts'
import type { Task } from '../../src/runtime/task.ts'
import { TaskBuilder } from '../../src/runtime/task-builder.ts'
import type { StateBackend } from '../../src/state/backend.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { required } from '../../src/util/assert.ts'
import { testWorkerHost, turns, type TestWorkerHost } from './doubles.ts'

export interface DeployOptions {
  readonly store?: BlobStore
  /** Task records of a checkpoint to go on from, at parallelism 1. */
  readonly restored?: readonly TaskRecord[]
  readonly backend?: StateBackend
  readonly batchRecords?: number
}

export type Acknowledged = Extract<FromWorker, { readonly kind: 'acknowledge' }>

export interface Deployed {
  readonly tasks: readonly Task[]
  readonly host: TestWorkerHost
  readonly store: BlobStore
  readonly abort: AbortController
  readonly time: { processing: number }
  /** Splits as a coordinator would hand them out: all at once, and no more. */
  assign(...ids: readonly string[]): void
  /** Steps all tasks until nothing moves any more. */
  settle(): Promise<void>
  acknowledged(checkpointId: number): readonly Acknowledged[]
  close(): Promise<void>
}

export const settingsOf = (jobName: string, batchRecords: number): WorkerSettings => ({
  jobName,
  parallelism: 1,
  maxParallelism: 128,
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
  ringBytes: 4096,
  sinkValues: 8_192,
  sliceMs: 2,
  timersPerStep: 1024,
  compression: 'none',
  snapshotPolicy: 'incremental',
  exactlyOnce: true,
  alignmentTimeoutMs: Number.POSITIVE_INFINITY,
  localCopies: { isOn: false, directory: 'copies', bytesMax: 0, isTrusted: true },
  blockCacheBytes: undefined,
  writeBufferBytes: undefined,
})

/** Builds all tasks of a job at parallelism 1. */
export async function deploy(job: Job, options: DeployOptions = {}): Promise<Deployed> {
  const { store = new MemoryBlobStore(), restored = [], batchRecords = 512 } = options
  const host = testWorkerHost()
  const abort = new AbortController()
  const time = { processing: 0 }
  const graph = buildJobGraph(job, { parallelism: 1, maxParallelism: 128, params: {} })
  const restores: TaskRestore[] = restored.map((task) => {
    return { vertex: task.vertex, subtaskIndex: 0, from: [task], formerParallelism: 1 }
  })
  const resources = new AsyncDisposableStack()
  const builder = new TaskBuilder({
    graph,
    workerIndex: 0,
    vertices: new Set(graph.vertices.map(({ id }) => id)),
    deploy: {
      kind: 'deploy',
      round: 0,
      regions: [0],
      scope: { jobName: job.name, lineage: 'a', leaderEpoch: 1, checkpointId: 0 },
      operators: operatorIds([], planOf(graph)),
      restores,
      withdraw: [],
      rings: graph.edges.map(() => [[createRing(4096)]]),
      doorbells: [new SharedArrayBuffer(4)],
      processingTime: 0,
    },
    settings: settingsOf(job.name, batchRecords),
    backend: options.backend ?? hashmap(),
    host,
    store,
    signal: abort.signal,
    resources,
    processingTime: () => time.processing,
  })
  const tasks = await builder.build()
  const step = (): boolean => {
    let worked = false
    for (const task of tasks) if (task.step(batchRecords)) worked = true
    return worked
  }
  return {
    tasks,
    host,
    store,
    abort,
    time,
    assign(...ids) {
      for (const { parts } of tasks) {
        parts.source?.assign(ids.map((id) => ({ id })))
        parts.source?.noMoreSplits()
      }
    },
    async settle() {
      for (let idle = 0; idle < 4;) {
        idle = step() ? 0 : idle + 1
        await turns(1)
      }
    },
    acknowledged: (checkpointId) =>
      host.sent.filter(
        (message) => message.kind === 'acknowledge' && message.checkpointId === checkpointId,
      ) as readonly Acknowledged[], // filtered by kind
    async close() {
      abort.abort()
      await resources.disposeAsync()
    },
  }
}

export const theTask = ({ tasks }: Deployed): Task => required(tasks[0], 'no task')
