// A deque in memory knows where it begins and ends, and when nothing is in it, by what it has
// counted: also after it was restored, and without a look at the store below.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { DequeCollection } from '../../../src/state/table/deque-collection.ts'
import { KeyedTable } from '../../../src/state/table/keyed-table.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { type BackendSuite, World } from '../../../src/testing/conformance/backend-world.ts'
import { upTo } from './both.ts'
import { RecordingStore } from './recording-store.ts'

const KEY = 'ann'
const inMemory: BackendSuite = {
  test: () => undefined,
  name: 'in memory',
  choose: () => hashmap(),
  evicts: false,
}

function over(store: RecordingStore): BackendSuite {
  return {
    ...inMemory,
    choose: () => rocksdb(),
    context: () => ({
      nativeStore: () => Promise.resolve(store),
      scratch: new MemoryScratch(),
    }),
    evicts: true,
  }
}

/** A world and the deque of its key, as the table holds it. */
async function opened() {
  const world = await World.open(inMemory)
  const { table } = world
  assert.ok(table instanceof KeyedTable)
  world.on(KEY, ({ deque, value }) => {
    value.update('keeps the row')
    deque.pushLast('made')
  })
  const state = table.layout.collections.find(({ kind }) => kind === 'deque')
  const held = state && table.collections().get(state)
  assert.ok(held instanceof DequeCollection)
  world.on(KEY, ({ deque }) => deque.popLast())
  return { world, held }
}

test('what is pushed at either end lies between the ends, and is counted', async () => {
  const { world, held } = await opened()
  assert.deepEqual([held.isEmpty, held.isKnownEmpty], [true, true])
  world.on(KEY, ({ deque }) => {
    deque.pushLast(1)
    deque.pushLast(2)
    deque.pushFirst(0)
    assert.deepEqual([deque.first(), deque.last(), deque.length], [0, 2, 3])
    assert.deepEqual([...deque], [0, 1, 2])
  })
  const { first, end, count } = held.extent
  assert.deepEqual([end - first, count], [3, 3])
  assert.deepEqual([held.isEmpty, held.isKnownEmpty], [false, false])
  await world.close()
})

test('a deque that is restored has all its elements, the first ones too', async () => {
  const { world } = await opened()
  world.on(KEY, ({ deque }) => {
    for (const at of upTo(5)) deque.pushLast(at)
  })
  const run = await world.checkpoint()
  const again = await World.open(inMemory, { restore: [run] })
  again.on(KEY, ({ deque }) => {
    assert.deepEqual([deque.first(), deque.last(), deque.length], [0, 4, 5])
    assert.deepEqual([...deque], upTo(5))
  })
  await world.close()
  await again.close()
})

test('for an end of a deque of which nothing is left nobody looks below', async () => {
  const store = new RecordingStore()
  const world = await World.open(over(store), { memoryBytes: 16 })
  // Its row is in use: elements go, and it stays.
  for (const at of upTo(300)) {
    world.on(KEY, ({ deque }) => deque.pushLast(at))
    if (at % 20 === 19) for (let round = 0; round < 12; round++) world.backend.maintain(1000)
  }
  assert.ok(world.backend.statistics.evictions > 100)
  world.on(KEY, ({ deque }) => {
    for (const at of upTo(300)) assert.equal(deque.popFirst(), at)
  })
  for (let round = 0; round < 3; round++) await world.checkpoint()
  store.forget()
  world.on(KEY, ({ deque }) =>
    assert.deepEqual([deque.first(), deque.last()], [undefined, undefined]),
  )
  assert.deepEqual([store.lookUps, store.limits], [[], []])
  await world.close()
})
