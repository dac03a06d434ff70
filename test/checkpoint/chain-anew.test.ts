// A chain whose links are deleted, by its leader or with its job, while somebody sleeps or reads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendLink, EMPTY_HEAD, fence, readChain } from '../../src/checkpoint/chain.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpointBody } from './links.ts'

test('a link that was listed before its chain was begun anew is read as it is', async () => {
  class Anew extends MemoryBlobStore {
    override async list(prefix: string) {
      const listed = await super.list(prefix)
      return listed.map((blob) => ({ ...blob, lengthBytes: blob.lengthBytes + 173 }))
    }
  }
  const blobs = new Map<string, Uint8Array>()
  const identity = { jobName: 'test', writtenAt: 0 }
  const decide = () => ({ restores: 0, lineage: 'a' })
  await fence(new MemoryBlobStore('memory:job', blobs), identity, decide)
  const { entries, damage } = await readChain(new Anew('memory:job', blobs))
  assert.deepEqual([entries.length, damage.length], [1, 0])
})

test('a put after a link that somebody has put where one was deleted counts not', async () => {
  const store = new MemoryBlobStore()
  const identity = { jobName: 'test', writtenAt: 0 }
  const { chain } = await fence(store, identity, () => ({ restores: 0, lineage: 'a' }))
  const { head: sleeps } = chain
  for (const id of [1, 2]) {
    assert.notEqual(
      await appendLink(store, (await readChain(store)).head, checkpointBody(id)),
      'lost',
    )
  }
  for (const sequence of [1, 2]) await store.delete(linkName(sequence))
  assert.equal(await appendLink(store, EMPTY_HEAD, checkpointBody(3)), 'lost')
  assert.equal(await appendLink(store, sleeps, checkpointBody(4)), 'lost')
})
