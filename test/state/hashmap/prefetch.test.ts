// Looking at rows before they are selected changes nothing, whatever is there.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { valueState } from '../../../src/state/descriptors.ts'
import { hashmap } from '../../../src/state/hashmap/index.ts'
import type { ValueState } from '../../../src/state/handles.ts'
import { SHARDS } from '../../../src/state/table/table-group.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'

it('a table prefetches once it is large, and finds the same rows', async () => {
  const backend = hashmap().create({
    keyGroups: { start: 0, end: 127 },
    maxParallelism: 128,
    memoryBytes: 1024 ** 3,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
  })
  const type = t.float64.schema
  const table = backend.register({
    record: { id: 1, uid: 'sums', states: [{ id: 1, name: 'sum', kind: 'value', type }] },
    keyType: t.dynamic(),
    descriptors: { sum: valueState(t.float64) },
  })
  await backend.open()
  const sum = table.handles['sum'] as ValueState<number> // as declared
  const keys = [1, 'one', 'not there', { a: 1 }, Number.NaN]
  const hashes = Int32Array.from(keys, (key) => routeHash(key))
  table.prefetch(keys, hashes, keys.length)
  assert.equal(table.prefetches, false)
  for (let key = 0; key < SHARDS.rowsAhead; key++) {
    const held = key % 2 === 0 ? key : `key ${key}`
    table.select(held, routeHash(held))
    sum.update(key)
  }
  assert.equal(table.prefetches, true)
  table.prefetch(keys, hashes, keys.length)
  const even = Array.from({ length: 512 }, (_, at) => at * 2)
  table.prefetch(even, Int32Array.from(even, routeHash), even.length)
  for (const key of even) {
    table.select(key, routeHash(key))
    assert.equal(sum.value(), key)
  }
  table.select('not there', routeHash('not there'))
  assert.equal(sum.value(), undefined)
  await backend.close()
})
