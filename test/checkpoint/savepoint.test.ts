import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readChain } from '../../src/checkpoint/chain.ts'
import { requireRoom, writeSavepoint } from '../../src/checkpoint/savepoint.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpointBody, run } from './links.ts'

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
  await writeSavepoint(source, link, target)
  const names = (await target.list('')).map(({ name }) => name)
  assert.deepEqual(names, ['chain/000000000001.manifest', 'runs/1-2-v0-s0.run'])
})

test('one that nobody was told of is replaced; any other is not', async () => {
  const target = new MemoryBlobStore()
  const [first, older] = await checkpoint(1)
  const { hash } = await writeSavepoint(first, older, target)
  const [second, newer] = await checkpoint(2)
  await assert.rejects(writeSavepoint(second, newer, target), { code: 'STORAGE_CONFLICT' })
  await assert.rejects(writeSavepoint(second, newer, target, 'another'), {
    code: 'STORAGE_CONFLICT',
  })
  await writeSavepoint(second, newer, target, hash)
  const [entry] = (await readChain(target)).entries
  assert.ok(entry?.link.kind === 'checkpoint' && entry.link.checkpointId === 2)
  assert.deepEqual(
    (await target.list('runs/')).map(({ name }) => name),
    ['runs/1-2-v0-s0.run'],
  )
  await assert.rejects(requireRoom(target), { code: 'STORAGE_CONFLICT' })
})
