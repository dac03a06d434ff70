// A small snapshot, looked at from all sides: counted, compared and converted, to the last entry.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { eventTimer, keyedProcess, mapState, t, valueState } from 'millrace'
import {
  convertSavepoint,
  differences,
  fromIterable,
  inventory,
  Snapshot,
  writeSavepoint,
} from 'millrace/savepoint'
import type { Entry } from '../../src/state/backend.ts'
import { writeRun } from '../../src/savepoint/sorted-entries.ts'
import { METADATA } from '../state/runs/entries.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

const carts = keyedProcess({
  key: t.string,
  input: t.string,
  state: { total: valueState(t.float64), name: valueState(t.string), items: mapState(t.string) },
  timers: { close: eventTimer() },
  processElement: () => undefined,
  onTimer: () => undefined,
})

interface Cart {
  readonly total?: number
  readonly name?: string
  readonly items?: Map<string, string>
}

test('entries that fail before the first one leave no run, and say why', async () => {
  const store = new MemoryBlobStore()
  const next = () => Promise.reject(new Error('nothing can be read'))
  const failing: AsyncIterable<Entry> = { [Symbol.asyncIterator]: () => ({ next }) }
  await assert.rejects(writeRun(store, 'runs/1-1-v0-s0.run', METADATA, failing), /nothing can be/)
  assert.deepEqual(await store.list(''), [])
})

/** A savepoint of these carts, each with a timer. */
async function saved(of: Readonly<Record<string, Cart>>, folder = 'memory:a') {
  const blobs = new Map<string, Uint8Array>()
  const timers = [{ name: 'close' as const, timeMs: 10 }]
  const entries = Object.entries(of).map(([key, states]) => ({ key, states, timers }))
  const store = new MemoryBlobStore(folder, blobs)
  const operators = { carts: fromIterable(carts, entries) }
  await writeSavepoint(store, { jobName: 'carts', maxParallelism: 16, operators })
  return { blobs, snapshot: await Snapshot.open(store) }
}

const CARTS = {
  ann: { total: 1, name: 'Ann', items: new Map([['a', '1']]) },
  bob: { total: 2 },
  eve: { name: 'Eve', items: new Map([['a', '1'], ['b', '2']]) }, // prettier-ignore
}

test('what each state takes is counted by itself, without its neighbours in the row', async () => {
  const { snapshot } = await saved(CARTS)
  const [counted] = await inventory(snapshot)
  assert.ok(counted !== undefined)
  const { keys, timers, states } = counted
  assert.deepEqual([keys, timers], [3, 3])
  const [total, name, items] = states
  assert.deepEqual([total?.keys, total?.entries, total?.bytes], [2, 2, 16])
  assert.deepEqual([name?.keys, name?.entries, name?.bytes], [2, 2, 8])
  assert.deepEqual([items?.keys, items?.entries], [2, 3])
})

test('a key that only one of two snapshots has differs in all that it holds', async () => {
  const { ann, bob, eve } = CARTS
  const old = await saved({ ann, bob })
  const now = await saved({ bob: { total: 3 }, eve }, 'memory:b')
  const found: string[] = []
  for await (const each of differences(old.snapshot, now.snapshot)) {
    if (each.timer !== undefined) continue
    const { key, state, change, before, after } = each
    const size = (value: unknown) => (value instanceof Map ? `${value.size} items` : String(value))
    found.push([key, state, change, size(before), size(after)].join(' '))
  }
  assert.deepEqual(found.toSorted(), [
    'ann items removed 1 items undefined',
    'ann name removed Ann undefined',
    'ann total removed 1 undefined',
    'bob total changed 2 3',
    'eve items added undefined 2 items',
    'eve name added undefined Eve',
  ])
})

test('under another number of key groups every entry is there, once, in its group', async () => {
  const { snapshot } = await saved(CARTS)
  const [before] = await inventory(snapshot)
  const blobs = new Map<string, Uint8Array>()
  const told: (readonly number[])[] = []
  const store = new MemoryBlobStore('memory:b', blobs)
  const result = await convertSavepoint(store, {
    from: snapshot,
    maxParallelism: 7,
    clock: { now: () => 1234 },
    onProgress: (done, of) => told.push([done, of]),
  })
  const runs = [...blobs].filter(([name]) => name.startsWith('runs/'))
  // Three rows of scalars or fewer, three items, three timers.
  assert.deepEqual([result.entries, told], [9, [[9, 9]]])
  assert.deepEqual(
    [result.bytes, runs.length],
    [runs.reduce((sum, [, { length }]) => sum + length, 0), 1],
  )
  await using converted = await Snapshot.open(store)
  const { leaderEpoch, writtenAt, plan, tasks } = converted.link
  assert.equal(leaderEpoch, snapshot.link.leaderEpoch + 1)
  assert.deepEqual([writtenAt, plan.maxParallelism, converted.maxParallelism], [1234, 7, 7])
  assert.ok(tasks.every(({ keyGroups }) => keyGroups.end < 7))
  assert.deepEqual((await inventory(converted))[0], before)
})

test('a place that is taken is left as it is', async () => {
  const { snapshot, blobs } = await saved({ ann: { total: 1 } })
  const names = [...blobs.keys()]
  const request = convertSavepoint(new MemoryBlobStore('memory:a', blobs), {
    from: snapshot,
    maxParallelism: 7,
  })
  await assert.rejects(request, { code: 'STORAGE_CONFLICT' })
  assert.deepEqual([...blobs.keys()], names)
})

test('nothing is left of a conversion that fails', async () => {
  const { snapshot } = await saved(CARTS)
  const blobs = new Map<string, Uint8Array>()
  const store = new MemoryBlobStore('memory:b', blobs)
  store.putIfAbsent = () => Promise.reject(new Error('away'))
  const request = convertSavepoint(store, { from: snapshot, maxParallelism: 7 })
  await assert.rejects(request, /away/)
  assert.deepEqual([...blobs.keys()], [])
})

test('nothing is left of a copy whose manifest cannot be written', async () => {
  const { snapshot } = await saved(CARTS)
  const blobs = new Map<string, Uint8Array>()
  const store = new MemoryBlobStore('memory:b', blobs)
  const put = store.putIfAbsent.bind(store)
  const seen: string[] = []
  store.putIfAbsent = async (name, bytes) => {
    if (!name.endsWith('.manifest')) return await put(name, bytes)
    seen.push(...blobs.keys())
    throw new Error('away')
  }
  await assert.rejects(writeSavepoint(store, { from: snapshot }), /away/)
  assert.ok(seen.length > 0, 'its files had been copied')
  assert.deepEqual([...blobs.keys()], [])
})
