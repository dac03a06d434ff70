import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryBlobStore, type MemoryBlobs } from '../../src/storage/memory.ts'
import { FaultyBlobStore, type Faults } from '../../src/testing/faulty-store.ts'
import { SeededRandom } from '../../src/util/random.ts'

function faulty(faults: Faults, seed = 1) {
  const blobs: MemoryBlobs = new Map()
  const inner = new MemoryBlobStore('memory:', blobs)
  return { blobs, store: new FaultyBlobStore(inner, { random: new SeededRandom(seed), faults }) }
}

test('a failure before did nothing, a failure after did everything', async () => {
  const before = faulty({ failBefore: 1 })
  await assert.rejects(before.store.putIfAbsent('a', new Uint8Array(1)), { code: 'STORAGE_FAILED' })
  assert.equal(before.blobs.size, 0)
  const after = faulty({ failAfter: 1 })
  await assert.rejects(after.store.putIfAbsent('a', new Uint8Array(1)), { code: 'STORAGE_FAILED' })
  assert.equal(after.blobs.size, 1)
  after.store.faults = {}
  assert.equal(await after.store.putIfAbsent('a', new Uint8Array(2)), false)
  assert.equal(after.store.struck, 1)
})

test('a writer that failed only fails on, and what it wrote stays invisible', async () => {
  const { store, blobs } = faulty({})
  const writer = await store.create('a')
  store.faults = { failBefore: 1 }
  await assert.rejects(writer.write(new Uint8Array(1)), { code: 'STORAGE_FAILED' })
  store.faults = {}
  await assert.rejects(writer.close(), { code: 'STORAGE_FAILED' })
  await writer.abort()
  assert.equal(blobs.size, 0)
})

test('a torn write is seen by nobody', async () => {
  const { store, blobs } = faulty({ tearWrite: 1 })
  const writer = await store.create('a')
  await assert.rejects(writer.write(new Uint8Array(10)), { code: 'STORAGE_FAILED' })
  await assert.rejects(writer.close(), { code: 'STORAGE_FAILED' })
  await writer.abort()
  assert.equal(blobs.size, 0)
})

test('a flipped bit is in what is read, never in what is held', async () => {
  const { store, blobs } = faulty({ flipOnRead: 1 })
  await store.putIfAbsent('a', new Uint8Array(100))
  const read = await store.read('a')
  assert.equal(read.filter((byte) => byte !== 0).length, 1)
  assert.deepEqual(blobs.get('a'), new Uint8Array(100))
})

test('one seed gives the same faults again', async () => {
  const outcome = async (seed: number) => {
    const { store } = faulty({ failBefore: 0.3, failAfter: 0.3 }, seed)
    const results: string[] = []
    for (let index = 0; index < 40; index++) {
      const put = store.putIfAbsent(`blob-${index % 20}`, new Uint8Array(1))
      results.push(await put.then(String, () => 'failed'))
    }
    return results.join(' ')
  }
  assert.equal(await outcome(7), await outcome(7))
  assert.notEqual(await outcome(7), await outcome(8))
})

test('a crash hook is called before and after each operation with its name', async () => {
  const points: string[] = []
  const store = new FaultyBlobStore(new MemoryBlobStore(), {
    random: new SeededRandom(1),
    at: (point, name) => void points.push(`${point} ${name}`),
  })
  const writer = await store.create('a')
  await writer.write(new Uint8Array(1))
  await writer.close()
  await store.delete('a')
  assert.deepEqual(points, [
    'create-before a',
    'create-after a',
    'write-before a',
    'write-after a',
    'close-before a',
    'close-after a',
    'delete-before a',
    'delete-after a',
  ])
})
