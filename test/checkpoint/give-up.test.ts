// A cancelled job gives its checkpoints up: a fence says so first, whatever is left does not count.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Chain, appendLink, fence, givenUpBy, readChain } from '../../src/checkpoint/chain.ts'
import { ChainKeeper } from '../../src/checkpoint/chain-keeper.ts'
import { deleteGivenUp, giveUp, type GiveUpRequest } from '../../src/checkpoint/give-up.ts'
import { highestCheckpointId } from '../../src/checkpoint/highest-id.ts'
import { chooseCheckpoint } from '../../src/checkpoint/damage.ts'
import { LINKS_DELETED_NAME, linkName } from '../../src/checkpoint/layout.ts'
import { pin } from '../../src/checkpoint/pins.ts'
import { rollBack } from '../../src/checkpoint/rollback.ts'
import { sweep } from '../../src/checkpoint/sweep.ts'
import { MillraceError } from '../../src/errors.ts'
import { silentLogger } from '../../src/metrics/log.ts'
import { Snapshot } from '../../src/savepoint/snapshot.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { ManualClock } from '../runtime/doubles.ts'
import { checkpointBody, run } from './links.ts'

const NOW_MS = 1_750_000_000_000
const END: GiveUpRequest = {
  jobName: 'test',
  leader: 'leader1',
  leaderEpoch: 1,
  lineage: 'b',
  nowMs: NOW_MS,
}

/** A job with three checkpoints, each with a run of its own. */
async function jobOfThree(): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  const chain = await lead(store, 'leader1')
  for (const id of [1, 2, 3]) await checkpoint(store, chain.head.leaderEpoch, id)
  return store
}

async function lead(store: BlobStore, leader: string): Promise<Chain> {
  const identity = { jobName: 'test', writtenAt: 0, leader }
  const { chain } = await fence(store, identity, async (seen) => {
    const link = await chooseCheckpoint(store, seen, { verifyRun: async () => undefined })
    return { restores: link?.sequence ?? 0, lineage: link?.lineage ?? leader }
  })
  return chain
}

async function checkpoint(store: BlobStore, leaderEpoch: number, id: number): Promise<string> {
  const name = `runs/${leaderEpoch}-${id}-v0-s0.run`
  await store.putIfAbsent(name, new Uint8Array(1000))
  const tasks = [
    { vertex: 0, subtaskIndex: 0, runs: [run(name)], keyGroups: { start: 0, end: 127 } },
  ]
  const { head } = await readChain(store)
  assert.notEqual(await appendLink(store, head, checkpointBody(id, { leaderEpoch, tasks })), 'lost')
  return name
}

/** All but the mark that says of a chain that it is not empty. */
const namesIn = async (store: BlobStore) =>
  (await store.list('')).map(({ name }) => name).filter((name) => name !== LINKS_DELETED_NAME)
const deleting = { nowMs: NOW_MS, standbys: [] }

test('first a fence says so, then all older goes, and the fence stays', async () => {
  const store = await jobOfThree()
  const all = await namesIn(store)
  const chain = await giveUp(store, END)
  assert.deepEqual(await namesIn(store), [...all, linkName(5)].toSorted())
  assert.deepEqual(givenUpBy(await readChain(store))?.givesUp, { highestCheckpointId: 3 })
  await deleteGivenUp(store, chain, deleting)
  assert.deepEqual(await namesIn(store), [linkName(5)])
})

test('who starts then finds nothing, also where nothing was deleted; numbers go on', async () => {
  for (const deletes of [true, false]) {
    const store = await jobOfThree()
    const given = await giveUp(store, END)
    if (deletes) await deleteGivenUp(store, given, deleting)
    const chain = await readChain(store)
    assert.equal(await chooseCheckpoint(store, chain), undefined)
    assert.deepEqual([chain.entries.length, chain.damage], [1, []])
    assert.equal(await highestCheckpointId(store, chain), 3)
    const named = chooseCheckpoint(store, chain, { checkpointId: 2 })
    await assert.rejects(named, { code: 'CHECKPOINT_NOT_FOUND', message: /no checkpoint 2/ })
    const back = { checkpointId: 2, jobName: 'test', leader: 'x', writtenAt: 0 }
    await assert.rejects(rollBack(store, back), { code: 'CHECKPOINT_NOT_FOUND' })
    const opened = Snapshot.open(store)
    await assert.rejects(opened, { code: 'CHECKPOINT_NOT_FOUND', message: /was cancelled/ })
    const { head } = await lead(store, 'leader2')
    assert.deepEqual([head.sequence, head.leaderEpoch], [6, 3])
    assert.equal(givenUpBy(await readChain(store)), undefined)
  }
})

test('who has a successor gives nothing up', async () => {
  const store = await jobOfThree()
  await lead(store, 'leader2')
  const all = await namesIn(store)
  await assert.rejects(giveUp(store, END), { code: 'LEADERSHIP_LOST' })
  assert.deepEqual(await namesIn(store), all)
})

test('who is overtaken while it gives up has lost, and deletes nothing', async () => {
  const store = await jobOfThree()
  const ending = giveUp(store, END, async (point) => {
    if (point === 'before-fence') await lead(store, 'leader2')
  })
  await assert.rejects(ending, { code: 'LEADERSHIP_LOST' })
  const { entries } = await readChain(store)
  assert.deepEqual(
    entries.map(({ link }) => link.kind),
    ['fence', 'checkpoint', 'checkpoint', 'checkpoint', 'fence'],
  )
})

test('a fence of its own whose put seemed to fail is no successor', async () => {
  const store = await jobOfThree()
  await lead(store, 'leader1')
  assert.equal((await giveUp(store, END)).head.leaderEpoch, 3)
})

test('a chain that others have deleted is not begun again', async () => {
  const store = new MemoryBlobStore()
  await assert.rejects(giveUp(store, END), { code: 'LEADERSHIP_LOST' })
  assert.deepEqual(await namesIn(store), [])
})

test('a start in between loses nothing, at whatever point it comes', async () => {
  for (let at = 0; at < 8; at++) {
    const store = await jobOfThree()
    const chain = await giveUp(store, END)
    let [step, own] = [0, '']
    await deleteGivenUp(store, chain, deleting, async () => {
      if (step++ !== at) return
      const { head } = await lead(store, 'leader2')
      own = await checkpoint(store, head.leaderEpoch, 4)
    })
    assert.notEqual(own, '', `there is a point ${at}`)
    const { entries, damage } = await readChain(store)
    assert.deepEqual(damage, [])
    assert.deepEqual(
      entries.map(({ link }) => link.sequence),
      [5, 6, 7],
    )
    assert.ok((await namesIn(store)).includes(own))
  }
})

test('who slept over it finds its number taken, or that it has passed', async () => {
  for (const deletes of [true, false]) {
    const store = await jobOfThree()
    const { head } = await readChain(store)
    const { entries } = await readChain(store)
    const former = entries[2]
    assert.ok(former !== undefined)
    const chain = await giveUp(store, END)
    if (deletes) await deleteGivenUp(store, chain, deleting)
    assert.equal(await appendLink(store, head, checkpointBody(4)), 'lost')
    const { hash, lengthBytes } = former
    const asleep = { sequence: 3, hash, lengthBytes, leaderEpoch: 1 }
    assert.equal(await appendLink(store, asleep, checkpointBody(4)), 'lost')
    // What it has put counts for nobody.
    const seen = await readChain(store)
    assert.deepEqual([seen.entries.length, seen.damage.length], [1, 0])
  }
})

test('what a crash in the middle has left is deleted by the next leader, or swept', async () => {
  const half = async () => {
    const store = await jobOfThree()
    const chain = await giveUp(store, END)
    const crash = deleteGivenUp(store, chain, deleting, (point) => {
      if (point === 'gc-link-deleted') throw new MillraceError('STORAGE_FAILED', 'crash')
    })
    await assert.rejects(crash, { code: 'STORAGE_FAILED' })
    assert.equal((await readChain(store)).givenUp.length, 3)
    return store
  }
  const swept = await half()
  const dry = await sweep(swept, { nowMs: NOW_MS, isDryRun: true })
  const reasons = dry.findings.map(({ reason }) => reason)
  const all = ['given-up', 'given-up', 'given-up', 'unnamed', 'unnamed', 'unnamed']
  assert.deepEqual(reasons, all)
  await sweep(swept, { nowMs: NOW_MS, isDryRun: false })
  assert.deepEqual(await namesIn(swept), [linkName(5)])

  const store = await half()
  const chain = await lead(store, 'leader2')
  const clock = new ManualClock()
  const world = { store, clock, logger: silentLogger, reach: () => undefined }
  const keeper = new ChainKeeper({ chain, keep: 2, unverified: false }, world)
  await keeper.collect({ leaderEpoch: 3, checkpointId: 1 })
  assert.deepEqual(await namesIn(store), [linkName(6)])
})

test('what a reader holds stays until it has done; what a standby holds does not', async () => {
  const store = await jobOfThree()
  const mark = { sequence: 3, expiresAtMs: NOW_MS + 60_000, holder: 'reader1' }
  await pin(store, mark)
  const before = (await namesIn(store)).filter((name) => name.startsWith('runs/'))
  const chain = await giveUp(store, END)
  await deleteGivenUp(store, chain, deleting)
  const runsNow = async () => (await namesIn(store)).filter((name) => name.startsWith('runs/'))
  assert.deepEqual(await runsNow(), before)
  const { givenUp } = await readChain(store)
  assert.deepEqual(
    givenUp.map(({ sequence }) => sequence),
    [3, 4],
  )
  const { findings } = await sweep(store, { nowMs: NOW_MS, isDryRun: false })
  assert.ok(findings.every(({ reason }) => reason === 'pinned'))
  await deleteGivenUp(store, await readChain(store), { nowMs: NOW_MS, standbys: ['reader1'] })
  assert.deepEqual(await runsNow(), [])
})
