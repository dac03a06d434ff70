// Snapshots rewritten for another number of key groups, with every kind of state in them: restored
// at several parallelisms on both backends, they say what the original says.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isMillraceError } from '../../src/errors.ts'
import { convertSavepoint } from '../../src/savepoint/convert.ts'
import { Snapshot } from '../../src/savepoint/snapshot.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { version } from '../fixtures/snapshots/v1/history.ts'
import { shown } from '../fixtures/snapshots/v1/job.ts'
import {
  type Blobs,
  type Expected,
  readAll,
  readBlobs,
  readPacked,
} from '../fixtures/snapshots/version.ts'

const expected = readPacked('v1', 'expected') as Expected // by the script beside it

/** The snapshots of the fixture have 16 key groups. */
async function converted(from: Blobs, maxParallelism: number): Promise<Blobs> {
  await using snapshot = await Snapshot.open(new MemoryBlobStore('memory:', new Map(from)))
  const blobs = new Map<string, Uint8Array>()
  const told: number[] = []
  const { entries, bytes } = await convertSavepoint(new MemoryBlobStore('memory:', blobs), {
    from: snapshot,
    maxParallelism,
    // Less than the state: it is sorted in pieces, and merged.
    memoryBytes: 20_000,
    onProgress: (done, of) => told.push(done / of),
  })
  const runs = [...blobs].filter(([name]) => name.startsWith('runs/'))
  assert.equal(
    bytes,
    runs.reduce((sum, [, { length }]) => sum + length, 0),
  )
  assert.ok(entries > 0)
  assert.equal(told.at(-1), 1)
  return blobs
}

/** Without key groups, which differ, and the order that they make. */
const unplaced = (read: Expected['read']) =>
  Object.entries(read).map(([uid, lines]) => [
    uid,
    lines.map((line) => line.replace(/^row \d+ /, 'row ')).toSorted(),
  ])

for (const [from, maxParallelism, restores] of [
  [
    'savepoint',
    1024,
    [
      ['hashmap', 1],
      ['rocksdb', 3],
    ],
  ],
  [
    'savepoint',
    7,
    [
      ['rocksdb', 2],
      ['hashmap', 3],
    ],
  ],
  [
    'checkpoints',
    2,
    [
      ['hashmap', 2],
      ['rocksdb', 1],
    ],
  ],
] as const) {
  test(`16 key groups of the ${from} become ${maxParallelism}`, async () => {
    const blobs = await converted(readBlobs('v1', from), maxParallelism)
    assert.deepEqual(unplaced(await readAll(blobs, shown)), unplaced(expected.read))
    for (const [backend, parallelism] of restores) {
      const options = { backend, parallelism, maxParallelism }
      await using harness = await version.restored('savepoint', blobs, options)
      assert.deepEqual(await version.told(harness), expected.told)
    }
  })
}

test('there and back again is the same state in the same places', async () => {
  const original = readBlobs('v1', 'savepoint')
  const back = await converted(await converted(original, 500), 16)
  assert.deepEqual(await readAll(back, shown), expected.read)
})

test('a job with another number of key groups is told about it', async () => {
  await assert.rejects(
    version.restored('savepoint', readBlobs('v1', 'savepoint'), { maxParallelism: 32 }),
    (error: unknown) => {
      assert.ok(isMillraceError(error))
      assert.equal(error.code, 'CHECKPOINT_INCOMPATIBLE')
      assert.match(error.message, /maxParallelism was 16, is 32/)
      assert.match(error.cure, /millrace checkpoint convert/)
      return true
    },
  )
})

test('what cannot be is refused, and leaves nothing behind', async () => {
  const blobs = readBlobs('v1', 'savepoint')
  await using from = await Snapshot.open(new MemoryBlobStore('memory:', blobs))
  const store = new MemoryBlobStore()
  for (const maxParallelism of [0, 1.5, 32_769]) {
    await assert.rejects(convertSavepoint(store, { from, maxParallelism }), {
      code: 'CONFIG_INVALID',
    })
  }
  const damaged = [...blobs.keys()].find((name) => name.startsWith('runs/'))
  assert.ok(damaged !== undefined)
  const bytes = blobs.get(damaged)
  blobs.set(damaged, new Uint8Array(bytes?.length ?? 0))
  await assert.rejects(convertSavepoint(store, { from, maxParallelism: 4 }))
  assert.deepEqual(await store.list(''), [])
  await store.putIfAbsent('mine', new Uint8Array(1))
  await assert.rejects(convertSavepoint(store, { from, maxParallelism: 4 }), {
    code: 'STORAGE_CONFLICT',
  })
})
