// A chain whose links are deleted, by its leader or with its job, while somebody sleeps or reads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChainKeeper } from '../../src/checkpoint/chain-keeper.ts'
import { appendLink, EMPTY_HEAD, fence, readChain } from '../../src/checkpoint/chain.ts'
import { reachNothing } from '../../src/checkpoint/crash-points.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import { isMillraceError } from '../../src/errors.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { ManualClock } from '../runtime/doubles.ts'
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

/** A store whose only link is a fence, and in its place another one: of a longer name, longer. */
async function replaced(jobName: string) {
  const decide = () => ({ restores: 0, lineage: 'a' })
  const store = new MemoryBlobStore()
  const { chain } = await fence(store, { jobName: 'test', writtenAt: 0 }, decide)
  const other = new MemoryBlobStore()
  await fence(other, { jobName, writtenAt: 0 }, decide)
  await store.delete(linkName(1))
  await store.putIfAbsent(linkName(1), await other.read(linkName(1)))
  return { store, chain }
}

test('another link in the place of the head is of another leader, however long', async () => {
  for (const jobName of ['test with a longer name', 'rest', 't']) {
    const { store, chain } = await replaced(jobName)
    assert.equal(await appendLink(store, chain.head, checkpointBody(1)), 'lost', jobName)
  }
})

test('a head damaged by its disk is no other leader; a restart goes on from it', async () => {
  const damages: ((bytes: Uint8Array) => Uint8Array)[] = [
    (bytes) => new Uint8Array(bytes.length),
    (bytes) => bytes.map((byte, at) => (at === 20 ? byte ^ 1 : byte)),
    (bytes) => bytes.subarray(0, 30),
    () => new Uint8Array(0),
  ]
  for (const damage of damages) {
    const { store, chain } = await replaced('test')
    const bytes = await store.read(linkName(1))
    await store.delete(linkName(1))
    await store.putIfAbsent(linkName(1), damage(bytes))
    const world = { store, clock: new ManualClock(), logger: silentLogger, reach: reachNothing }
    const keeper = new ChainKeeper({ chain, keep: 1, unverified: false }, world)
    const outcome = await keeper.append(checkpointBody(1))
    assert.ok(outcome.kind === 'doubtful' && isMillraceError(outcome.error), outcome.kind)
    assert.equal(outcome.error.code, 'STORAGE_CORRUPT')
    assert.match(outcome.error.message, /: damaged since it was read: chain\/0{11}1\.manifest /)
    const after = await readChain(store)
    assert.deepEqual([after.entries.length, after.damage.length], [1, 1])
    assert.notEqual(await appendLink(store, after.head, checkpointBody(2)), 'lost')
  }
})
