// When rows and timers leave memory, how many at once, and when they are looked for again.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { streamOf } from '../../../src/state/runs/stream.ts'
import { runOf } from '../../../src/testing/conformance/backend-world.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { lazily } from '../lazy/worlds.ts'
import { between, KEY, keysOf, TimerWorld } from './timer-world.ts'

const [FIRST = 0] = keysOf(1)

test('a key in a foreign key group is damage', async () => {
  const former = await TimerWorld.open({ isInMemory: true, isWide: true })
  former.on(KEY, () => former.value.update(7))
  const [entry] = await former.checkpoint()
  assert.ok(entry !== undefined)
  const key = Uint8Array.from(entry.key)
  key[1] = (key[1] ?? 0) ^ 1
  const run = [{ key, value: entry.value }]
  const opened = TimerWorld.open({ isInMemory: true, isWide: true, restore: streamOf(run) })
  await assert.rejects(opened, { code: 'STORAGE_CORRUPT' })
  await former.close()
})

test('after 256 more rows memory is looked at before the next key', async () => {
  const world = await TimerWorld.open()
  const keys = keysOf(256)
  for (const key of keys) world.on(key, () => undefined)
  assert.equal(world.table.group.growth, 256)
  world.on(FIRST, () => undefined)
  assert.equal(world.table.group.growth, 0)
  assert.equal(world.table.prefetches, true, 'what lies below is worth being fetched')
  await world.close()
})

test('no more than 1024 rows go between two records', async () => {
  const world = await TimerWorld.open({ room: 0.01 })
  const keys = keysOf(3000)
  world.table.deselect()
  for (const key of keys) world.table.addRow(key, routeHash(key), placeOf(world, key), 0)
  world.table.deselect()
  const evictions: number[] = []
  for (let round = 0; round < 4; round++) {
    evictions.push(world.backend.statistics.evictions)
    world.table.group.growth = 256
    world.table.lookAfter()
    world.table.deselect()
  }
  assert.deepEqual(evictions.slice(0, 3), [1024, 2048, 3000])
  assert.equal(world.backend.statistics.rows, 0)
  await world.close()
})

test('rows that leave together are written by the thousand', async () => {
  const world = await TimerWorld.open({ room: 0.01 })
  for (const key of keysOf(1500)) {
    world.on(key, () => world.value.update(key))
    world.table.group.growth = 0
  }
  world.maintain()
  assert.deepEqual(world.store.writes, [1024, 1500 - 1024])
  for (const key of keysOf(1500))
    assert.equal(
      world.on(key, () => world.value.value()),
      key,
    )
  await world.close()
})

function placeOf(world: TimerWorld, key: number): number {
  return world.table.shardIndexOf(routeHash(key))
}

test('parts of a long list leave memory but for the last, and come back as they are', async () => {
  const world = await TimerWorld.open({ room: 0.01, hasCollections: true })
  world.on(FIRST, () => world.list.addAll(between(0, 12_000)))
  for (let round = 0; round < 3; round++) world.backend.maintain(1000)
  const { evictions } = world.backend.statistics
  assert.ok(evictions >= 60, `${evictions}`)
  assert.equal(world.table.itemCount, 188 - evictions)
  world.on(FIRST, () => world.list.add(12_000))
  world.on(FIRST, () => assert.deepEqual(world.list.get(), between(0, 12_001)))
  await world.close()
})

test('the last part of a list, which grows, stays in memory while others go', async () => {
  const world = await TimerWorld.open({ room: 0.01, hasCollections: true })
  // Nothing is looked at in between: nothing but its place keeps the last part.
  for (let times = 0; times < 2; times++) {
    world.on(FIRST, () => world.list.update(between(0, 12_000)))
    world.backend.maintain(1000)
  }
  assert.ok(world.table.itemCount < 188)
  world.store.forget()
  world.on(FIRST, () => world.list.add(12_000))
  assert.deepEqual(world.store.lookUps, [])
  world.on(FIRST, () => assert.deepEqual(world.list.get(), between(0, 12_001)))
  await world.close()
})

test('rows that were used since the hand came by stay, and others go', async () => {
  const world = await TimerWorld.open({ room: 0.01 })
  const keys = keysOf(64)
  for (const key of keys) world.on(key, () => world.value.update(key))
  world.table.deselect()
  world.backend.maintain(0)
  assert.equal(world.backend.statistics.evictions, 16)
  const used = keys.filter((_, at) => at % 8 === 0)
  for (const key of used) world.on(key, () => assert.equal(world.value.value(), key))
  world.table.deselect()
  for (let round = 0; round < 2; round++) world.backend.maintain(0)
  assert.equal(world.backend.statistics.evictions, 48)
  world.store.forget()
  for (const key of used) world.on(key, () => assert.equal(world.value.value(), key))
  assert.deepEqual(world.store.lookUps, [])
  await world.close()
})

test('of a row of which nothing is left nothing stays below once it has left memory', async () => {
  const world = await TimerWorld.open({ room: 0.01, hasCollections: true })
  const keys = keysOf(20)
  for (const key of keys) {
    world.on(key, () => {
      world.value.update(key)
      world.map.set(1, key)
      world.list.add(key)
    })
  }
  world.maintain()
  assert.deepEqual([world.backend.statistics.rows, world.store.keys.length], [0, 3 * keys.length])
  for (const key of keys) {
    world.on(key, () => {
      for (const each of [world.value, world.map, world.list]) each.clear()
    })
  }
  world.maintain()
  assert.deepEqual([world.backend.statistics.rows, world.store.keys], [0, []])
  await world.close()
})

test('what was loaded lazily and deleted takes no memory, and is not asked for again', async () => {
  const former = await TimerWorld.open({ isInMemory: true })
  const keys = keysOf(40)
  for (const key of keys) former.on(key, () => former.value.update(key))
  const run = await former.checkpoint()
  const { world, reads } = await lazily([run], { isInMemory: true })
  world.on(FIRST, () => assert.equal(world.value.value(), FIRST))
  while (world.backend.maintain(1)) continue
  assert.throws(() => world.value.value(), { code: 'STATE_NO_KEY' })
  for (const key of keys) world.on(key, () => world.value.clear())
  world.table.deselect()
  for (let round = 0; round < 3; round++) await world.checkpoint()
  assert.equal(world.backend.statistics.rows, 0)
  assert.deepEqual(reads.filter((read) => read === 'row').length, 1)
  await former.close()
  await world.close()
})

test('confirmed cuts are not read, and a closed backend has nothing to do', async () => {
  const world = await TimerWorld.open({ room: 0.01 })
  for (const key of keysOf(600)) world.on(key, () => world.value.update(key))
  for (let round = 0; round < 5; round++) world.maintain()
  const first = world.backend.cut()
  assert.ok(first.spilled.length > 0)
  await runOf(first)
  const unread = world.backend.cut()
  unread.confirm()
  assert.throws(() => [...unread.entries()], { code: 'STATE_CLOSED' })
  first.confirm()
  assert.deepEqual(await world.checkpoint(), [])
  await world.close()
  await world.close()
  assert.equal(world.backend.maintain(1000), false)
  assert.throws(() => world.backend.cut(), { code: 'STATE_CLOSED' })
})

test('a state of just so many bytes is restored lazily, one of fewer at once', async () => {
  const former = await TimerWorld.open({ isInMemory: true })
  former.on(KEY, () => former.value.update(7))
  const run = await former.checkpoint()
  const { restoringBytes } = (await lazily([run])).world.backend.statistics
  assert.ok(restoringBytes > 0)
  for (const [minimumBytes, isLazy] of [
    [restoringBytes, true],
    [restoringBytes + 1, false],
  ] as const) {
    const { world } = await lazily([run], { minimumBytes })
    assert.equal(world.backend.isRestoring, isLazy)
    assert.equal(
      world.on(KEY, () => world.value.value()),
      7,
    )
    await world.close()
  }
  await former.close()
})

test('timers do not leave memory while those in the runs are still to come', async () => {
  const former = await TimerWorld.open({ isInMemory: true })
  former.set(KEY, between(0, 300))
  const run = await former.checkpoint()
  const { world } = await lazily([run], { room: 100, rowsPerSlice: 50 })
  assert.equal(world.timers.nextTime('event-time'), 0)
  world.set(KEY, between(1000, 1300))
  world.table.deselect()
  world.backend.maintain(0)
  assert.ok(world.timers.size >= 350)
  while (world.maintain()) continue
  assert.deepEqual(world.fire(1e9), [...between(0, 300), ...between(1000, 1300)])
  await former.close()
  await world.close()
})

test('it is asked for the first time before restored timers are spread', async () => {
  const former = await TimerWorld.open({ isInMemory: true })
  former.on(KEY, (timers) => {
    timers.register('event-time', 5, 'close', 1)
    timers.register('processing-time', 5, 'late')
  })
  const run = await former.checkpoint()
  const world = await TimerWorld.open({ isInMemory: true, restore: streamOf(run) })
  assert.equal(world.timers.nextTime('event-time'), 5)
  assert.equal(world.timers.nextTime('processing-time'), Number.NEGATIVE_INFINITY)
  world.timers.advance('processing-time', 100, 10, () => undefined)
  const next = world.timers.nextTime('processing-time')
  assert.ok(next === Number.POSITIVE_INFINITY || next > 5)
  await former.close()
  await world.close()
})
