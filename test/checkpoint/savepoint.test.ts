import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { requireRoom, writeSavepoint } from '../../src/checkpoint/savepoint.ts'
import type { RunVerifier } from '../../src/checkpoint/damage.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { required } from '../../src/util/assert.ts'
import { readBlobs } from '../fixtures/snapshots/version.ts'
import { checkpointBody, run } from './links.ts'

/** Here a run is sound if it is there. */
const exists: RunVerifier = async (store, { name }) => void (await store.stat(name))

const keyGroups = { start: 0, end: 127 }

/** A checkpoint with one run, in a store of its own. */
async function checkpoint(id: number): Promise<[MemoryBlobStore, CheckpointLink]> {
  const store = new MemoryBlobStore()
  const name = `runs/1-${id}-v0-s0.run`
  const reference = { ...run(name), lengthBytes: 10 }
  await store.putIfAbsent(name, new Uint8Array(10).fill(id))
  const tasks = [{ vertex: 0, subtaskIndex: 0, runs: [reference], keyGroups }]
  const body = checkpointBody(id, { tasks })
  return [store, { ...body, kind: 'checkpoint', formatVersion: 1, sequence: 1, previousHash: '' }]
}

test('it is gone on with where an interrupted one ended, and left-overs go', async () => {
  const [source, link] = await checkpoint(2)
  const target = new MemoryBlobStore()
  await target.putIfAbsent('runs/1-1-v0-s0.run', new Uint8Array(3))
  await target.putIfAbsent('runs/1-2-v0-s0.run', new Uint8Array(10).fill(2))
  await writeSavepoint(source, link, target, undefined, exists)
  const names = (await target.list('')).map(({ name }) => name)
  assert.deepEqual(names, ['chain/000000000001.manifest', 'runs/1-2-v0-s0.run'])
})

test('one that nobody was told of is replaced; any other is not', async () => {
  const target = new MemoryBlobStore()
  const [first, older] = await checkpoint(1)
  const { hash } = await writeSavepoint(first, older, target, undefined, exists)
  const [second, newer] = await checkpoint(2)
  await assert.rejects(writeSavepoint(second, newer, target), { code: 'STORAGE_CONFLICT' })
  await assert.rejects(writeSavepoint(second, newer, target, 'another'), {
    code: 'STORAGE_CONFLICT',
  })
  await writeSavepoint(second, newer, target, hash, exists)
  const [entry] = (await readChain(target)).entries
  assert.ok(entry?.link.kind === 'checkpoint' && entry.link.checkpointId === 2)
  assert.deepEqual(
    (await target.list('runs/')).map(({ name }) => name),
    ['runs/1-2-v0-s0.run'],
  )
  await assert.rejects(requireRoom(target), {
    code: 'STORAGE_CONFLICT',
    cure: /empty directory of its own/,
  })
})

async function newest(store: MemoryBlobStore): Promise<CheckpointLink> {
  const { entries } = await readChain(store)
  const links = entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? [link] : []))
  return required(links.at(-1), 'a checkpoint')
}

test('a savepoint is a chain of one link with sound copies of all runs', async () => {
  const source = new MemoryBlobStore('memory:job', readBlobs('v1', 'checkpoints'))
  const target = new MemoryBlobStore('memory:saved')
  const link = await newest(source)
  await writeSavepoint(source, link, target)
  const saved = await newest(target)
  assert.deepEqual(saved.tasks, link.tasks)
  await assert.rejects(writeSavepoint(source, link, target), { code: 'STORAGE_CONFLICT' })
})

test('a run that is damaged in one block makes no savepoint', async () => {
  const blobs = readBlobs('v1', 'checkpoints')
  const sound = new MemoryBlobStore('memory:job', blobs)
  const link = await newest(sound)
  const name = required(link.tasks.find(({ runs }) => runs.length > 1)?.runs[0], 'a run').name
  const bytes = new Uint8Array(required(blobs.get(name), name))
  bytes[20] = (bytes[20] ?? 0) ^ 1
  const damaged = new MemoryBlobStore('memory:damaged', new Map([...blobs, [name, bytes]]))
  const target = new MemoryBlobStore('memory:saved')
  await assert.rejects(writeSavepoint(damaged, link, target), { code: 'STORAGE_CORRUPT' })
  assert.deepEqual((await readChain(target)).entries, [], 'what is there is no savepoint')
})
