// Letting rows go for want of memory comes to an end, however little memory there is, and goes as
// far as it must; what was deleted takes none.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { type BackendSuite, World } from '../../../src/testing/conformance/backend-world.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'

const suite: BackendSuite = {
  test: () => undefined,
  name: 'rocksdb over the store in memory',
  choose: () => rocksdb(),
  context: () => ({ nativeStore: openMemoryStore, scratch: new MemoryScratch() }),
  evicts: true,
}

test('there is nothing more to do when tables alone are larger than the memory', async () => {
  const world = await World.open(suite, { memoryBytes: 16 })
  for (let key = 0; key < 500; key++) world.on(key, ({ count }) => count.update(key))
  let rounds = 0
  while (world.backend.maintain(5) && rounds < 1_000) rounds++
  assert.ok(rounds < 1_000, 'a worker would never be idle')
  assert.equal(world.backend.maintain(5), false)
  assert.equal(
    world.on(123, ({ count }) => count.value()),
    123,
  )
  await world.close()
})

test('memory is used: some of what there is room for stays', async () => {
  const memoryBytes = 200_000
  const world = await World.open(suite, { memoryBytes })
  for (let key = 0; key < 3000; key++) {
    world.on(key, ({ value, list }) => {
      value.update(`value ${key}`)
      list.add(key)
    })
  }
  world.table.deselect()
  while (world.backend.maintain(1000)) continue
  const { estimatedBytes, rows, evictions } = world.backend.statistics
  assert.ok(estimatedBytes < memoryBytes, `${estimatedBytes} bytes`)
  assert.ok(rows > 20 && estimatedBytes > 0.15 * memoryBytes, `${estimatedBytes} bytes`)
  assert.equal(rows + evictions, 3000)
  assert.equal(world.backend.maintain(1000), false)
  assert.equal(world.backend.statistics.evictions, evictions)
  await world.close()
})

test('memory is made room in while records come, without an idle moment', async () => {
  const memoryBytes = 100_000
  const world = await World.open(suite, { memoryBytes })
  for (let key = 0; key < 3000; key++) {
    world.on(key, ({ value }) => value.update(`value ${key}`))
    if (key % 500 !== 499) continue
    const { estimatedBytes } = world.backend.statistics
    assert.ok(estimatedBytes < 2 * memoryBytes, `${estimatedBytes} bytes after ${key} keys`)
  }
  assert.ok(world.backend.statistics.evictions > 0)
  for (let time = 0; time < 3000; time++) {
    world.on(time % 10, () => world.table.timers.register('event-time', time, ''))
  }
  const { rows } = world.backend.statistics
  assert.ok(rows < 3000)
  await world.close()
})

test('rows that were deleted are gone from memory once no cut needs them', async () => {
  const world = await World.open({ ...suite, choose: () => hashmap() })
  const all = Array.from({ length: 300 }, (_, key) => key)
  for (const key of all) {
    world.on(key, ({ value, map, list, set, deque, sorted }) => {
      value.update(key)
      for (const each of [1, 2, 3]) map.set(each, key)
      list.add(key)
      set.add(key)
      deque.pushLast(key)
      sorted.set(key, key)
    })
  }
  assert.ok((await world.checkpoint()).length > 300)
  for (const key of all) {
    world.on(key, ({ value, map, list, set, deque, sorted }) => {
      if (key % 2 === 0) value.clear()
      for (const each of [1, 2, 3]) map.delete(each)
      for (const each of [value, list, set, deque, sorted]) each.clear()
    })
  }
  world.table.deselect()
  assert.ok((await world.checkpoint()).length > 300)
  assert.deepEqual(await world.checkpoint(), [])
  assert.deepEqual(await world.checkpoint(), [])
  const { rows, estimatedBytes } = world.backend.statistics
  assert.deepEqual([...world.table.keys()], [])
  assert.ok(rows <= 1 && estimatedBytes < 1000, `${rows} rows, ${estimatedBytes} bytes`)
  await world.close()
})
