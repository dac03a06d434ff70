// The chain in its leader's hands: what is held, what is damaged, and one collection at a time.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChainKeeper } from '../../src/checkpoint/chain-keeper.ts'
import { type ChainHead, appendLink, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import type { CrashPoint } from '../../src/checkpoint/crash-points.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { ManualClock } from '../runtime/doubles.ts'
import { checkpointBody } from './links.ts'

const alive = { leaderEpoch: 1, checkpointId: 100 }

/** A fence and checkpoints with ids 1, 2, …, whose links have the sequences 2, 3, … */
async function chainWith(checkpoints: number): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  const decide = () => ({ restores: 0, lineage: 'a' })
  const { chain } = await fence(store, { jobName: 'test', writtenAt: 0 }, decide)
  let head: ChainHead = chain.head
  for (let id = 1; id <= checkpoints; id++) {
    await store.putIfAbsent(`runs/1-${id}-v0-s0.run`, new Uint8Array(10))
    const entry = await appendLink(store, head, checkpointBody(id))
    assert.ok(entry !== 'lost')
    head = headAt(entry)
  }
  return store
}

async function keeperOf(store: MemoryBlobStore, keep = 1) {
  const points: CrashPoint[] = []
  const warnings: unknown[] = []
  const logger = { ...silentLogger, warn: (fields: unknown) => void warnings.push(fields) }
  const reach = (point: CrashPoint) => void points.push(point)
  const world = { store, clock: new ManualClock(), logger, reach }
  const chain = await readChain(store)
  return { keeper: new ChainKeeper({ chain, keep, unverified: false }, world), points, warnings }
}

const namesIn = async (store: MemoryBlobStore, prefix: string) =>
  (await store.list(prefix)).map(({ name }) => name)

test('a damaged link goes when those around it go, and runs go only after it', async () => {
  const store = await chainWith(3)
  await store.delete(linkName(2))
  await store.putIfAbsent(linkName(2), new Uint8Array(5))
  const { keeper } = await keeperOf(store)
  await keeper.collect(alive)
  assert.deepEqual(await namesIn(store, 'chain/'), [linkName(4)])
  assert.deepEqual(await namesIn(store, 'runs/'), ['runs/1-3-v0-s0.run'])
})

test('a checkpoint is held while it is worked on; a fence cannot be', async () => {
  const store = await chainWith(3)
  const { keeper, warnings } = await keeperOf(store)
  await keeper.holding(2, async (link) => {
    assert.equal(link.checkpointId, 1)
    await keeper.collect(alive)
    assert.ok((await namesIn(store, 'runs/')).includes('runs/1-1-v0-s0.run'))
  })
  await keeper.collect(alive)
  assert.deepEqual(await namesIn(store, 'runs/'), ['runs/1-3-v0-s0.run'])
  assert.deepEqual(warnings, [])
  const unasked = () => assert.fail('nothing is there to work on')
  const other = (await keeperOf(await chainWith(1))).keeper
  for (const sequence of [1, 7]) {
    await assert.rejects(other.holding(sequence, unasked), { name: 'AssertionError' })
  }
})

test('while a collection goes on no other begins; after it one does', async () => {
  const { keeper, points } = await keeperOf(await chainWith(3))
  await Promise.all([keeper.collect(alive), keeper.collect(alive)])
  assert.equal(points.filter((point) => point === 'gc-begin').length, 1)
  await keeper.collect(alive)
  assert.equal(points.filter((point) => point === 'gc-begin').length, 2)
})
