// The leader's side of the lease: renewed only while somebody stands by, given up when another
// leads, and its end is said.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LeaseKeeper } from '../../src/checkpoint/lease-keeper.ts'
import {
  encodeContent,
  type LeaderMark,
  type Mark,
  markName,
  parseMarkName,
  readMark,
  type StandbyMark,
} from '../../src/checkpoint/lease-marks.ts'
import { MillraceError } from '../../src/errors.ts'
import { type LogFields, silentLogger } from '../../src/metrics/log.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { ManualClock } from '../runtime/doubles.ts'

const LEASE_MS = 600
const FACTS = { host: 'north', pid: 7 }
const STANDBY_FACTS = { host: 'south', pid: 8 }

function world() {
  const store = new MemoryBlobStore()
  const clock = new ManualClock()
  const warnings: LogFields[] = []
  const logger = { ...silentLogger, warn: (fields: LogFields) => void warnings.push(fields) }
  let superseded = 0
  const keeper = new LeaseKeeper(
    { holder: 'a', leaseMs: LEASE_MS, process: FACTS },
    { store, clock, logger, onSuperseded: () => void superseded++ },
  )
  const standby = async (renewal: number, changes: Partial<StandbyMark> = {}) => {
    const mark = { kind: 'standby', holder: 's', renewal, sequence: 5, ...changes } as const
    await store.putIfAbsent(markName(mark), encodeContent(STANDBY_FACTS))
  }
  const marks = async (): Promise<readonly Mark[]> =>
    (await store.list('leases/')).flatMap(({ name }) => parseMarkName(name) ?? [])
  const own = async () =>
    (await marks()).filter((mark) => mark.kind === 'leader' && mark.holder === 'a')
  return { store, clock, keeper, warnings, superseded: () => superseded, standby, marks, own }
}

const settled = async () => {
  for (let turn = 0; turn < 60; turn++) await Promise.resolve()
}

/** A leader's newest mark says this. */
function says(mark: Mark | undefined, state: LeaderMark['state'], leaderEpoch = 3): void {
  assert.ok(mark?.kind === 'leader')
  assert.deepEqual([mark.state, mark.leaderEpoch, mark.leaseMs], [state, leaderEpoch, LEASE_MS])
}

test('a leader that is alone says nothing; one that is watched says so in time', async () => {
  const { keeper, clock, standby, own, store, superseded } = world()
  keeper.lead(3)
  await settled()
  for (let turn = 0; turn < 8; turn++) {
    clock.advance(LEASE_MS)
    await settled()
  }
  const alone = (await own()).length
  let lastRenewal = 0
  for (let renewal = 1; renewal <= 20; renewal++) {
    await standby(renewal)
    clock.advance(LEASE_MS / 6)
    await settled()
    // Alone it looks once per lease only.
    if (renewal < 8) continue
    const newest = (await own()).at(-1)
    says(newest, 'held')
    assert.ok(newest?.kind === 'leader')
    lastRenewal = newest.renewal
  }
  assert.ok(alone <= 1, 'no mark but perhaps the first')
  assert.ok(lastRenewal >= 20 / 6, 'at least once in each lease')
  assert.ok((await own()).length < lastRenewal, 'former marks are tidied up')
  assert.equal(superseded(), 0)
  assert.deepEqual(keeper.standbys, [{ id: 's', ...STANDBY_FACTS, sequence: 5 }])
  const [first] = await own()
  assert.ok(first !== undefined)
  assert.deepEqual(await readMark(store, first), FACTS)
  await keeper.close()
  assert.equal(clock.waiting, 0)
})

test('standbys are met when they are asked for, and forgotten when they are gone', async () => {
  const { keeper, clock, standby } = world()
  await keeper.refresh()
  assert.equal(clock.waiting, 0, 'nothing is begun before it leads')
  keeper.lead(3)
  await settled()
  await standby(1)
  await keeper.refresh()
  await standby(2, { sequence: 9 })
  await keeper.refresh()
  assert.deepEqual(keeper.standbys, [{ id: 's', ...STANDBY_FACTS, sequence: 9 }])
  assert.equal(clock.waiting, 1, 'one timer')
  for (let turn = 0; turn < 20; turn++) {
    clock.advance(LEASE_MS)
    await keeper.refresh()
  }
  assert.deepEqual(keeper.standbys, [])
  await keeper.close()
})

test('a leader that sees a newer one says so once, and nothing after that', async () => {
  const { keeper, clock, store, superseded, own } = world()
  keeper.lead(3)
  await settled()
  const other = { kind: 'leader', leaderEpoch: 4, renewal: 1, leaseMs: LEASE_MS } as const
  await store.putIfAbsent(markName({ ...other, state: 'held', holder: 'b' }), encodeContent(FACTS))
  await keeper.refresh()
  assert.equal(superseded(), 1)
  assert.equal(clock.waiting, 0)
  const before = await own()
  await keeper.refresh()
  await keeper.end('stopped')
  assert.deepEqual(await own(), before)
  assert.equal(superseded(), 1)
})

test('the end is said with its reason if there are marks, and nothing after it', async () => {
  const { keeper, clock, standby, own, store } = world()
  keeper.lead(3)
  await standby(1)
  await keeper.refresh()
  await keeper.end('failed', 'a bad record')
  const newest = (await own()).at(-1)
  says(newest, 'failed')
  assert.ok(newest !== undefined)
  assert.deepEqual(await readMark(store, newest), { ...FACTS, reason: 'a bad record' })
  assert.equal(clock.waiting, 0)
  const before = await own()
  await keeper.end('stopped')
  await keeper.refresh()
  assert.deepEqual(await own(), before)

  const unseen = world()
  await unseen.keeper.end('stopped')
  assert.deepEqual(await unseen.own(), [], 'it never led')
})

test('under another epoch it goes on with the next renewal', async () => {
  const { keeper, clock, standby, own } = world()
  keeper.lead(3)
  await standby(1)
  await keeper.refresh()
  keeper.lead(4)
  await standby(2)
  await keeper.refresh()
  clock.advance(LEASE_MS)
  await standby(3)
  await keeper.refresh()
  says((await own()).at(-1), 'held', 4)
  assert.equal(clock.waiting, 1)
  await keeper.close()
})

test('a storage that fails is logged and tried again; the job goes on', async () => {
  const { keeper, clock, standby, own, store, warnings } = world()
  const list = store.list.bind(store)
  store.list = () => Promise.reject(new MillraceError('STORAGE_FAILED', 'away'))
  keeper.lead(3)
  await settled()
  assert.equal(warnings.length, 1)
  assert.equal(clock.waiting, 1)
  clock.advance(LEASE_MS / 6 - 1)
  await settled()
  assert.equal(warnings.length, 1, 'not at once')
  clock.advance(1)
  await settled()
  assert.equal(warnings.length, 2, 'a sixth of the lease later')
  store.list = list
  await standby(1)
  clock.advance(LEASE_MS / 6)
  await settled()
  await standby(2)
  clock.advance(LEASE_MS)
  await settled()
  assert.ok((await own()).length > 0)
  store.list = () => Promise.reject(new MillraceError('STORAGE_FAILED', 'away'))
  await keeper.end('stopped')
  assert.equal(warnings.length, 3, 'the end could not be told')
})

test('what is no content of a mark is shown as unknown', async () => {
  const mark = { kind: 'standby', holder: 's', renewal: 1, sequence: 0 } as const
  const contents = ['', '{', 'null', '7', '"x"', '{"host":3,"pid":"x","reason":1}']
  for (const text of contents) {
    const store = new MemoryBlobStore()
    await store.putIfAbsent(markName(mark), Buffer.from(text))
    assert.deepEqual(await readMark(store, mark), { host: 'unknown', pid: 0 }, text)
  }
})
