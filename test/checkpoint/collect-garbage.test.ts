import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChainHead, appendLink, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import { collectGarbage } from '../../src/checkpoint/collect-garbage.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import type { ManifestLink } from '../../src/checkpoint/manifest.ts'
import { pin, unpin } from '../../src/checkpoint/pins.ts'
import { runNamesOf } from '../../src/checkpoint/registry.ts'
import { MillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { FaultyBlobStore } from '../../src/testing/faulty-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { checkpointBody, run } from './links.ts'

const NOW_MS = 1_750_000_000_000

interface Job {
  readonly store: MemoryBlobStore
  head: ChainHead
  links: readonly ManifestLink[]
}

/** A job with some checkpoints, each naming its own run and that of its predecessor. */
async function jobWith(checkpoints: number): Promise<Job> {
  const store = new MemoryBlobStore()
  const decide = () => ({ restores: 0, lineage: 'a' })
  const { chain } = await fence(store, { jobName: 'test', writtenAt: 0 }, decide)
  const job: Job = { store, head: chain.head, links: chain.entries.map((entry) => entry.link) }
  for (let id = 1; id <= checkpoints; id++) {
    const names = [id - 1, id].filter((of) => of > 0).map((of) => `runs/1-${of}-v0-s0.run`)
    await store.putIfAbsent(`runs/1-${id}-v0-s0.run`, new Uint8Array(1000))
    const runs = names.map((name) => run(name))
    const tasks = [{ vertex: 0, subtaskIndex: 0, runs, keyGroups: { start: 0, end: 127 } }]
    const entry = await appendLink(store, job.head, checkpointBody(id, { tasks }))
    assert.ok(entry !== 'lost')
    job.head = headAt(entry)
    job.links = [...job.links, entry.link]
  }
  return job
}

const requestOf = (job: Job, keep: number) => ({
  links: job.links,
  keep,
  held: [],
  unverified: false,
  damaged: [],
  alive: { leaderEpoch: 1, checkpointId: 100 },
  nowMs: NOW_MS,
})

const namesUnder = async (store: BlobStore, prefix: string) =>
  (await store.list(prefix)).map((blob) => blob.name)

/** Every link that is left must find all its runs. */
async function requireWhole(store: BlobStore): Promise<readonly number[]> {
  const { entries, damage } = await readChain(store)
  assert.deepEqual(damage, [])
  const runs = new Set(await namesUnder(store, 'runs/'))
  for (const { link } of entries) {
    for (const name of runNamesOf([link])) assert.ok(runs.has(name), `${link.sequence} ${name}`)
  }
  return entries.map(({ link }) => link.sequence)
}

test('old links and the runs that only they name are deleted', async () => {
  const job = await jobWith(5)
  const { links, deletedLinks, deletedRuns } = await collectGarbage(job.store, requestOf(job, 2))
  assert.deepEqual([deletedLinks, deletedRuns], [4, 2])
  assert.deepEqual(await requireWhole(job.store), [5, 6])
  assert.deepEqual(
    links.map((link) => link.sequence),
    [5, 6],
  )
  assert.deepEqual(await namesUnder(job.store, 'runs/'), [
    'runs/1-3-v0-s0.run',
    'runs/1-4-v0-s0.run',
    'runs/1-5-v0-s0.run',
  ])
})

test('a collection that crashes leaves every link whole, and the next one finishes', async () => {
  for (let fuse = 0; ; fuse++) {
    const job = await jobWith(6)
    await job.store.putIfAbsent('runs/1-2-v7-s0.run', new Uint8Array(1)) // of an aborted attempt
    let left = fuse
    const crashing = new FaultyBlobStore(job.store, {
      random: new SeededRandom(1),
      at: () => {
        if (left-- === 0) throw new Error('crash')
      },
    })
    let crashed = false
    try {
      await collectGarbage(crashing, requestOf(job, 2))
    } catch {
      crashed = true
    }
    await requireWhole(job.store)
    const chain = await readChain(job.store)
    const links = chain.entries.map((entry) => entry.link)
    await collectGarbage(job.store, { ...requestOf(job, 2), links })
    assert.deepEqual(await requireWhole(job.store), [6, 7])
    assert.equal((await namesUnder(job.store, 'runs/')).length, 3)
    if (!crashed) {
      assert.ok(fuse > 10, 'the collection has that many steps')
      return
    }
  }
})

test('the collection says which points it passes', async () => {
  const job = await jobWith(4)
  const points: string[] = []
  await collectGarbage(job.store, requestOf(job, 1), (point) => void points.push(point))
  assert.deepEqual(points, [
    'gc-begin',
    ...Array.from({ length: 4 }, () => 'gc-link-deleted'),
    ...Array.from({ length: 2 }, () => 'gc-run-deleted'),
  ])
})

test('a pinned checkpoint stays with its runs until the pin expires', async () => {
  const job = await jobWith(5)
  const mark = { sequence: 3, expiresAtMs: NOW_MS + 60_000, holder: 'reader1' }
  await pin(job.store, mark)
  await collectGarbage(job.store, requestOf(job, 1))
  assert.deepEqual(await requireWhole(job.store), [3, 4, 5, 6])
  const request = { ...requestOf(job, 1), nowMs: NOW_MS + 60_001 }
  await collectGarbage(job.store, request)
  assert.deepEqual(await requireWhole(job.store), [6])
  assert.deepEqual(await namesUnder(job.store, 'pins/'), [])
})

test('a reader that pins while links are being deleted keeps the runs, or is told', async () => {
  const job = await jobWith(5)
  const mark = { sequence: 3, expiresAtMs: NOW_MS + 60_000, holder: 'reader1' }
  let pinned = false
  await collectGarbage(job.store, requestOf(job, 1), async (point) => {
    if (point !== 'gc-link-deleted' || pinned) return
    pinned = true
    await pin(job.store, mark) // its link is deleted right after
  })
  const runs = await namesUnder(job.store, 'runs/')
  assert.ok(runs.includes('runs/1-1-v0-s0.run') && runs.includes('runs/1-2-v0-s0.run'))
  // A later collection does not know that link any more, and deletes no run while the pin lasts.
  const links = (await readChain(job.store)).entries.map((entry) => entry.link)
  await collectGarbage(job.store, { ...requestOf(job, 1), links })
  assert.equal((await namesUnder(job.store, 'runs/')).length, runs.length)
  await unpin(job.store, mark)
  await collectGarbage(job.store, { ...requestOf(job, 1), links })
  assert.deepEqual(await requireWhole(job.store), [6])
  assert.equal((await namesUnder(job.store, 'runs/')).length, 2)
})

test('a link that is gone cannot be pinned', async () => {
  const job = await jobWith(2)
  await job.store.delete(linkName(1))
  const mark = { sequence: 1, expiresAtMs: NOW_MS + 1000, holder: 'x' }
  await assert.rejects(pin(job.store, mark), { code: 'CHECKPOINT_NOT_FOUND' })
  assert.deepEqual(await namesUnder(job.store, 'pins/'), [])
})

test('a former leader deletes nothing any more', async () => {
  const job = await jobWith(3)
  const decide = () => ({ restores: 2, lineage: 'a' })
  await fence(job.store, { jobName: 'test', writtenAt: 0 }, decide)
  const { deletedLinks, deletedRuns } = await collectGarbage(job.store, requestOf(job, 1))
  assert.deepEqual([deletedLinks, deletedRuns], [0, 0])
  assert.deepEqual(await requireWhole(job.store), [1, 2, 3, 4, 5])
})

test('a leader that sleeps while it deletes leaves the rest to who leads then', async () => {
  const job = await jobWith(4)
  let points = 0
  const { deletedLinks, deletedRuns } = await collectGarbage(
    job.store,
    requestOf(job, 1),
    async (point) => {
      if (point !== 'gc-link-deleted' || ++points > 1) return
      // Somebody starts the job at its oldest checkpoint, which would be next.
      const decide = () => ({ restores: 2, lineage: 'a' })
      await fence(job.store, { jobName: 'test', writtenAt: 0 }, decide)
    },
  )
  assert.deepEqual([deletedLinks, deletedRuns], [1, 0])
  assert.deepEqual(await requireWhole(job.store), [2, 3, 4, 5, 6])
})

test('a damaged link goes with its neighbours; until then no run does', async () => {
  const job = await jobWith(5)
  await job.store.delete(linkName(4))
  await job.store.putIfAbsent(linkName(4), new Uint8Array(9))
  const read = async () => {
    const { entries, damage } = await readChain(job.store)
    return {
      links: entries.map((entry) => entry.link),
      damaged: damage.map(({ sequence }) => sequence),
    }
  }
  const first = await collectGarbage(job.store, { ...requestOf(job, 3), ...(await read()) })
  assert.deepEqual([first.deletedLinks, first.deletedRuns, first.damaged], [2, 0, [4]])
  assert.equal((await namesUnder(job.store, 'runs/')).length, 5)
  const unverified = { ...requestOf(job, 1), ...(await read()), unverified: true }
  assert.equal((await collectGarbage(job.store, unverified)).deletedLinks, 0)
  const second = await collectGarbage(job.store, { ...requestOf(job, 1), ...(await read()) })
  assert.deepEqual([second.deletedLinks, second.deletedRuns, second.damaged], [3, 3, []])
  assert.deepEqual(await requireWhole(job.store), [6])
})

test('links go oldest first, damaged ones in their place', async () => {
  const job = await jobWith(4)
  const links = job.links.filter(({ sequence }) => sequence !== 2)
  const gone: string[] = []
  const remove = job.store.delete.bind(job.store)
  job.store.delete = (name) => {
    gone.push(name)
    return remove(name)
  }
  await collectGarbage(job.store, { ...requestOf(job, 1), links, damaged: [2] })
  assert.deepEqual(
    gone.filter((name) => name.startsWith('chain/')),
    [1, 2, 3, 4].map(linkName),
  )
})

test('who cannot find out whether another leads deletes nothing', async () => {
  const job = await jobWith(3)
  const before = await namesUnder(job.store, '')
  const away = new MillraceError('STORAGE_FAILED', 'away')
  job.store.stat = () => Promise.reject(away)
  await assert.rejects(collectGarbage(job.store, requestOf(job, 1)), away)
  assert.deepEqual(await namesUnder(job.store, ''), before)
})
