// One small table by itself: what its values are, what it takes up, what looking at it reaches.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { CounterState } from '../../../src/state/collection-handles.ts'
import { counterState } from '../../../src/state/collection-descriptors.ts'
import { listState, valueState } from '../../../src/state/descriptors.ts'
import type { ListState, ValueState } from '../../../src/state/handles.ts'
import { LookAhead } from '../../../src/state/table/look-ahead.ts'
import { RowFinder } from '../../../src/state/table/row-finder.ts'
import { TableBackend } from '../../../src/state/table/table-backend.ts'
import { RowToucher } from '../../../src/state/table/touch.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import type { Type } from '../../../src/types/type.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { required } from '../../../src/util/assert.ts'
import { between, TimerWorld } from './timer-world.ts'

/** A backend with one list, at its one key. */
async function oneList<T>(type: Type<T>) {
  const backend = new TableBackend('tested', {
    keyGroups: { start: 0, end: 0 },
    maxParallelism: 1,
    memoryBytes: 0,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
    shards: { count: 1, slots: 4, rowsAhead: 0 },
  })
  const states = [{ id: 1, name: 'all', kind: 'list', type: type.schema } as const]
  const table = backend.register({
    record: { id: 1, uid: 'a', states },
    keyType: t.string,
    descriptors: { all: listState(type) },
  })
  await backend.open()
  table.select('a', routeHash('a'))
  return { backend, all: table.handles['all'] as ListState<T> } // declared above
}

test('what is large in memory is reckoned by samples of it', async () => {
  const { backend, all } = await oneList(t.string)
  for (let at = 0; at < 64 * 10; at++) all.add('x'.repeat(1000))
  for (let times = 0; times < 300; times++) assert.ok(backend.statistics.rows === 1)
  const { estimatedBytes } = backend.statistics
  assert.ok(estimatedBytes > 1_000_000 && estimatedBytes < 2_000_000, `${estimatedBytes}`)
  await backend.close()
})

test('looking at rows before they are selected reaches keys and collections', async () => {
  const world = await TimerWorld.open({ isInMemory: true, hasCollections: true, isWide: true })
  const keys = ['a', 'b'.repeat(200), 'ä']
  for (const [at, key] of keys.entries()) {
    world.on(key, () => {
      for (const each of between(0, at + 1)) world.list.add(each)
    })
  }
  const hashes = Int32Array.from(keys, (key) => routeHash(key))
  const seenOf = (count: number): number => {
    const toucher = new RowToucher()
    toucher.touch(world.table, hashes, count)
    return toucher.seen
  }
  const besideOf = (key: string): number => (key === 'a' ? 0 : key.length)
  const expected = (count: number): number =>
    keys.slice(0, count).reduce((seen, key) => seen ^ routeHash(key) ^ besideOf(key), 0)
  assert.deepEqual([0, 1, 2, 3].map(seenOf), [0, 1, 2, 3].map(expected))
  const collections = new RowToucher()
  collections.touchCollections(world.table, hashes, 0)
  assert.equal(collections.seen, 0)
  collections.touchCollections(world.table, hashes, 1)
  assert.equal(collections.seen, 1, 'the last chunk of a list has one element')
  collections.touchCollections(world.table, hashes, 3)
  const seen = 1 ^ 1 ^ 2 ^ 3
  assert.equal(collections.seen, seen)
  const plain = Array.from({ length: 20 }, (_, at) => `plain ${at}`)
  for (const key of plain) world.on(key, () => world.value.update(1))
  assert.ok(world.table.shards.some((shard) => shard !== undefined && !shard.collections))
  collections.touchCollections(world.table, Int32Array.from(plain, routeHash), plain.length)
  assert.equal(collections.seen, seen, 'where no row has a collection there is none to look at')
  await world.close()
})

test('collections are reached by what has just looked for the rows', async () => {
  const world = await TimerWorld.open({ isInMemory: true, hasCollections: true, isWide: true })
  const keys = Array.from({ length: 600 }, (_, at) => `k${at}`)
  for (const [at, key] of keys.entries()) {
    if (at % 3 === 1) world.on(key, () => world.value.update(1))
    if (at % 3 === 2)
      world.on(key, () => between(0, 1 + (at % 50)).forEach((n) => world.list.add(n)))
  }
  const hashes = Int32Array.from(keys, (key) => routeHash(key))
  const seenOf = (count: number, isAhead: boolean): number => {
    const toucher = new RowToucher()
    const ahead = isAhead ? new LookAhead() : undefined
    ahead?.look(world.table, hashes, count)
    toucher.touchCollections(world.table, hashes, count, ahead)
    return toucher.seen
  }
  // Of more than 512 keys it finds the first.
  for (const count of [0, 1, 3, 100, 511, 512, 513, 600]) {
    assert.equal(seenOf(count, true), seenOf(count, false), `${count} keys`)
  }
  assert.notEqual(seenOf(3, true), 0)
  await world.close()
})

test('a number with a time to live is stamped by each write', async () => {
  let now = 0
  const backend = new TableBackend('tested', {
    keyGroups: { start: 0, end: 0 },
    maxParallelism: 1,
    memoryBytes: 0,
    scratch: new MemoryScratch(),
    monotonic: () => now++,
    processingTime: () => now,
  })
  const ttl = { ttl: '160 ms' } as const
  const type = t.float64.schema
  const table = backend.register({
    record: {
      id: 1,
      uid: 'a',
      states: [
        { id: 1, name: 'value', kind: 'value', type },
        { id: 2, name: 'counter', kind: 'counter', type },
      ],
    },
    keyType: t.string,
    descriptors: { value: valueState(t.float64, ttl), counter: counterState() },
  })
  const timings = await backend.open()
  assert.deepEqual(timings, { initMs: 1, prepareMs: 1, confirmMs: 1, completeMs: 1 })
  const value = table.handles['value'] as ValueState<number> // declared above, as the next
  const counter = table.handles['counter'] as CounterState
  table.select('a', routeHash('a'))
  now = 1000
  value.update(1)
  now = 1100
  value.update(2)
  now = 1200
  assert.equal(value.value(), 2)
  now = 1260
  assert.equal(value.value(), undefined)
  assert.equal(counter.add(2), 2)
  // Whatever its type says, what is no number is not added.
  for (const wrong of [true, '1', null, undefined]) {
    assert.throws(() => counter.add(wrong as never), { code: 'TYPE_MISMATCH' })
  }
  assert.equal(counter.value(), 2)
  await backend.close()
})

test('elements that cannot be frozen are copies of what is held', async () => {
  const { backend, all } = await oneList(t.bytes)
  all.add(new Uint8Array([1]))
  all.get()[0]?.fill(9)
  for (const each of all) each.fill(9)
  assert.deepEqual(all.get(), [new Uint8Array([1])])
  await backend.close()
})

test('no more checkpoints may be under way than are accounted for', async () => {
  const { backend } = await oneList(t.string)
  for (let count = 0; count < 16; count++) backend.cut()
  assert.throws(() => backend.cut(), /16 checkpoints are under way/)
  await backend.close()
})

test('rows of number keys are found ahead in any number of groups', async () => {
  for (const maxParallelism of [128, 100]) {
    const backend = new TableBackend('tested', {
      keyGroups: { start: 0, end: maxParallelism - 1 },
      maxParallelism,
      memoryBytes: 1024 ** 2,
      scratch: new MemoryScratch(),
      monotonic: () => 0,
    })
    const state = { id: 1, name: 'sum', kind: 'value', type: t.float64.schema } as const
    const table = backend.register({
      record: { id: 1, uid: 'numbers', states: [state] },
      keyType: t.float64,
      descriptors: { sum: valueState(t.float64) },
    })
    await backend.open()
    const keys = [1, 2.5, -3]
    const hashes = keys.map((key) => routeHash(key))
    for (const [at, key] of keys.entries()) {
      table.select(key, required(hashes[at], 'one for each key'))
      const sum = table.handles['sum'] as ValueState<number> // as declared above
      sum.update(at)
    }
    assert.ok(table instanceof RowFinder)
    const missing = routeHash(4)
    table.ahead.look(table, Int32Array.from([...hashes, missing]), keys.length + 1)
    const lanesOf = hashes.map((hash, at) => {
      assert.equal(table.ahead.shards[at], table.shardIndexOf(hash))
      const shard = required(table.shards[table.shardIndexOf(hash)], 'a shard')
      return shard.laneOf(shard.find(keys[at], hash))
    })
    assert.deepEqual([...table.ahead.lanes.subarray(0, keys.length + 1)], [...lanesOf, -1])
    await backend.close()
  }
})
