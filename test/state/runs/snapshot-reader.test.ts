// A snapshot that is read by hand, where there is little in it, or not what is asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import { SnapshotReader } from '../../../src/state/runs/snapshot-reader.ts'
import { MemoryBlobStore } from '../../../src/storage/memory.ts'
import { liveValue, METADATA, rowKey } from './entries.ts'

test('a snapshot without runs holds nothing of any key', async () => {
  const reader = await SnapshotReader.open(new MemoryBlobStore(), [], [], METADATA.operators)
  assert.equal(await reader.get('count', 1), undefined)
  const rows = []
  for await (const row of reader.rows('count')) rows.push(row)
  assert.deepEqual(rows, [])
})

test('an operator that is not there is refused with those that are', async () => {
  const store = new MemoryBlobStore()
  const writer = await RunWriter.create(store, 'run', METADATA)
  writer.add({ key: rowKey(1, 1), value: liveValue('x') })
  const reader = await SnapshotReader.open(store, [await writer.close()])
  await assert.rejects(reader.get('cuont', 1), {
    code: 'STATE_UNKNOWN',
    cure: 'its operators are: count',
    details: { uid: 'cuont' },
  })
  const empty = await SnapshotReader.open(new MemoryBlobStore(), [])
  await assert.rejects(empty.get('count', 1), { cure: 'it holds no keyed state' })
})
