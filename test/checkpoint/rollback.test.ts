// Going back for good: a fence after the head that names the older checkpoint.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { lineOf } from '../../src/checkpoint/line.ts'
import { rollBack } from '../../src/checkpoint/rollback.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { required } from '../../src/util/assert.ts'
import { readBlobs } from '../fixtures/snapshots/version.ts'

const identity = { jobName: 'golden', leader: 'operator', writtenAt: 1_750_000_000_000 }

function job(without: readonly string[] = []): MemoryBlobStore {
  const blobs = readBlobs('v1', 'checkpoints')
  return new MemoryBlobStore(
    'memory:job',
    new Map([...blobs].filter(([n]) => !without.includes(n))),
  )
}

const lineIn = async (store: MemoryBlobStore) =>
  lineOf((await readChain(store)).entries.map(({ link }) => link))

test('the line ends with the checkpoint gone back to, and the fence names its writer', async () => {
  const store = job()
  const before = await lineIn(store)
  const [target] = before
  assert.ok(target !== undefined && before.length > 1)
  const problems: string[] = []
  const { entries } = await rollBack(store, {
    ...identity,
    checkpointId: target.checkpointId,
    acceptDuplicates: true,
    onDamage: (problem) => problems.push(problem),
  })
  const link = entries.at(-1)?.link
  assert.ok(link?.kind === 'fence')
  const { restores, lineage, leader } = link
  assert.deepEqual([restores, lineage, leader], [target.sequence, target.lineage, 'operator'])
  assert.deepEqual(
    (await lineIn(store)).map(({ checkpointId }) => checkpointId),
    [target.checkpointId],
  )
  assert.deepEqual(problems, [])
})

test('what is not there is not gone back to, and nothing is written', async () => {
  const store = job()
  const before = (await store.list('')).length
  await assert.rejects(rollBack(store, { ...identity, checkpointId: 4711 }), {
    code: 'CHECKPOINT_NOT_FOUND',
  })
  const empty = new MemoryBlobStore()
  await assert.rejects(rollBack(empty, { ...identity, checkpointId: 1 }), {
    code: 'CHECKPOINT_NOT_FOUND',
  })
  assert.equal((await store.list('')).length, before)
  assert.deepEqual(await empty.list(''), [])
})

test('a checkpoint that lacks a file is not gone back to, in favour of no other', async () => {
  const [target] = await lineIn(job())
  assert.ok(target !== undefined)
  const name = required(target.tasks.flatMap(({ runs }) => runs)[0], 'a run').name
  const request = { ...identity, checkpointId: target.checkpointId, acceptDuplicates: true }
  await assert.rejects(rollBack(job([name]), request), { code: 'CHECKPOINT_DAMAGED' })
})

test('what of the chain cannot be read any more is told, once, and passed over', async () => {
  const all = (await readChain(job())).entries
  const line = await lineIn(job())
  const [target, newer] = line
  assert.ok(target !== undefined && newer !== undefined)
  const name = required(
    all.find(({ link }) => link.sequence === newer.sequence),
    'a link',
  ).name
  const blobs = new Map(readBlobs('v1', 'checkpoints'))
  blobs.set(name, new Uint8Array(7))
  const problems: string[] = []
  const request = { ...identity, checkpointId: target.checkpointId, acceptDuplicates: true }
  const store = new MemoryBlobStore('memory:job', blobs)
  await rollBack(store, { ...request, onDamage: (problem) => problems.push(problem) })
  assert.equal(problems.length, 1)
  assert.ok(problems[0]?.startsWith(name), String(problems[0]))
})
