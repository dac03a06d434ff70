// Which merges of a task are made elsewhere, and what follows when nobody knows whether one was.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { RunRenewal } from '../../src/runtime/run-renewal.ts'
import { TaskMerges } from '../../src/runtime/task-merges.ts'
import type { Entry } from '../../src/state/backend.ts'
import type { MergeOrder } from '../../src/state/runs/merger.ts'
import { mergeRuns } from '../../src/state/runs/run-set.ts'
import { RunWriter } from '../../src/state/runs/run-writer.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { liveValue, METADATA, rowKey } from '../state/runs/entries.ts'
import { testWorkerHost } from './doubles.ts'

const KEY_GROUPS = { start: 0, end: 127 }
const SLICE = { monotonic: () => 0, budgetMs: 1, yield: () => Promise.resolve() }

class PlainStore extends MemoryBlobStore {
  plainLocation: string | undefined = '/a/folder'
}

/** What the other thread does with an order. */
type Elsewhere = (order: MergeOrder, store: PlainStore) => Promise<RunReference | undefined>

const made: Elsewhere = async ({ location: _location, ...order }, store) =>
  await mergeRuns({ ...order, store, slice: SLICE })

async function world(elsewhere: Elsewhere, { fromBytes = 0, ages = 0 } = {}) {
  const store = new PlainStore()
  const runs: RunReference[] = []
  for (const name of ['runs/a.run', 'runs/b.run']) {
    const writer = await RunWriter.create(store, name, METADATA)
    writer.add({ key: rowKey(3, name), value: liveValue(name) })
    runs.push(await writer.close())
  }
  const orders: MergeOrder[] = []
  const abort = new AbortController()
  const merger = {
    fromBytes,
    async merge(order: MergeOrder) {
      orders.push(order)
      return await elsewhere(order, store)
    },
  }
  const scope = { jobName: 'job', lineage: 'a', leaderEpoch: 2, checkpointId: 0 }
  const host = { ...testWorkerHost(), merger }
  const shared = { store, host, keyGroups: KEY_GROUPS, signal: abort.signal }
  const options = { vertex: 0, subtaskIndex: 0, scope, ...shared }
  const renewal = {
    ages: new Map(Array.from({ length: ages }, (_, id) => [id, 1])),
    renewed: (entry: Entry) => entry,
  }
  // Of the runs themselves nothing is asked here.
  const merges = new TaskMerges(options, { renewal } as unknown as RunRenewal)
  const merge = () => merges.merge(runs, true, 5, { metadata: METADATA, slice: SLICE })
  const names = async () => (await store.list('runs/')).map(({ name }) => name)
  return { store, runs, orders, abort, merge, names }
}

describe('a merge of a task', () => {
  it('is made elsewhere, by the place of the store', async () => {
    const { merge, orders, runs } = await world(made)
    const run = await merge()
    assert.equal(run.name, 'runs/2-5-v0-s0-m1.run')
    assert.equal(run.entries, 2)
    const [order] = orders
    assert.deepEqual([order?.location, order?.runs], ['/a/folder', runs])
    assert.equal(order?.dropTombstones, true)
  })

  it('is made here where the store has no such place, or the runs are small', async () => {
    const small = await world(made, { fromBytes: 1e9 })
    assert.equal((await small.merge()).entries, 2)
    assert.deepEqual(small.orders, [])
    const far = await world(made)
    far.store.plainLocation = undefined
    assert.equal((await far.merge()).entries, 2)
    assert.deepEqual(far.orders, [])
  })

  it('is made here where entries of older types are written anew by it', async () => {
    const changed = await world(made, { ages: 1 })
    assert.equal((await changed.merge()).entries, 2)
    assert.deepEqual(changed.orders, [])
  })

  it('is made here, under another name, if nobody knows whether it was; none is left', async () => {
    for (const elsewhere of [
      async () => undefined,
      async (order: MergeOrder, store: PlainStore) => (await made(order, store), undefined),
    ]) {
      const { merge, names } = await world(elsewhere)
      assert.equal((await merge()).name, 'runs/2-5-v0-s0-m2.run')
      assert.deepEqual(await names(), ['runs/2-5-v0-s0-m2.run', 'runs/a.run', 'runs/b.run'])
    }
  })

  it('fails as it fails elsewhere', async () => {
    const { merge } = await world(() => Promise.reject(new Error('the disk is full')))
    await assert.rejects(merge(), /the disk is full/)
  })

  it('that ends with its task is not made again', async () => {
    const stopped = await world(async () => (stopped.abort.abort(new Error('it ends')), undefined))
    await assert.rejects(stopped.merge(), /it ends/)
    assert.deepEqual(await stopped.names(), ['runs/a.run', 'runs/b.run'])
  })
})
