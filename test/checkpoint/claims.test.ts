// Whose a snapshot is: one owner, said by a mark that outlives the files.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Chain, appendLink, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import {
  type Claimant,
  claimantOf,
  claimSnapshot,
  deleteClaimed,
  requireUnclaimed,
} from '../../src/checkpoint/claims.ts'
import { CLAIM_NAME, pinName } from '../../src/checkpoint/layout.ts'
import type { CheckpointLink } from '../../src/checkpoint/manifest.ts'
import { pin } from '../../src/checkpoint/pins.ts'
import { MillraceError } from '../../src/errors.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpointBody } from './links.ts'

const NOW_MS = 1_750_000_000_000
const SELF: Claimant = { jobName: 'heir', location: '/state/heir' }
const OTHER: Claimant = { jobName: 'rival', location: '/state/rival' }
const unused = () => Promise.resolve()

interface Snapshot {
  readonly store: MemoryBlobStore
  readonly chain: Chain
  readonly link: CheckpointLink
}

/** A job that has taken one checkpoint. */
async function snapshot(): Promise<Snapshot> {
  const store = new MemoryBlobStore()
  const decide = () => ({ restores: 0, lineage: 'a' })
  const { chain } = await fence(store, { jobName: 'test', writtenAt: 0 }, decide)
  const entry = await appendLink(store, chain.head, checkpointBody(1))
  assert.ok(entry !== 'lost' && entry.link.kind === 'checkpoint')
  await store.putIfAbsent('runs/1-1-v0-s0.run', new Uint8Array(10))
  return { store, chain: await readChain(store), link: entry.link }
}

const claim = ({ store, link, chain }: Snapshot, self = SELF, requireUnused = unused) =>
  claimSnapshot(store, link, chain, { self, nowMs: NOW_MS, requireUnused })

const code = (expected: string) => (error: unknown) =>
  error instanceof MillraceError && error.code === expected

test('who claims a snapshot owns it, and its former job can append nothing more', async () => {
  const made = await snapshot()
  assert.equal(await claimantOf(made.store), undefined)
  await claim(made)
  assert.deepEqual(await claimantOf(made.store), SELF)
  assert.equal(await appendLink(made.store, made.chain.head, checkpointBody(2)), 'lost')
  const { entries, head } = await readChain(made.store)
  assert.deepEqual(
    entries.map(({ link }) => link.kind),
    ['fence', 'checkpoint', 'fence'],
  )
  const newest = entries.at(-1)?.link
  assert.ok(newest?.kind === 'fence')
  const { jobName, lineage, restores, writtenAt } = newest
  assert.deepEqual(
    { jobName, lineage, restores, writtenAt, leaderEpoch: head.leaderEpoch },
    {
      jobName: 'test',
      lineage: 'a',
      restores: made.link.sequence,
      writtenAt: NOW_MS,
      leaderEpoch: made.chain.head.leaderEpoch + 1,
    },
  )
})

test('a claim that is repeated changes nothing, and ends what a crash left undone', async () => {
  const made = await snapshot()
  await made.store.putIfAbsent(CLAIM_NAME, Buffer.from(JSON.stringify(SELF)))
  const inUse = () => Promise.reject(new Error('asked although it is claimed already'))
  await claim(made, SELF, inUse)
  const after = await readChain(made.store)
  assert.equal(after.entries.at(-1)?.link.kind, 'fence')
  await claim({ ...made, chain: after }, SELF, inUse)
  assert.equal((await readChain(made.store)).entries.length, after.entries.length)
})

test('a savepoint has no line that would have to end', async () => {
  const made = await snapshot()
  const [, only] = made.chain.entries
  assert.ok(only !== undefined)
  await claim({ ...made, chain: { ...made.chain, entries: [only], head: headAt(only) } })
  assert.deepEqual(await claimantOf(made.store), SELF)
  assert.equal((await readChain(made.store)).entries.length, 2)
})

test('what another has claimed is refused by name of its owner', async () => {
  const made = await snapshot()
  await claim(made, OTHER)
  for (const self of [SELF, { ...OTHER, location: '/elsewhere' }, { ...OTHER, jobName: 'x' }]) {
    await assert.rejects(requireUnclaimed(made.store, self), (error) => {
      assert.ok(error instanceof MillraceError && error.code === 'SNAPSHOT_CLAIMED')
      assert.match(error.message, /rival \(\/state\/rival\)/)
      assert.deepEqual(error.details, { job: 'rival', location: '/state/rival' })
      return true
    })
    await assert.rejects(claim(made, self), code('SNAPSHOT_CLAIMED'))
  }
  await requireUnclaimed(made.store, OTHER)
})

test('a damaged mark is that of somebody unknown: nobody claims, and nobody deletes', async () => {
  for (const text of ['', '{', '7', 'null', '{"jobName":"x"}', '{"location":"y"}', '\0\0\0']) {
    const made = await snapshot()
    const { store } = made
    await store.putIfAbsent(CLAIM_NAME, Buffer.from(text))
    for (const refused of [
      requireUnclaimed(store, SELF),
      claim(made),
      deleteClaimed(store, SELF),
    ]) {
      await assert.rejects(refused, {
        code: 'STORAGE_CORRUPT',
        message: /claim\.json is damaged/,
        cure: /delete the file/,
      })
    }
    assert.notEqual((await readChain(store)).entries.length, 0)
    // What the error recommends.
    await store.delete(CLAIM_NAME)
    await claim(made)
    assert.deepEqual(await claimantOf(store), SELF)
  }
})

test('a mark that was read wrongly once is read again', async () => {
  class Flipping extends MemoryBlobStore {
    isNext = true
    override async read(name: string, offset?: number, length?: number): Promise<Uint8Array> {
      const bytes = await super.read(name, offset, length)
      if (this.isNext) bytes[0] = 0
      this.isNext = !this.isNext
      return bytes
    }
  }
  const store = new Flipping()
  await store.putIfAbsent(CLAIM_NAME, Buffer.from(JSON.stringify(SELF)))
  assert.deepEqual(await claimantOf(store), SELF)
})

// Simulation, seed 3640: one bit of the owner's name made the mark that of another job.
test("a wrong bit in a mark makes it nobody else's", async () => {
  const made = await snapshot()
  await claim(made)
  const mark = await made.store.read(CLAIM_NAME)
  for (const [at] of mark.entries()) {
    const bytes = Buffer.from(mark)
    bytes[at] = (bytes[at] ?? 0) ^ 1
    const store = new MemoryBlobStore()
    await store.putIfAbsent(CLAIM_NAME, bytes)
    const found = await claimantOf(store).catch((error: unknown) => error)
    if (found instanceof MillraceError) assert.equal(found.code, 'STORAGE_CORRUPT')
    else assert.deepEqual(found, SELF, `byte ${at}`)
  }
})

test('what is read or worked on is not claimed, also if that began meanwhile', async () => {
  const made = await snapshot()
  const reader = { sequence: made.link.sequence, expiresAtMs: NOW_MS + 1_000, holder: 'r' }
  await pin(made.store, reader)
  await assert.rejects(claim(made), code('SNAPSHOT_IN_USE'))
  await made.store.delete(pinName(reader))

  let asked = 0
  const startsMeanwhile = () => {
    const error = new MillraceError('SNAPSHOT_IN_USE', 'a job has started')
    return ++asked === 2 ? Promise.reject(error) : Promise.resolve()
  }
  await assert.rejects(claim(made, SELF, startsMeanwhile), code('SNAPSHOT_IN_USE'))
  const readsMeanwhile = async () => void (asked++ === 2 && (await pin(made.store, reader)))
  await assert.rejects(claim(made, SELF, readsMeanwhile), code('SNAPSHOT_IN_USE'))
  await made.store.delete(pinName(reader))
  assert.equal(await claimantOf(made.store), undefined, 'nothing is claimed')

  await appendLink(made.store, made.chain.head, checkpointBody(2))
  await assert.rejects(claim(made), code('SNAPSHOT_IN_USE'))
  assert.equal(await claimantOf(made.store), undefined, 'its job has gone on meanwhile')
})

test('of two that claim at once one is refused', async () => {
  const made = await snapshot()
  const rivalComes = async () =>
    void (await made.store.putIfAbsent(CLAIM_NAME, Buffer.from(JSON.stringify(OTHER))))
  await assert.rejects(claim(made, SELF, rivalComes), code('SNAPSHOT_CLAIMED'))
  assert.deepEqual(await claimantOf(made.store), OTHER)
})

test('only its owner deletes a snapshot; the mark stays', async () => {
  const made = await snapshot()
  await deleteClaimed(made.store, SELF)
  await claim(made)
  await pin(made.store, { sequence: 2, expiresAtMs: NOW_MS + 1, holder: 'r' })
  const before = (await made.store.list('')).length
  await deleteClaimed(made.store, OTHER)
  assert.equal((await made.store.list('')).length, before)
  await deleteClaimed(made.store, SELF)
  assert.deepEqual(
    (await made.store.list('')).map(({ name }) => name),
    [CLAIM_NAME],
  )
  await deleteClaimed(made.store, SELF)
})

test('the runs go only when it lasts that the links are gone, whoever deleted those', async () => {
  const made = await snapshot()
  await claim(made)
  const { store } = made
  for (const { name } of await store.list('chain/')) await store.delete(name)
  const done: string[] = []
  const remove = store.delete.bind(store)
  const storeWithDisk = Object.assign(store, {
    settle: async (prefix: string) => void done.push(`settle ${prefix}`),
    delete: async (name: string) => {
      done.push(`delete ${name}`)
      await remove(name)
    },
  })
  await deleteClaimed(storeWithDisk, SELF)
  assert.deepEqual(done.slice(0, 2), ['settle chain/', 'delete runs/1-1-v0-s0.run'])
})

test('a link that lists do not show yet goes before the runs that it names', async () => {
  const made = await snapshot()
  await claim(made)
  const { store } = made
  const list = store.list.bind(store)
  const newest = (await list('chain/')).at(-1)?.name
  store.list = async (prefix) => (await list(prefix)).filter(({ name }) => name !== newest)
  const deleted: string[] = []
  const remove = store.delete.bind(store)
  store.delete = async (name) => {
    deleted.push(name)
    await remove(name)
  }
  await deleteClaimed(store, SELF)
  const firstRun = deleted.findIndex((name) => name.startsWith('runs/'))
  assert.ok(newest !== undefined && deleted.indexOf(newest) >= 0)
  assert.ok(deleted.indexOf(newest) < firstRun)
})
