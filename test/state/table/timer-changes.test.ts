// Which timers a cut holds, and what memory keeps of a timer that is gone: as long as a run may
// hold it, and no longer.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FLAG_POINT_TOMBSTONE, flagsOf } from '../../../src/state/runs/entry-value.ts'
import { streamOf } from '../../../src/state/runs/stream.ts'
import { runOf } from '../../../src/testing/conformance/backend-world.ts'
import { between, countsOf, KEY, keysOf, TimerWorld } from './timer-world.ts'

for (const isInMemory of [true, false]) {
  const where = isInMemory ? 'in memory alone' : 'over a store'

  test(`a timer that came and went within an epoch is in no cut (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory })
    world.set(KEY, between(0, 10))
    world.delete(KEY, between(0, 5))
    assert.deepEqual(world.fire(6), [5, 6])
    assert.equal((await world.checkpoint()).length, 3)
    await world.close()
  })

  test(`a tombstone is kept until a complete checkpoint has it (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory })
    world.set(KEY, between(0, 10))
    await world.checkpoint()
    world.delete(KEY, [3, 4])
    assert.deepEqual(world.fire(1), [0, 1])
    const first = world.backend.cut()
    const tombstones = await runOf(first)
    assert.equal(tombstones.length, 4)
    assert.ok(tombstones.every(({ value }) => flagsOf(value) === FLAG_POINT_TOMBSTONE))
    // It is aborted, so the next one has them, too.
    first.abort()
    const second = world.backend.cut()
    assert.deepEqual(await countsOf(second), [0, 4])
    assert.ok(world.inUse >= 10, 'nothing is forgotten yet')
    second.confirm()
    assert.deepEqual(await world.checkpoint(), [])
    world.fire(1)
    assert.equal(world.inUse, 8, 'those in the heap are left until they come to its top')
    assert.deepEqual(world.fire(1e9), [2, 5, 6, 7, 8, 9])
    await world.checkpoint()
    await world.checkpoint()
    assert.equal(world.inUse, 0)
    await world.close()
  })

  test(`a timer changed after a cut is in it as it was (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory })
    const setAll = (payload: number): void =>
      world.on(KEY, (timers) => {
        for (const time of between(0, 6)) timers.register('event-time', time, 'close', payload)
      })
    setAll(1)
    const first = world.backend.cut()
    setAll(2)
    setAll(3)
    const second = world.backend.cut()
    world.delete(KEY, between(0, 6), 'close')
    const third = world.backend.cut()
    const runs = [await runOf(first), await runOf(second), await runOf(third)]
    assert.deepEqual(
      runs.map((run) => run.length),
      [6, 6, 6],
    )
    for (const [at, payload] of [1, 3, undefined].entries()) {
      const held = (runs[at] ?? []).filter(({ value }) => flagsOf(value) === 0)
      const again = await TimerWorld.open({ restore: streamOf(held) })
      const payloads = [...again.timers.pending()].map((timer) => timer.payload)
      assert.deepEqual(payloads, payload === undefined ? [] : Array(6).fill(payload))
      await again.close()
    }
    third.confirm()
    await world.close()
  })

  test(`changes of a timer are counted once in an epoch (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory })
    const setBoth = (payload: number): void =>
      world.on(KEY, (timers) => {
        timers.register('event-time', 1, 'close', payload)
        timers.register('event-time', 2, '')
        timers.register('event-time', 2, '')
      })
    setBoth(1)
    setBoth(2)
    const first = world.backend.cut()
    assert.equal(first.dirtyEntries, 2)
    setBoth(3)
    const second = world.backend.cut()
    assert.equal(second.dirtyEntries, 1, 'a timer without a payload is set as it was')
    first.abort()
    assert.equal(world.backend.cut().dirtyEntries, 2)
    await world.close()
  })

  test(`timers that come and go between cuts take no memory (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory })
    const { slots } = world.timers.changes.set(0)
    for (let time = 0; time < 1000; time++) {
      world.set(KEY, [time])
      assert.deepEqual(world.fire(time), [time])
    }
    assert.equal(slots.count, 17)
    const live = between(10_000, 10_200)
    world.set(KEY, live)
    for (let time = 1000; time < 2000; time++) {
      world.set(KEY, [time])
      world.fire(time)
    }
    assert.ok(slots.count <= 2 * 200 + 17, `${slots.count}`)
    assert.equal((await world.checkpoint()).length, 200)
    await world.close()
  })

  test(`many timers of one key group are cut with pauses (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory, room: 10_000 })
    world.set(KEY, between(0, 5000))
    const cut = world.backend.cut()
    const entries = [...cut.entries()]
    const first = entries.findIndex((entry) => entry !== undefined)
    assert.equal(first, 2, 'a pause after each 2048')
    assert.equal(entries.filter((entry) => entry !== undefined).length, 5000)
    cut.confirm()
    assert.deepEqual([...world.backend.cut().entries()], [])
    await world.close()
  })

  test(`a burst gives its memory back when all of it is gone (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory, room: 10_000 })
    const { slots } = world.timers.changes.set(0)
    const burst = between(0, 5000)
    world.set(KEY, burst)
    assert.equal(world.fire(1e9).length, 5000)
    assert.ok(slots.count >= 5000)
    assert.deepEqual(await world.checkpoint(), [])
    assert.equal(slots.count, 0, 'by a cut')
    world.set(KEY, burst)
    world.delete(KEY, burst)
    assert.deepEqual(await world.checkpoint(), [])
    assert.ok(slots.count >= 5000, 'some are in the heap still')
    assert.deepEqual(world.fire(0), [])
    assert.equal(slots.count, 0, 'by firing none')
    world.set(KEY, burst)
    world.delete(KEY, burst)
    await world.checkpoint()
    assert.equal(world.timers.nextTime('event-time'), Number.POSITIVE_INFINITY)
    assert.ok(slots.count >= 5000)
    await world.checkpoint()
    assert.equal(slots.count, 0, 'by a cut without any changes')
    await world.close()
  })

  test(`as many timers fire as may, and it is said if more are due (${where})`, async () => {
    const world = await TimerWorld.open({ isInMemory })
    world.set(KEY, between(0, 10))
    const fired: number[] = []
    const advance = (until: number, limit: number): boolean =>
      world.timers.advance('event-time', until, limit, (_, __, ___, time) => void fired.push(time))
    assert.equal(advance(5, 4), true)
    assert.deepEqual(fired, [0, 1, 2, 3])
    assert.equal(advance(5, 2), false, 'no more are due')
    assert.deepEqual(fired, [0, 1, 2, 3, 4, 5])
    assert.equal(advance(9, 0), true)
    assert.equal(advance(3, 5), false)
    assert.equal(world.timers.currentWatermark, 9)
    assert.equal(world.timers.currentProcessingTime, Number.NEGATIVE_INFINITY)
    assert.equal(advance(9, 100), false)
    assert.deepEqual(fired, between(0, 10))
    await world.close()
  })
}

test('rows of timers that are due are fetched together, no more than may fire', async () => {
  const plenty = await TimerWorld.open({ isInMemory: true })
  const keys = keysOf(600)
  for (const [at, key] of keys.entries()) {
    plenty.set(key, [at])
    plenty.value.update(at)
  }
  const world = await TimerWorld.open({ restore: streamOf(await plenty.checkpoint()) })
  assert.deepEqual([world.backend.statistics.rows, world.held], [0, 600])
  for (const at of [1, 2]) world.delete(keys[at], [at])
  world.store.forget()
  assert.deepEqual(world.fire(1e9, 5), [0, 3, 4, 5, 6])
  assert.deepEqual(world.store.lookUps[0], 3, 'of the first five two are deleted')
  world.store.forget()
  assert.deepEqual(world.fire(15), between(7, 16))
  assert.deepEqual(world.store.lookUps, [9])
  assert.deepEqual(world.fire(1e9, 300), between(16, 316))
  assert.equal(world.store.lookUps[1], 256)
  assert.equal(world.store.lookUps.length, 3)
  await plenty.close()
  await world.close()
})

test('after 256 more timers memory is looked at before the next key', async () => {
  const world = await TimerWorld.open({ room: 20 })
  const [first = 0, second = 0] = keysOf(2)
  world.on(first, () => undefined)
  world.set(first, between(0, 255)) // its row counts, too
  world.on(second, () => undefined)
  assert.ok(world.store.keys.length > 0)
  const other = await TimerWorld.open({ room: 20 })
  other.set(first, between(0, 254))
  other.on(second, () => undefined)
  assert.deepEqual(other.store.keys, [])
  await world.close()
  await other.close()
})

test('a deleted timer that may lie below counts as one more', async () => {
  const world = await TimerWorld.open({ room: 100 })
  world.set(KEY, between(0, 101))
  world.maintain()
  world.table.group.growth = 0
  world.delete(KEY, between(1000, 1255))
  assert.equal(world.table.group.growth, 255)
  world.delete(KEY, [7])
  assert.equal(world.table.group.growth, 255, 'one in memory takes no more')
  await world.close()
})
