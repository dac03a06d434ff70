// A snapshot that is read by hand, where there is little in it, or not what is asked for.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { RunWriter } from '../../../src/state/runs/run-writer.ts'
import { SnapshotReader } from '../../../src/state/runs/snapshot-reader.ts'
import { writeSnapshot } from '../../../src/state/runs/snapshot-writer.ts'
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

test('verifying a snapshot reads the file of its records, too', async () => {
  const store = new MemoryBlobStore()
  const value = new Uint8Array(500).fill(7)
  const { records } = await writeSnapshot({
    cut: undefined,
    records: [{ operatorId: 1, kind: 'broadcast', name: 'rules', value }],
    subtaskIndex: 0,
    store,
    name: 'run',
    metadata: METADATA,
    slice: { budgetMs: 1000, monotonic: () => 0, yield: async () => undefined },
  })
  assert.ok(records !== undefined)
  const reader = await SnapshotReader.open(store, [], [records])
  await reader.verify()
  const bytes = Buffer.from(await store.read('run'))
  await store.delete('run')
  await store.putIfAbsent('run', bytes.fill(0, 20, 30))
  await assert.rejects(reader.verify(), { code: 'STORAGE_CORRUPT' })
})
