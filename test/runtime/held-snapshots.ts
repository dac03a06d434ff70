/** The runs of a task with one map of state, written to a store that can be troubled. */
import { TaskSnapshots } from '../../src/runtime/task-snapshots.ts'
import type { KeyedStateBackend, KeyedStateTable } from '../../src/state/backend.ts'
import { valueState } from '../../src/state/descriptors.ts'
import type { ValueState } from '../../src/state/handles.ts'
import { hashmap } from '../../src/state/hashmap/index.ts'
import { restoreStream } from '../../src/state/runs/run-set.ts'
import type { OperatorRecord, RunReference } from '../../src/state/snapshot.ts'
import type { BlobStore, BlobWriter } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { MemoryScratch } from '../../src/storage/scratch-memory.ts'
import { dynamicType } from '../../src/types/dynamic.ts'
import { routeHash } from '../../src/types/keys.ts'
import { testWorkerHost } from './doubles.ts'

const keyGroups = { start: 0, end: 127 }
const record: OperatorRecord = {
  id: 1,
  uid: 'counts',
  states: [{ id: 1, name: 'n', kind: 'value', type: dynamicType<unknown>().schema }],
}

/** A store that can be made to wait or fail when a blob is closed or deleted. */
class TroubledStore extends MemoryBlobStore {
  beforeClose: (name: string) => Promise<void> = () => Promise.resolve()
  beforeDelete: () => Promise<void> = () => Promise.resolve()

  override async create(name: string): Promise<BlobWriter> {
    const writer = await super.create(name)
    return {
      write: (chunk) => writer.write(chunk),
      abort: () => writer.abort(),
      close: async () => {
        await this.beforeClose(name)
        await writer.close()
      },
    }
  }
  override async delete(name: string): Promise<void> {
    await this.beforeDelete()
    await super.delete(name)
  }
}

interface Held {
  readonly backend: KeyedStateBackend
  set(key: string, value: unknown): void
  content(): ReadonlyMap<string, unknown>
}

export async function stateOf(
  store?: BlobStore,
  runs: readonly RunReference[] = [],
): Promise<Held> {
  const backend = hashmap().create({
    keyGroups,
    maxParallelism: 128,
    memoryBytes: 1024 ** 2,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
  })
  const table: KeyedStateTable = backend.register({
    record,
    keyType: dynamicType<unknown>(),
    descriptors: { n: valueState<unknown>() },
  })
  const state = table.handles['n'] as ValueState<unknown> // as declared
  await backend.open(store === undefined ? undefined : restoreStream(store, runs, keyGroups))
  return {
    backend,
    set(key, value) {
      table.select(key, routeHash(key))
      if (value === undefined) state.clear()
      else state.update(value)
    },
    content() {
      const found = new Map<string, unknown>()
      for (const { key, routeHash: hash } of table.keys()) {
        table.select(key, hash)
        found.set(String(key), state.value())
      }
      return found
    },
  }
}

export async function snapshotsOf(
  restored: readonly RunReference[] = [],
  store = new TroubledStore(),
) {
  const host = testWorkerHost()
  const abort = new AbortController()
  const held = await stateOf(restored.length === 0 ? undefined : store, restored)
  const snapshots = new TaskSnapshots({
    vertex: 0,
    subtaskIndex: 0,
    keyGroups,
    operators: [record],
    scope: { jobName: 'job', lineage: 'a', leaderEpoch: 2, checkpointId: 0 },
    settings: {
      jobName: 'job',
      parallelism: 1,
      maxParallelism: 128,
      backend: 'hashmap',
      memoryBytes: 1,
      storage: 'memory:',
      encryptionKeys: undefined,
      hasSubjects: false,
      isSigned: false,
      stateDirectory: 'state',
      callTimeoutMs: 60_000,
      batchRecords: 1,
      outboxBytes: 1,
      ringBytes: 4096,
      sinkValues: 8_192,
      sliceMs: 2,
      timersPerStep: 1024,
      compression: 'none',
      exactlyOnce: true,
      alignmentTimeoutMs: Number.POSITIVE_INFINITY,
      snapshotPolicy: 'incremental',
      localCopies: { isOn: false, directory: 'copies', bytesMax: 0, isTrusted: true },
      blockCacheBytes: undefined,
      writeBufferBytes: undefined,
    },
    store,
    host,
    restored,
    signal: abort.signal,
  })
  const write = (checkpointId: number, full = false) =>
    snapshots.write(checkpointId, held.backend.cut(), Promise.resolve([]), full)
  return { snapshots, store, host, abort, held, write }
}

export const runNames = async (store: BlobStore) =>
  (await store.list('runs/')).map(({ name }) => name)
