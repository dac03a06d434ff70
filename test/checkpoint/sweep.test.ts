import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EMPTY_HEAD, appendLink, fence, headAt, readChain } from '../../src/checkpoint/chain.ts'
import { linkName, pinName } from '../../src/checkpoint/layout.ts'
import { pin } from '../../src/checkpoint/pins.ts'
import { type SweepReason, sweep } from '../../src/checkpoint/sweep.ts'
import { MillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpointBody, run } from './links.ts'

const NOW_MS = 1_750_000_000_000

/** Appends a checkpoint under the newest leader; its runs are written unless they are there. */
async function checkpoint(store: BlobStore, id: number, runs: readonly string[]): Promise<void> {
  for (const name of runs) await store.putIfAbsent(name, new Uint8Array(1000))
  const { head } = await readChain(store)
  const keyGroups = { start: 0, end: 127 }
  const tasks = [{ vertex: 0, subtaskIndex: 0, runs: runs.map((name) => run(name)), keyGroups }]
  const body = checkpointBody(id, { tasks, leaderEpoch: head.leaderEpoch })
  assert.notEqual(await appendLink(store, head, body), 'lost')
}

async function lead(store: BlobStore, restores: number): Promise<void> {
  await fence(store, { jobName: 'test', writtenAt: 0 }, () => ({ restores, lineage: 'a' }))
}

/** Epoch 1 with a checkpoint and an orphan, epoch 2 with a checkpoint and an attempt under way. */
async function twoLeaders(): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  await lead(store, 0)
  await checkpoint(store, 1, ['runs/1-1-v0-s0.run'])
  await store.putIfAbsent('runs/1-2-v0-s0.run', new Uint8Array(500))
  await store.putIfAbsent('runs/1-1-v0-s0-m1.run', new Uint8Array(300))
  await lead(store, 2)
  await checkpoint(store, 3, ['runs/1-1-v0-s0.run', 'runs/2-3-v0-s0.run'])
  await store.putIfAbsent('runs/2-4-v0-s0.run', new Uint8Array(200))
  await store.putIfAbsent('runs/note', new Uint8Array(1))
  return store
}

const request = { nowMs: NOW_MS, isDryRun: false }

async function reasons(store: BlobStore): Promise<Record<string, SweepReason>> {
  const { findings } = await sweep(store, { ...request, isDryRun: true })
  return Object.fromEntries(findings.map(({ name, reason }) => [name, reason]))
}

const count = async (store: BlobStore) => (await store.list('')).length

test('what no link names and a dead leadership wrote is deleted, nothing else', async () => {
  const store = await twoLeaders()
  assert.deepEqual(await reasons(store), {
    'runs/1-1-v0-s0-m1.run': 'unnamed',
    'runs/1-1-v0-s0.run': 'named',
    'runs/1-2-v0-s0.run': 'unnamed',
    'runs/2-3-v0-s0.run': 'named',
    'runs/2-4-v0-s0.run': 'leading-epoch',
    'runs/note': 'foreign',
  })
  const before = await count(store)
  const { leaderEpoch, checkpoints, findings } = await sweep(store, request)
  assert.deepEqual([leaderEpoch, checkpoints], [2, 2])
  const deleted = findings.filter(({ verdict }) => verdict === 'delete')
  assert.equal(
    deleted.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    800,
  )
  assert.equal(await count(store), before - 2)
  assert.ok(Object.values(await reasons(store)).every((reason) => reason !== 'unnamed'))
})

test('what an import that is not over has brought stays, also under a later leader', async () => {
  const store = await twoLeaders()
  const names = { leaderEpoch: 3, ownCheckpointId: 5 }
  const imports = { location: 'there', checkpointId: 1, hash: '0'.repeat(64), ...names }
  const decision = { restores: 0, lineage: 'b', imports }
  for (let start = 0; start < 2; start++) {
    await fence(store, { jobName: 'test', writtenAt: 0 }, () => decision)
  }
  await store.putIfAbsent('runs/3-5-v0-s0-m1.run', new Uint8Array(10))
  await store.putIfAbsent('runs/3-4-v0-s0.run', new Uint8Array(10))
  const found = await reasons(store)
  assert.equal(found['runs/3-5-v0-s0-m1.run'], 'leading-epoch')
  assert.equal(found['runs/3-4-v0-s0.run'], 'unnamed')
})

test('a dry run changes nothing, not even pins that have expired', async () => {
  const store = await twoLeaders()
  await store.putIfAbsent(
    pinName({ sequence: 2, expiresAtMs: NOW_MS - 1, holder: 'a' }),
    new Uint8Array(1),
  )
  const before = await count(store)
  const found = await reasons(store)
  assert.ok(Object.values(found).includes('expired-pin'))
  assert.equal(await count(store), before)
  await sweep(store, request)
  assert.equal(await count(store), before - 3)
})

test('no run goes while a link is damaged or missing', async () => {
  for (const damage of ['damaged', 'missing']) {
    const store = await twoLeaders()
    await store.delete(linkName(2))
    if (damage === 'damaged') await store.putIfAbsent(linkName(2), new Uint8Array(5))
    const found = await reasons(store)
    assert.equal(found['runs/1-2-v0-s0.run'], 'damaged-chain')
    assert.ok(!Object.values(found).includes('unnamed'))
  }
})

test('no run goes while a reader holds a link that is gone', async () => {
  const store = await twoLeaders()
  const mark = { sequence: 1, expiresAtMs: NOW_MS + 1000, holder: 'reader' }
  await pin(store, mark)
  assert.equal((await reasons(store))['runs/1-2-v0-s0.run'], 'unnamed', 'its link is still there')
  await store.delete(linkName(1))
  assert.equal((await reasons(store))['runs/1-2-v0-s0.run'], 'pinned')
  const later = { nowMs: NOW_MS + 2000, isDryRun: true }
  const { findings } = await sweep(store, later)
  assert.equal(findings.find(({ name }) => name === 'runs/1-2-v0-s0.run')?.reason, 'unnamed')
})

test('a folder without a chain is not swept', async () => {
  const store = new MemoryBlobStore()
  await store.putIfAbsent('runs/1-1-v0-s0.run', new Uint8Array(1))
  await assert.rejects(sweep(store, request), { code: 'CHECKPOINT_NOT_FOUND' })
  assert.equal(await count(store), 1)
})

/** A store in which something happens each time the chain has been listed. */
class Restless extends MemoryBlobStore {
  happens: () => Promise<void> = async () => undefined

  override async list(prefix: string) {
    const blobs = await super.list(prefix)
    if (prefix === 'chain/') await this.happens()
    return blobs
  }
}

test('a chain that moves on while it is read is read again', async () => {
  const store = new Restless()
  await lead(store, 0)
  await checkpoint(store, 1, ['runs/1-1-v0-s0.run'])
  await lead(store, 2)
  await checkpoint(store, 2, ['runs/1-1-v0-s0.run'])
  let moves = 0
  store.happens = async () => {
    if (moves++ > 0) return
    // The job goes on and deletes all that has been listed, as with one retained checkpoint.
    store.happens = async () => undefined
    await checkpoint(store, 3, ['runs/1-1-v0-s0.run'])
    for (const sequence of [1, 2, 3, 4]) await store.delete(linkName(sequence))
  }
  const { findings } = await sweep(store, request)
  assert.deepEqual(
    findings.map(({ reason }) => reason),
    ['named'],
  )
})

test('a chain that never stands still is left alone', async () => {
  const store = new Restless()
  await lead(store, 0)
  let head = (await readChain(store)).head
  assert.notDeepEqual(head, EMPTY_HEAD)
  store.happens = async () => {
    const entry = await appendLink(store, head, checkpointBody(head.sequence))
    assert.ok(entry !== 'lost')
    head = headAt(entry)
  }
  await assert.rejects(sweep(store, request), { code: 'STORAGE_CONFLICT' })
})

test('a pin that lives is no finding; what is kept says so', async () => {
  const store = await twoLeaders()
  await pin(store, { sequence: 2, expiresAtMs: NOW_MS + 1000, holder: 'reader' })
  const { findings } = await sweep(store, { ...request, isDryRun: true })
  assert.equal(findings.length, 6)
  for (const { verdict, reason } of findings) {
    assert.equal(verdict, reason === 'unnamed' ? 'delete' : 'keep')
  }
})

test('a storage that does not answer is not taken for a chain that has moved on', async () => {
  const store = await twoLeaders()
  const before = await count(store)
  const { head } = await readChain(store)
  const away = new MillraceError('STORAGE_FAILED', 'away')
  const stat = store.stat.bind(store)
  let asked = 0
  store.stat = (name) => {
    if (name !== linkName(head.sequence)) return stat(name)
    asked++
    return Promise.reject(away)
  }
  await assert.rejects(sweep(store, request), away)
  assert.equal(asked, 1)
  assert.equal(await count(store), before)
})

test('each deletion is told before it is made: how many of how many', async () => {
  const told: string[] = []
  await sweep(await twoLeaders(), {
    ...request,
    onDelete: (done, of) => told.push(`${done}/${of}`),
    reach: (point) => void told.push(point),
  })
  assert.deepEqual(told, ['gc-begin', '0/2', 'gc-run-deleted', '1/2', 'gc-run-deleted'])
})
