// The storage of a job as a worker sees it: which files far away it may keep copies of.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { TaskRestore } from '../../src/checkpoint/messages.ts'
import { openWorkerStore } from '../../src/runtime/worker-store.ts'
import { writeSnapshot } from '../../src/state/runs/snapshot-writer.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import { type MemoryBlobs, MemoryBlobStore } from '../../src/storage/memory.ts'
import { required } from '../../src/util/assert.ts'
import { systemClock } from '../../src/util/clock.ts'
import { METADATA } from '../state/runs/entries.ts'
import { testWorkerHost } from './doubles.ts'
import { settingsOf } from './tasks.ts'

const NAME = 'runs/1-1-v0-s0.run'

/** Reads with one wrong bit while it is told to. */
class FlippingStore extends MemoryBlobStore {
  flips = false
  override async read(name: string, offset?: number, length?: number): Promise<Uint8Array> {
    const bytes = Uint8Array.from(await super.read(name, offset, length))
    if (this.flips) bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1
    return bytes
  }
}

async function runOf(store: MemoryBlobStore): Promise<RunReference> {
  const value = new Uint8Array([1, 2, 3])
  const { records } = await writeSnapshot({
    cut: undefined,
    records: [{ operatorId: 1, kind: 'channel-data', name: 'received 0', value }],
    subtaskIndex: 0,
    store,
    name: NAME,
    metadata: METADATA,
    compression: 'none',
    slice: {
      monotonic: () => 0,
      budgetMs: Number.POSITIVE_INFINITY,
      yield: () => systemClock.yield(),
    },
  })
  return required(records, 'a run with records')
}

/** Opens the storage of worker 1, reads the run once, and gives the names of its copies. */
async function copiesAfterRead(
  restores: (run: RunReference) => readonly TaskRestore[],
  { isDamaged }: { readonly isDamaged: boolean },
): Promise<readonly string[]> {
  const near: MemoryBlobs = new Map()
  const far = new FlippingStore()
  const run = await runOf(far)
  const host = testWorkerHost()
  const isNear = (location: string): boolean => location === 'copies'
  host.openStore = (location) =>
    Promise.resolve(isNear(location) ? new MemoryBlobStore('copies', near) : far)
  const localCopies = { isOn: true, directory: 'copies', bytesMax: 1e9, isTrusted: true }
  const { store, copying } = await openWorkerStore(
    host,
    { ...settingsOf('job', 10), parallelism: 2, localCopies },
    1,
    {
      kind: 'deploy',
      round: 0,
      regions: [],
      scope: { jobName: 'job', lineage: 'line', leaderEpoch: 1, checkpointId: 1 },
      operators: METADATA.operators,
      restores: restores(run),
      rings: [],
      doorbells: [],
      processingTime: 0,
      withdraw: [],
    },
  )
  far.flips = isDamaged
  await store.read(NAME)
  copying?.retain(new Set([NAME])) // as the next checkpoint does
  await copying?.settled()
  await store.close()
  return [...near.keys()].toSorted()
}

const inFlight = (run: RunReference): readonly TaskRestore[] => [
  {
    vertex: 0,
    subtaskIndex: 1,
    from: [],
    formerParallelism: 1,
    inFlight: { records: [run], nodes: [] },
  },
]

describe('the storage of a worker', () => {
  it('keeps a copy of a run with records in flight, of whichever task', async () => {
    const path = `line/worker-1/${NAME}`
    assert.deepEqual(await copiesAfterRead(inFlight, { isDamaged: false }), [path, `${path}.sums`])
  })

  it('keeps no copy of one that was read wrongly from afar', async () => {
    assert.deepEqual(await copiesAfterRead(inFlight, { isDamaged: true }), [])
  })

  it('keeps no copy of what it cannot verify', async () => {
    assert.deepEqual(await copiesAfterRead(() => [], { isDamaged: false }), [])
  })
})
