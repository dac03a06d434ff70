// Reading a chain that its leader goes on with meanwhile, or of which nothing is whole.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendLink, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import { MillraceError } from '../../src/errors.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpointBody } from './links.ts'

const fresh = () => ({ restores: 0, lineage: 'a' })
const lead = (store: MemoryBlobStore) => fence(store, { jobName: 'test', writtenAt: 0 }, fresh)

/** A chain of a fence and some checkpoints. */
async function chainOf(checkpoints: number): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  let { head } = (await lead(store)).chain
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

test('of links that are all damaged each may have been the fence of a leader', async () => {
  const store = await chainOf(2)
  for (const name of [1, 2, 3].map(linkName)) {
    await store.delete(name)
    await store.putIfAbsent(name, new Uint8Array(10))
  }
  const { entries, head, damage } = await readChain(store)
  assert.deepEqual([entries.length, damage.length], [0, 3])
  assert.deepEqual([head.sequence, head.leaderEpoch], [3, 3])
  const { fence: link } = await lead(store)
  assert.deepEqual([link.sequence, link.leaderEpoch], [4, 4])
})
