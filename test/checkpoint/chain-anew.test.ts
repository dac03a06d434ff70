// A chain that is deleted and begun anew while somebody reads it.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fence, readChain } from '../../src/checkpoint/chain.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'

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
