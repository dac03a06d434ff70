// A backend whose memory is too small for even one row must not keep its worker busy for ever.
import assert from 'node:assert/strict'
import { it, test } from 'node:test'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { World } from '../../../src/testing/conformance/backend-world.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'

it('comes to rest when memory is full and nothing more can leave it', async () => {
  const context = () => ({ nativeStore: openMemoryStore })
  const suite = { test, name: 'rocksdb', choose: () => rocksdb(), evicts: true, context }
  const world = await World.open(suite, { memoryBytes: 1 })
  // The selected row stays, whatever it takes.
  world.on(1, ({ list }) => list.add('a value that takes more than there is'))
  let turns = 0
  while (world.backend.maintain(1)) assert.ok(++turns < 100, 'it goes on and on')
  await world.close()
})
