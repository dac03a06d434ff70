// Streams of entries in batches: how much of any stream is held at once.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry, EntryStream } from '../../../src/state/backend.ts'
import { BATCH_BYTES_FULL, BATCH_ENTRIES_MAX, batchesOf } from '../../../src/state/runs/stream.ts'
import { liveValue, rowKey } from './entries.ts'

async function* entriesOf(values: Iterable<Uint8Array>): EntryStream {
  let index = 0
  for (const value of values) yield { key: rowKey(1, index++), value }
}

async function sizesOf(values: readonly Uint8Array[]): Promise<readonly number[]> {
  const sizes: number[] = []
  const entries: Entry[] = []
  for await (const batch of batchesOf(entriesOf(values))) {
    sizes.push(batch.length)
    entries.push(...batch)
  }
  assert.deepEqual(
    entries.map(({ value }) => value),
    values,
  )
  return sizes
}

test('a batch has no more entries than it may, and nothing is left out', async () => {
  const small = Array.from({ length: 2 * BATCH_ENTRIES_MAX + 3 }, () => liveValue('x'))
  assert.deepEqual(await sizesOf(small), [BATCH_ENTRIES_MAX, BATCH_ENTRIES_MAX, 3])
  assert.deepEqual(await sizesOf(small.slice(0, BATCH_ENTRIES_MAX)), [BATCH_ENTRIES_MAX])
  assert.deepEqual(await sizesOf([]), [])
})

test('a batch whose values are long enough ends', async () => {
  const large = Array.from({ length: 5 }, () => new Uint8Array(BATCH_BYTES_FULL / 2))
  assert.deepEqual(await sizesOf(large), [2, 2, 1])
})
