// Reading a chain that its leader goes on with meanwhile.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendLink, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import { MillraceError } from '../../src/errors.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpointBody } from './links.ts'

/** A chain of a fence and some checkpoints. */
async function chainOf(checkpoints: number): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  const fresh = () => ({ restores: 0, lineage: 'a' })
  let { head } = (await fence(store, { jobName: 'test', writtenAt: 0 }, fresh)).chain
  for (let id = 1; id <= checkpoints; id++) {
    const entry = await appendLink(store, head, checkpointBody(id))
    assert.ok(entry !== 'lost')
    head = headAt(entry)
  }
  return store
}

test('a chain whose listed links all go while they are read is not taken for none', async () => {
  const store = await chainOf(2)
  const list = store.list.bind(store)
  let listed = 0
  store.list = async (prefix) => {
    const found = await list(prefix)
    if (prefix !== 'chain/' || ++listed > 1) return found
    // Between the listing and the reading the leader takes two checkpoints, and keeps one.
    let { head } = await readChain(store)
    for (const id of [4, 5]) {
      const entry = await appendLink(store, head, checkpointBody(id))
      assert.ok(entry !== 'lost')
      head = headAt(entry)
    }
    for (const { name } of found) await store.delete(name)
    return found
  }
  assert.deepEqual(
    (await readChain(store)).entries.map(({ link }) => link.sequence),
    [4, 5],
  )
})

test('a newest link that is listed and never there is refused, not passed over', async () => {
  const store = await chainOf(1)
  store.read = () => Promise.reject(new MillraceError('STORAGE_NOT_FOUND', 'gone'))
  await assert.rejects(readChain(store), { code: 'STORAGE_CONFLICT' })
})
