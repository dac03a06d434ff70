// What rows are reckoned to take: known numbers for records, averages of samples for the rest.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { valueState } from '../../../src/state/descriptors.ts'
import type { EntryCodec } from '../../../src/state/table/entry-codec.ts'
import { layoutOf } from '../../../src/state/table/layout.ts'
import { Averages } from '../../../src/state/table/memory.ts'
import { Shard } from '../../../src/state/table/shard.ts'
import { shapeFor } from '../../../src/state/table/shard-shape.ts'
import { SlotArena } from '../../../src/state/table/slot-arena.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { t } from '../../../src/types/t.ts'

const type = t.float64.schema
const record = {
  id: 1,
  uid: 'sums',
  states: [{ id: 1, name: 'sum', kind: 'value', type }],
} as const
const layout = layoutOf(record, { sum: valueState(t.float64) })
const { stride } = layout
const NONE = { itemCount: 0, laneCount: 0 }
// Only what is sampled is asked of it.
const codec = {
  writeKeyOf: (out: { raw(bytes: Uint8Array): void }) => out.raw(new Uint8Array(6)),
  writeRow: (out: { raw(bytes: Uint8Array): void }) => out.raw(new Uint8Array(10)),
} as unknown as EntryCodec

const shardOf = (...keys: readonly unknown[]): Shard => {
  const shard = new Shard(shapeFor(0, layout, 0), 8, new SlotArena())
  for (const key of keys) shard.add(key, routeHash(key), 0)
  return shard
}

test('rows of numbers take the length of their records, twice over for free slots', () => {
  const averages = new Averages()
  const shards = [shardOf(), shardOf(1, 2)]
  const estimated = { layout, codec, shards, rowCount: 100, ...NONE }
  assert.equal(averages.estimate(estimated), 100 * stride * 16)
  assert.equal(averages.estimate({ ...estimated, rowCount: 0 }), 0)
})

test('a row with objects takes twice its bytes more, by the average of samples', () => {
  const averages = new Averages()
  const shards = [shardOf(), shardOf('a')]
  const estimated = { layout, codec, shards, rowCount: 10, ...NONE }
  assert.equal(averages.estimate(estimated), 10 * (stride * 16 + 48 + 2 * 48))
  averages.addRow(48 + 320)
  assert.equal(averages.estimate(estimated), 10 * (stride * 16 + 48 + 2 * 58))
  const numbers = shardOf(1)
  numbers.objectsOrNew()
  assert.equal(averages.estimate({ ...estimated, shards: [numbers] }), averages.estimate(estimated))
})

test('items count by themselves, and a collection for each, but not above the rows', () => {
  const averages = new Averages()
  const estimated = { layout, codec, shards: [shardOf(1)], rowCount: 10, ...NONE }
  const itemsOf = (itemCount: number): number =>
    averages.estimate({ ...estimated, itemCount }) - averages.estimate(estimated)
  assert.equal(itemsOf(4), 4 * (120 + 2 * 48) + 4 * 300)
  assert.equal(itemsOf(40), 40 * (120 + 2 * 48) + 10 * 300)
  averages.addItem(48 + 64)
  assert.equal(itemsOf(4), 4 * (120 + 2 * 50) + 4 * 300)
})

test('packed maps count by their room, and a collection for each row', () => {
  const averages = new Averages()
  const estimated = { layout, codec, shards: [shardOf(1)], rowCount: 10, ...NONE }
  const grown = averages.estimate({ ...estimated, laneCount: 480 })
  assert.equal(grown - averages.estimate(estimated), 480 * 8 + 10 * 300)
})

test('samples are taken of one shard after the other, of its first row', () => {
  const averages = new Averages()
  const shards = [shardOf('a'), shardOf(), shardOf('b', 'c')]
  const estimated = { layout, codec, shards, rowCount: 1, ...NONE }
  const sampled = Array.from({ length: 6 }, () => {
    const before = averages.estimate(estimated)
    averages.sample(estimated)
    return averages.estimate(estimated) < before // its 16 bytes are fewer than what is assumed
  })
  assert.deepEqual(sampled, [false, true, true, false, true, true])
  const expected = [1, 2, 3, 4].reduce((bytes) => bytes + (16 - bytes) / 32, 48)
  assert.equal(averages.estimate(estimated), stride * 16 + 48 + 2 * expected)
})
