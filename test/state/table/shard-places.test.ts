// Where shards lie, and the buffers that they share: each is known once, and let go with its last
// shard.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { RecordLayout } from '../../../src/state/table/layout.ts'
import { Shard } from '../../../src/state/table/shard.ts'
import { ShardPlaces } from '../../../src/state/table/shard-places.ts'
import { shapeFor } from '../../../src/state/table/shard-shape.ts'
import { SlotArena } from '../../../src/state/table/slot-arena.ts'

const layout: RecordLayout = { stride: 4, textStride: 8, keyLane: 3, scalars: [], collections: [] }

test('shards of one length share a buffer, which goes with the last of them', () => {
  const arena = new SlotArena()
  const shape = shapeFor(1, layout, 0)
  const make = (capacity: number): Shard => new Shard(shape, capacity, arena)
  const shards = [make(4), make(4), make(4), make(8)]
  const places = new ShardPlaces(shards)
  const check = (): void => {
    for (const [index, { words }] of shards.entries()) {
      assert.equal(places.buffers[places.bufferOf[index] ?? -1], words)
    }
    const held = places.buffers.filter(({ length }) => length > 0)
    assert.deepEqual(new Set(held), new Set(shards.map(({ words }) => words)))
    assert.equal(held.length, new Set(held).size)
  }
  check()
  assert.equal(places.buffers.length, 2)
  for (const [index, capacity] of [
    [0, 8],
    [1, 8],
    [2, 16],
    [3, 32],
    [0, 32],
    [1, 64],
    [1, 16],
    [3, 4],
  ] as const) {
    const shard = make(capacity)
    shards[index] = shard
    assert.equal(places.note(index, shard), true)
    assert.equal(places.note(index, shard), false)
    check()
  }
  assert.equal(places.buffers.length, 3, 'places of buffers are used again')
})
