// Letting rows go for want of memory comes to an end, however little memory there is.
import assert from 'node:assert/strict'
import { test } from 'node:test'
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
