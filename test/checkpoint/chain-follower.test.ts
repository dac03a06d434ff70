// What a standby knows of a chain that another process writes, and what it keeps from deletion.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type ChainHead, appendLink, fence, headAt } from '../../src/checkpoint/chain.ts'
import { ChainFollower } from '../../src/checkpoint/chain-follower.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import { livePins, readPins } from '../../src/checkpoint/pins.ts'
import { type LogFields, silentLogger } from '../../src/metrics/log.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { ManualClock } from '../runtime/doubles.ts'
import { checkpointBody } from './links.ts'

const PIN_MS = 300_000

async function world() {
  const store = new MemoryBlobStore()
  const clock = new ManualClock()
  const warnings: LogFields[] = []
  const logger = { ...silentLogger, warn: (fields: LogFields) => void warnings.push(fields) }
  const follower = new ChainFollower('f', { store, clock, logger })
  let head: ChainHead | undefined
  const lead = async (leader: string) => {
    const facts = { jobName: 'test', writtenAt: 0, leader }
    const { chain } = await fence(store, facts, ({ entries }) => {
      const restores = entries.findLast(({ link }) => link.kind === 'checkpoint')
      return { restores: restores?.link.sequence ?? 0, lineage: 'a' }
    })
    head = chain.head
  }
  const append = async (id: number, changes: Parameters<typeof checkpointBody>[1] = {}) => {
    assert.ok(head !== undefined)
    const { leaderEpoch } = head
    const entry = await appendLink(store, head, checkpointBody(id, { leaderEpoch, ...changes }))
    assert.ok(entry !== 'lost')
    head = headAt(entry)
  }
  return { store, clock, follower, warnings, lead, append }
}

test('it sees who leads, since when, and whether the job has ended', async () => {
  const { clock, follower, lead, append } = await world()
  const old = { isGivenUp: false, isOld: true, sinceMs: 1_000 }
  const none = { leaderEpoch: 0, leader: undefined, hasEnded: true, ...old }
  assert.deepEqual(await follower.look(), none)
  assert.deepEqual([follower.headSequence, follower.newest], [0, undefined])
  clock.advance(10)
  await lead('a')
  clock.advance(10)
  // It may have been written right after the look before.
  const led = { leaderEpoch: 1, leader: 'a', hasEnded: false, ...old, isOld: false }
  assert.deepEqual(await follower.look(), led)
  clock.advance(10)
  assert.deepEqual(await follower.look(), led, 'nothing new')
  await append(1)
  clock.advance(10)
  assert.deepEqual(await follower.look(), { ...led, sinceMs: 1_030 })
  assert.deepEqual([follower.headSequence, follower.newest?.checkpointId], [2, 1])
  await append(2, { purpose: 'stop' })
  assert.equal((await follower.look()).hasEnded, true)
  await lead('b')
  const next = await follower.look()
  assert.deepEqual([next.leaderEpoch, next.leader, next.hasEnded], [2, 'b', false])
  assert.equal(follower.newest?.checkpointId, 2)
  await append(3, { finished: true })
  assert.equal((await follower.look()).hasEnded, true)
})

test('it reads the chain again when the list by which it was read lagged', async () => {
  const { store, clock, lead, append } = await world()
  await lead('a')
  await append(1)
  let lists = 0
  const list = store.list.bind(store)
  // The second list lacks what the first one had.
  store.list = async (prefix) => (await list(prefix)).slice(0, ++lists === 2 ? -1 : undefined)
  const stat = store.stat.bind(store)
  store.stat = (name) => stat(lists === 2 ? linkName(99) : name)
  const follower = new ChainFollower('f', { store, clock, logger: silentLogger })
  await follower.look()
  assert.equal(follower.headSequence, 1)
  await follower.look()
  assert.equal(follower.headSequence, 2)
  await follower.look()
  assert.equal(lists, 5, 'it is not read a third time')
})

test('it pins the newest checkpoint, renews in time and lets go of the former one', async () => {
  const { store, clock, follower, warnings, lead, append } = await world()
  const signal = new AbortController().signal
  await follower.warm(signal)
  assert.deepEqual(await readPins(store, clock.now()), [], 'there is nothing to pin')
  await lead('a')
  await append(1, { tasks: [] })
  await follower.look()
  await follower.warm(signal)
  assert.deepEqual(await livePins(store, clock.now() + PIN_MS - 1), [2])
  const names = async () => (await readPins(store, clock.now())).map(({ name }) => name)
  await follower.warm(signal)
  const [first] = await names()
  clock.advance(PIN_MS / 2 - 1)
  await follower.warm(signal)
  assert.deepEqual(await names(), [first], 'more than half of it is left')
  clock.advance(1)
  await follower.warm(signal)
  const renewed = await names()
  assert.equal(renewed.length, 1)
  assert.notEqual(renewed[0], first)
  await append(2, { tasks: [] })
  await follower.look()
  await follower.warm(signal)
  assert.deepEqual(await livePins(store, clock.now()), [3])
  await follower.close()
  await follower.close()
  assert.deepEqual(await readPins(store, clock.now()), [])
  assert.deepEqual(warnings, [])
})

test('a run that cannot be read is told, and no harm', async () => {
  const { follower, warnings, lead, append, store } = await world()
  await lead('a')
  await append(1)
  await follower.look()
  await follower.warm(new AbortController().signal)
  assert.equal(warnings.length, 1)
  assert.equal(warnings[0]?.['checkpoint'], 1)
  await follower.warm(AbortSignal.abort())
  assert.equal(warnings.length, 1, 'nothing is read after the end')
  await store.delete(linkName(2))
  await follower.close()
})
