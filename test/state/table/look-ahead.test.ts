// Rows that were found ahead are those that the keys have when they are selected, whatever happened
// in between.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { valueState } from '../../../src/state/descriptors.ts'
import type { ValueState } from '../../../src/state/handles.ts'
import { TableBackend } from '../../../src/state/table/table-backend.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'
import { SeededRandom } from '../../../src/util/random.ts'

async function openTable(slots: number) {
  const backend = new TableBackend('tested', {
    keyGroups: { start: 0, end: 7 },
    maxParallelism: 8,
    memoryBytes: 1024 ** 3,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
    shards: { count: 16, slots, rowsAhead: 0 },
  })
  const type = t.float64.schema
  const table = backend.register({
    record: { id: 1, uid: 'sums', states: [{ id: 1, name: 'sum', kind: 'value', type }] },
    keyType: t.dynamic(),
    descriptors: { sum: valueState(t.float64) },
  })
  await backend.open()
  const sum = table.handles['sum'] as ValueState<number> // as declared
  return { backend, table, sum }
}

/** Two numbers with the same hash. */
function twins(): readonly [number, number] {
  const byHash = new Map<number, number>()
  for (let index = 0; ; index++) {
    const number = Math.imul(index, 0x9e3779b1) / 7
    const hash = routeHash(number)
    const other = byHash.get(hash)
    if (other !== undefined) return [other, number]
    byHash.set(hash, number)
  }
}

const KINDS: readonly ((number: number) => unknown)[] = [
  (number) => number,
  (number) => `key ${number}`,
  (number) => `a key that is much too long to lie in the record of its row: ${number}`,
  (number) => [number, 'of a tuple'],
]

for (const [kind, keyOf] of KINDS.entries()) {
  test(`keys ${String(keyOf(0))} find their rows, while others grow, leave and come`, async () => {
    const { backend, table, sum } = await openTable(4)
    const random = new SeededRandom(kind)
    const expected = new Map<number, number>()
    for (let round = 0; round < 60; round++) {
      const numbers = Array.from({ length: 1 + random.int(40) }, () => random.int(10 * (1 + round)))
      const keys = numbers.map(keyOf)
      const hashes = Int32Array.from(keys, (key) => routeHash(key))
      table.prefetch(keys, hashes, keys.length)
      for (const [at, number] of numbers.entries()) {
        // Now and then another comes first, as when a function works on a key of its own.
        if (random.int(30) === 0) table.select(keyOf(0), routeHash(keyOf(0)))
        table.select(keys[at], hashes[at] as number) // one for each
        assert.equal(sum.value(), expected.get(number))
        if (random.int(4) === 0) {
          sum.clear()
          expected.delete(number)
        } else {
          sum.update(round)
          expected.set(number, round)
        }
      }
    }
    table.deselect()
    assert.equal([...table.keys()].length, expected.size)
    await backend.close()
  })
}

test('of two keys with the same hash each finds its own row', async () => {
  const { backend, table, sum } = await openTable(4)
  const [first, second] = twins()
  const hash = routeHash(first)
  assert.equal(routeHash(second), hash)
  for (const key of [first, second]) {
    table.select(key, hash)
    sum.update(key)
  }
  for (const order of [
    [first, second],
    [second, first],
  ]) {
    table.prefetch(order, Int32Array.of(hash, hash), 2)
    for (const key of order) {
      table.select(key, hash)
      assert.equal(sum.value(), key)
    }
  }
  await backend.close()
})

test('of more keys than are looked for ahead all find their rows', async () => {
  const { backend, table, sum } = await openTable(16)
  const keys = Array.from({ length: 1_500 }, (_, at) => at)
  const hashes = Int32Array.from(keys, routeHash)
  for (let round = 0; round < 2; round++) {
    table.prefetch(keys, hashes, keys.length)
    for (const key of keys) {
      table.select(key, hashes[key] as number) // one for each
      assert.equal(sum.value(), round === 0 ? undefined : key)
      sum.update(key)
    }
  }
  await backend.close()
})

test('a hash from elsewhere that is not that of the key makes no row', async () => {
  const { backend, table, sum } = await openTable(4)
  table.checksHashes = true
  table.select(5, routeHash(5))
  sum.update(1)
  table.select(5, routeHash(6))
  assert.throws(() => sum.update(2), {
    code: 'TYPE_MISMATCH',
    message: 'key 5 was another one where its record was sent',
  })
  table.select('five', routeHash('five'))
  sum.update(3)
  table.select(5, routeHash(5))
  assert.equal(sum.value(), 1)
  await backend.close()
})
