// A chain whose links are deleted, by its leader or with its job, while somebody sleeps or reads.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChainKeeper } from '../../src/checkpoint/chain-keeper.ts'
import {
  appendLink,
  type Chain,
  EMPTY_HEAD,
  fence,
  readChain,
  wasAppended,
} from '../../src/checkpoint/chain.ts'
import { reachNothing } from '../../src/checkpoint/crash-points.ts'
import { collectGarbage } from '../../src/checkpoint/collect-garbage.ts'
import { LINKS_DELETED_NAME, linkName } from '../../src/checkpoint/layout.ts'
import { isMillraceError } from '../../src/errors.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { ManualClock } from '../runtime/doubles.ts'
import { checkpointBody } from './links.ts'

const identity = { jobName: 'test', writtenAt: 0 }
const decide = ({ entries }: Chain) => ({
  restores: entries.findLast(({ link }) => link.kind === 'checkpoint')?.link.sequence ?? 0,
  lineage: 'a',
})

/** Leaves of a chain only its newest checkpoint. */
async function deleteOld(store: BlobStore): Promise<void> {
  const links = (await readChain(store)).entries.map(({ link }) => link)
  const alive = { leaderEpoch: 1, checkpointId: 100 }
  const request = { keep: 1, held: [], unverified: false, damaged: [], nowMs: 0 }
  await collectGarbage(store, { ...request, links, alive })
}

/** One fence and two checkpoints, of which the last is left: link 3. */
async function onlyTheThird(blobs: Map<string, Uint8Array>): Promise<void> {
  const store = new MemoryBlobStore('memory:job', blobs)
  await fence(store, identity, decide)
  for (const id of [1, 2]) {
    await appendLink(store, (await readChain(store)).head, checkpointBody(id))
  }
  await deleteOld(store)
}

/** Lists what there was before the job began, the first so many times. */
class Lagging extends MemoryBlobStore {
  #lags: number

  constructor(blobs: Map<string, Uint8Array>, lags: number) {
    super('memory:job', blobs)
    this.#lags = lags
  }

  override async list(prefix: string) {
    return this.#lags-- > 0 ? [] : await super.list(prefix)
  }
}

test('who is told of no link, because lists lag behind, does not begin anew', async () => {
  for (const lags of [1, 2, 5]) {
    const blobs = new Map<string, Uint8Array>()
    await onlyTheThird(blobs)
    const { fence: written } = await fence(new Lagging(blobs, lags), identity, decide)
    assert.deepEqual([written.sequence, written.leaderEpoch, written.restores], [4, 2, 3])
  }
})

test('what is not found in lists that lag behind is looked for again', async () => {
  const blobs = new Map<string, Uint8Array>()
  const requiring = (chain: Chain) => {
    if (chain.entries.length === 0) throw new Error('there is no such checkpoint')
    return decide(chain)
  }
  await onlyTheThird(blobs)
  const { fence: written } = await fence(new Lagging(blobs, 3), identity, requiring)
  assert.equal(written.restores, 3)
  // In the end it is told, and nothing has been put.
  const before = blobs.size
  await assert.rejects(fence(new Lagging(blobs, 99), identity, requiring), /no such checkpoint/)
  assert.equal(blobs.size, before)
})

test('it is said that links were deleted before the first one is', async () => {
  const blobs = new Map<string, Uint8Array>()
  class Crashing extends MemoryBlobStore {
    override async delete(name: string): Promise<void> {
      throw new Error(`killed before ${name} is deleted`)
    }
  }
  await fence(new MemoryBlobStore('memory:job', blobs), identity, decide)
  const store = new Crashing('memory:job', blobs)
  await appendLink(store, (await readChain(store)).head, checkpointBody(1))
  await assert.rejects(deleteOld(store), /killed/)
  assert.deepEqual([...blobs.keys()].toSorted(), [linkName(1), linkName(2), LINKS_DELETED_NAME])
})

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
  await deleteOld(store)
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

test('whether a failed put was written is unknown when the link before it is gone', async () => {
  const store = new MemoryBlobStore()
  const { chain } = await fence(store, identity, decide)
  assert.equal(await wasAppended(store, chain.head), false)
  // It was written; another leader has restored that checkpoint, taken others and deleted it.
  for (const id of [1, 2, 3]) {
    await appendLink(store, (await readChain(store)).head, checkpointBody(id))
  }
  assert.equal(await wasAppended(store, chain.head), true)
  assert.equal(await wasAppended(store, EMPTY_HEAD), true)
  await deleteOld(store)
  assert.equal(await wasAppended(store, chain.head), 'unknown')
  assert.equal(await wasAppended(store, EMPTY_HEAD), 'unknown')
})
