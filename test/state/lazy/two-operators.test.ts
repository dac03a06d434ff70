// Two operators whose states are of different kinds, restored lazily over one store: each row is
// looked up, and emptied, as one of its own operator.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EntryStream, KeyedStateBackend, StateBackend } from '../../../src/state/backend.ts'
import { mapState, valueState } from '../../../src/state/descriptors.ts'
import type { MapState, ValueState } from '../../../src/state/handles.ts'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import { rocksdb } from '../../../src/state/rocksdb/index.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { runOf } from '../../../src/testing/conformance/backend-world.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { LAZILY_OVER_STORE, lookups } from './runs.ts'

const GROUPS = { start: 0, end: 15 }
const KEYS = Array.from({ length: 40 }, (_, key) => key)

async function opened(choice: StateBackend, restore?: EntryStream) {
  const backend: KeyedStateBackend = choice.create({
    keyGroups: GROUPS,
    maxParallelism: GROUPS.end + 1,
    memoryBytes: 16,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
    ...LAZILY_OVER_STORE(),
  })
  const type = t.float64
  const held = { id: 1, name: 'held', kind: 'value' as const, type: type.schema }
  const values = backend.register({
    record: { id: 1, uid: 'values', states: [held] },
    keyType: type,
    descriptors: { held: valueState(type) },
  })
  const map = { ...held, kind: 'map' as const, keyType: type.schema }
  const maps = backend.register({
    record: { id: 2, uid: 'maps', states: [map] },
    keyType: type,
    descriptors: { held: mapState(type, type) },
  })
  await backend.open(restore)
  return {
    backend,
    // Both declared above.
    value(key: number): ValueState<number> {
      values.select(key, routeHash(key))
      return values.handles['held'] as ValueState<number>
    },
    map(key: number): MapState<number, number> {
      maps.select(key, routeHash(key))
      return maps.handles['held'] as MapState<number, number>
    },
    /** Lets go all that may go. */
    letGo() {
      for (const table of [values, maps]) table.deselect()
      backend.maintain(0)
    },
  }
}

async function filled() {
  const former = await opened(hashmap())
  for (const key of KEYS) {
    former.value(key).update(key)
    for (const at of [1, 2, 3]) former.map(key).set(at, key)
  }
  const cut = former.backend.cut()
  const run = await runOf(cut)
  await former.backend.close()
  return run
}

test('a row that is looked up has all that its own operator holds of its key', async () => {
  const world = await opened(rocksdb(), await lookups([await filled()], GROUPS))
  for (const key of KEYS) {
    assert.deepEqual(new Set(world.map(key).keys()), new Set([1, 2, 3]))
    assert.equal(world.value(key).value(), key)
  }
  assert.equal(world.backend.isRestoring, true)
  await world.backend.close()
})

test('a row that is emptied before its key group is loaded stays empty', async () => {
  const world = await opened(rocksdb(), await lookups([await filled()], GROUPS))
  const [first = 0, second = 0] = KEYS
  world.map(first).clear()
  world.value(second).clear()
  for (let round = 0; round < 4; round++) world.letGo()
  assert.deepEqual([...world.map(first).keys()], [])
  assert.equal(world.value(first).value(), first)
  assert.equal(world.value(second).value(), undefined)
  assert.deepEqual(new Set(world.map(second).keys()), new Set([1, 2, 3]))
  await world.backend.close()
})
