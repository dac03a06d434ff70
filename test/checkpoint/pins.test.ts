// Pins: they hold a link while they last, are renewed in time, and harm nobody when they fail.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkName, pinName } from '../../src/checkpoint/layout.ts'
import { HeldPin, livePins, pin, readPins, unpin } from '../../src/checkpoint/pins.ts'
import { MillraceError } from '../../src/errors.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { ManualClock } from '../runtime/doubles.ts'

const DAY_MS = 24 * 3_600_000
const RENEWAL_MS = 200_000
const notFound = (error: unknown) =>
  error instanceof MillraceError && error.code === 'CHECKPOINT_NOT_FOUND'

async function storeWithLink(): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  await store.putIfAbsent(linkName(3), new Uint8Array(1))
  return store
}

test('a pin lives until it expires; one of a broken clock never did', async () => {
  const store = await storeWithLink()
  const at = (expiresAtMs: number, holder: string) =>
    pin(store, { sequence: 3, expiresAtMs, holder })
  await at(1_000, 'a')
  await at(1_001, 'b')
  await at(1_000 + 7 * DAY_MS, 'c')
  await at(1_001 + 7 * DAY_MS, 'd')
  await store.putIfAbsent('pins/what', new Uint8Array(1))
  const alive = (await readPins(store, 1_000)).filter(({ isAlive }) => isAlive)
  assert.equal(alive.length, 2)
  assert.deepEqual(await livePins(store, 1_000), [3, 3])
  assert.equal((await readPins(store, 1_000)).length, 2, 'the others were deleted')
  assert.equal((await store.list('pins/')).length, 3, 'what is no pin stays')
})

test('a link that has gone cannot be pinned, and no mark is left of the attempt', async () => {
  const store = await storeWithLink()
  await assert.rejects(pin(store, { sequence: 4, expiresAtMs: 5, holder: 'a' }), notFound)
  assert.deepEqual(await store.list('pins/'), [])
  const mark = await pin(store, { sequence: 3, expiresAtMs: 5, holder: 'a' })
  assert.deepEqual(
    (await store.list('pins/')).map(({ name }) => name),
    [pinName(mark)],
  )
  await unpin(store, mark)
  assert.deepEqual(await store.list('pins/'), [])
})

interface Held {
  readonly store: MemoryBlobStore
  readonly clock: ManualClock
  readonly held: HeldPin
  readonly failures: unknown[]
}

async function hold(sequence = 3): Promise<Held> {
  const store = await storeWithLink()
  const clock = new ManualClock()
  const failures: unknown[] = []
  const world = { clock, random: new SeededRandom(1) }
  const held = new HeldPin(store, sequence, world, (error) => failures.push(error))
  return { store, clock, held, failures }
}

const settled = async () => {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve()
}

test('a held pin is renewed before it expires, by one mark at a time, until its end', async () => {
  const { store, clock, held, failures } = await hold()
  await held.hold()
  for (let renewals = 0; renewals < 10; renewals++) {
    const [name, ...others] = (await store.list('pins/')).map((blob) => blob.name)
    assert.deepEqual(others, [])
    assert.deepEqual(await livePins(store, clock.now() + RENEWAL_MS), [3], 'not expired by then')
    clock.advance(RENEWAL_MS)
    await settled()
    const [renewed] = (await store.list('pins/')).map((blob) => blob.name)
    assert.notEqual(renewed, name)
  }
  await held.release()
  await held.release()
  assert.deepEqual(await store.list('pins/'), [])
  assert.equal(clock.waiting, 0)
  await held.hold()
  assert.deepEqual(await store.list('pins/'), [], 'it stays released')
  assert.deepEqual(failures, [])
})

test('a snapshot that cannot be written is held as well as can be', async () => {
  const { store, clock, held, failures } = await hold()
  const broken = new MillraceError('STORAGE_FAILED', 'read-only')
  store.putIfAbsent = () => Promise.reject(broken)
  await held.hold()
  assert.deepEqual(failures, [broken])
  assert.equal(clock.waiting, 1, 'it is tried again')
  await held.release()
})

test('a link that has gone is told at once, and later as a failure', async () => {
  const gone = await hold(4)
  await assert.rejects(gone.held.hold(), notFound)
  assert.equal(gone.clock.waiting, 0)
  const { store, clock, held, failures } = await hold()
  await held.hold()
  await store.delete(linkName(3))
  clock.advance(RENEWAL_MS)
  await settled()
  assert.equal(failures.length, 1)
  assert.ok(notFound(failures[0]))
  await held.release()
})

test('a storage that does not answer is not taken for a link that has gone', async () => {
  const store = await storeWithLink()
  const away = new MillraceError('STORAGE_FAILED', 'away')
  store.stat = () => Promise.reject(away)
  await assert.rejects(pin(store, { sequence: 3, expiresAtMs: 5, holder: 'a' }), away)
  assert.deepEqual(await store.list('pins/'), [], 'no mark is left of the attempt')
})
