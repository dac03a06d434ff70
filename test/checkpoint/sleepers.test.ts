// What becomes of a chain when a leader stands still in the middle of something, and others go on.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendLink, type Chain, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import { chooseCheckpoint, type RunVerifier } from '../../src/checkpoint/damage.ts'
import { LINKS_DELETED_NAME, linkName } from '../../src/checkpoint/layout.ts'
import { lineOf } from '../../src/checkpoint/line.ts'
import { isMillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { FaultyBlobStore } from '../../src/testing/faulty-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { checkpointBody, run } from './links.ts'

const newestOf = (chain: Chain) => lineOf(chain.entries.map((entry) => entry.link)).at(-1)
const goOn = (chain: Chain) => ({ restores: newestOf(chain)?.sequence ?? 0, lineage: 'a' })
const lead = (store: BlobStore) => fence(store, { jobName: 'test', writtenAt: 0 }, goOn)

const runOf = (id: number): string => `runs/1-${id}-v0-s0.run`

/** A chain of a fence and some checkpoints, each with a run of its own. */
async function chainOf(checkpoints: number): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  let { head } = (await lead(store)).chain
  for (let id = 1; id <= checkpoints; id++) {
    await store.putIfAbsent(runOf(id), new Uint8Array(1000))
    const runs = [run(runOf(id))]
    const tasks = [{ vertex: 0, subtaskIndex: 0, runs, keyGroups: { start: 0, end: 127 } }]
    const entry = await appendLink(store, head, checkpointBody(id, { tasks }))
    assert.ok(entry !== 'lost')
    head = headAt(entry)
  }
  return store
}

test('a leader that slept after it put its link takes back none that others follow', async () => {
  const store = await chainOf(1)
  const old = (await readChain(store)).head
  // Simulation, seed 9862: a checkpoint that was to be kept was deleted.
  const at = async (point: string, name: string): Promise<void> => {
    if (point !== 'put-after' || name !== linkName(old.sequence + 1)) return
    const { chain } = await lead(store)
    const entry = await appendLink(store, chain.head, checkpointBody(3, { leaderEpoch: 2 }))
    assert.ok(entry !== 'lost')
    // Of three checkpoints two are kept: that of the sleeper and its successor's.
    await store.putIfAbsent(LINKS_DELETED_NAME, new Uint8Array())
    for (let gone = 1; gone <= old.sequence; gone++) await store.delete(linkName(gone))
  }
  const sleeper = new FaultyBlobStore(store, { random: new SeededRandom(1), at })
  assert.equal(await appendLink(sleeper, old, checkpointBody(2)), 'lost')
  const { entries } = await readChain(store)
  const ids = entries.map(({ link }) => (link.kind === 'checkpoint' ? link.checkpointId : 'fence'))
  assert.deepEqual(ids, [2, 'fence', 3])
  assert.equal(entries[0]?.link.sequence, old.sequence + 1)
})

test('what who leads deletes while it is looked at is gone, not damaged', async () => {
  /** Here a run is sound if it is there. */
  const verifyRun: RunVerifier = async (store, { name }) => void (await store.stat(name))
  const store = await chainOf(2)
  const chain = await readChain(store)
  // Somebody has read the chain, and looks at the runs when the collection has come so far.
  await store.delete(linkName(2))
  await store.delete(runOf(1))
  const chosen = chooseCheckpoint(store, chain, { checkpointId: 1, verifyRun })
  await assert.rejects(chosen, (error) => {
    assert.ok(isMillraceError(error))
    assert.equal(error.code, 'CHECKPOINT_NOT_FOUND')
    assert.match(error.message, /checkpoint 1 was deleted while it was looked at/)
    return true
  })
  // With its link it would be damaged.
  await store.delete(runOf(2))
  const newest = chooseCheckpoint(store, await readChain(store), { verifyRun })
  await assert.rejects(newest, { code: 'CHECKPOINT_DAMAGED' })
})
