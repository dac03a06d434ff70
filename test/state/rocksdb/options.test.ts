// What memory the local database gets, by options and without them.
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { it } from 'node:test'
import type { NativeStoreOptions } from '../../../src/state/cold-store.ts'
import { openRocksDb, rocksdbIsAvailable } from '../../../src/state/rocksdb/binding.ts'
import { rocksdb, type RocksDbOptions } from '../../../src/state/rocksdb/index.ts'
import { openMemoryStore } from '../../../src/testing/memory-store.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'

const MB = 1 << 20

/** What the database below a backend of so much memory is opened with. */
async function openedWith(
  memoryBytes: number,
  options?: RocksDbOptions,
): Promise<NativeStoreOptions> {
  const opened: NativeStoreOptions[] = []
  const backend = rocksdb(options).create({
    keyGroups: { start: 0, end: 127 },
    maxParallelism: 128,
    memoryBytes,
    scratch: new MemoryScratch(),
    monotonic: () => 0,
    nativeStore: (given) => {
      opened.push(given)
      return openMemoryStore()
    },
  })
  await backend.open()
  await backend.close()
  const [first] = opened
  assert.ok(first !== undefined && opened.length === 1)
  return first
}

const sizesOf = async (memoryBytes: number, options?: RocksDbOptions): Promise<number[]> => {
  const { blockCacheBytes, writeBufferBytes } = await openedWith(memoryBytes, options)
  return [blockCacheBytes, writeBufferBytes]
}

it('takes a quarter of the memory for each of its own, within bounds', async () => {
  assert.deepEqual(await sizesOf(400 * MB), [100 * MB, 100 * MB])
  assert.deepEqual(await sizesOf(4001), [64 << 10, 64 << 10])
  assert.deepEqual(await sizesOf(4000 * MB), [256 * MB, 256 * MB])
  assert.deepEqual(await sizesOf(MB + 3), [MB / 4, MB / 4])
})

it('takes what its options say, each by itself', async () => {
  assert.deepEqual(await sizesOf(400 * MB, { blockCache: '7 MB' }), [7 * MB, 100 * MB])
  assert.deepEqual(await sizesOf(400 * MB, { writeBufferSize: 1 }), [100 * MB, 1])
  const { directory } = await openedWith(MB)
  assert.match(directory, /rocksdb-\d+$/)
})

it('refuses sizes that are none, by the name of the option', () => {
  const code = 'CONFIG_INVALID'
  assert.throws(() => rocksdb({ blockCache: 0 }), { code, message: /blockCache/ })
  assert.throws(() => rocksdb({ writeBufferSize: '0 MB' }), { code, message: /writeBufferSize/ })
  assert.throws(() => rocksdb({ blockCache: 'much' as '1 MB' }), { code, message: /blockCache/ })
})

it('does not go on with a database that is there', { skip: !rocksdbIsAvailable() }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'millrace-rocksdb-'))
  const options = { directory: join(folder, 'db'), blockCacheBytes: MB, writeBufferBytes: MB }
  const store = await openRocksDb(options)
  await store.close()
  await assert.rejects(openRocksDb(options), { code: 'STORAGE_FAILED' })
  await rm(folder, { recursive: true })
})
