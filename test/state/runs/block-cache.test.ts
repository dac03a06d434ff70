// Unfolded blocks that are kept for look-ups: so many bytes of them, those that were used last.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BlockCache } from '../../../src/state/runs/block-cache.ts'

const ROOM_BYTES = 100

test('blocks that were used longest ago go when there are too many bytes', () => {
  const cache = new BlockCache(ROOM_BYTES)
  const block = (bytes: number): Uint8Array => new Uint8Array(bytes)
  for (const index of [0, 1, 2]) cache.add('a', index, block(30))
  assert.equal(cache.get('a', 0)?.length, 30)
  cache.add('b', 1, block(30))
  const kept = [0, 1, 2].map((index) => cache.get('a', index) !== undefined)
  assert.deepEqual(kept, [true, false, true])
  assert.equal(cache.get('b', 1)?.length, 30)
  cache.add('c', 0, block(ROOM_BYTES + 1))
  assert.equal(cache.get('c', 0), undefined, 'too large to be kept')
  assert.equal(cache.get('b', 1)?.length, 30, 'and nothing has gone for it')
  cache.add('c', 0, block(ROOM_BYTES))
  const others = [cache.get('a', 0), cache.get('a', 2), cache.get('b', 1)]
  assert.deepEqual(others, [undefined, undefined, undefined])
})

test('a block that is taken leaves its room to others', () => {
  const cache = new BlockCache(ROOM_BYTES)
  cache.add('a', 0, new Uint8Array(60))
  assert.equal(cache.take('a', 0)?.length, 60)
  assert.equal(cache.take('a', 0), undefined)
  for (const index of [1, 2]) cache.add('a', index, new Uint8Array(50))
  assert.equal(cache.get('a', 1)?.length, 50)
  assert.equal(cache.get('a', 2)?.length, 50)
})
