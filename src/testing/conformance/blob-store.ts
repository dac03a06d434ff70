/**
 * What every blob store must do, as tests: authors of stores run them against theirs. `open` is
 * called several times per test with the same `place` and must then give stores over the same
 * blobs, as after a restart; another place is empty.
 *
 * @example
 * import { test } from 'node:test'
 * blobStoreSuite({ test, name: 'my store', open: (place) => MyStore.connect(place) })
 */
import assert from 'node:assert/strict'
import type { BlobStore } from '../../storage/blob-store.ts'

export interface BlobStoreSuite {
  /** `test` of `node:test`, or any function that runs a named test. */
  readonly test: (name: string, body: () => Promise<void>) => unknown
  readonly name: string
  readonly open: (place: string) => Promise<BlobStore> | BlobStore
}

const bytesOf = (...bytes: number[]) => new Uint8Array(bytes)

async function contents(store: BlobStore, name: string): Promise<number[]> {
  return [...(await store.read(name))]
}

async function names(store: BlobStore, prefix: string): Promise<string[]> {
  return (await store.list(prefix)).map((blob) => blob.name)
}

/** Defines the tests of the suite. */
export function blobStoreSuite({ test, name, open }: BlobStoreSuite): void {
  let places = 0
  const define = (title: string, body: (store: BlobStore, place: string) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const place = `place-${++places}`
      const store = await open(place)
      try {
        await body(store, place)
      } finally {
        await store.close()
        await store.close()
      }
    })
  writing(define, open)
  putting(define)
  reading(define)
}

type Define = (title: string, body: (store: BlobStore, place: string) => Promise<void>) => unknown

function writing(define: Define, open: BlobStoreSuite['open']): void {
  define('a blob is invisible until it is closed, then whole', async (store) => {
    const writer = await store.create('runs/a.run')
    await writer.write(bytesOf(1, 2))
    await writer.write(bytesOf())
    await writer.write(bytesOf(3))
    assert.deepEqual(await store.list(''), [])
    await assert.rejects(store.read('runs/a.run'), { code: 'STORAGE_NOT_FOUND' })
    await assert.rejects(store.stat('runs/a.run'), { code: 'STORAGE_NOT_FOUND' })
    await writer.close()
    await writer.close()
    assert.deepEqual(await contents(store, 'runs/a.run'), [1, 2, 3])
    assert.deepEqual(await store.list(''), [{ name: 'runs/a.run', lengthBytes: 3 }])
  })

  define('a chunk may be reused as soon as its write has resolved', async (store) => {
    const chunk = bytesOf(1, 1)
    const writer = await store.create('a')
    await writer.write(chunk)
    chunk.fill(2)
    await writer.write(chunk)
    chunk.fill(3)
    await writer.close()
    assert.deepEqual(await contents(store, 'a'), [1, 1, 2, 2])
  })

  define('an aborted blob never was', async (store) => {
    const writer = await store.create('a')
    await writer.write(bytesOf(1))
    await writer.abort()
    await writer.abort()
    assert.deepEqual(await store.list(''), [])
    assert.equal(await store.putIfAbsent('a', bytesOf(2)), true)
  })

  define('abort after close takes nothing away', async (store) => {
    const writer = await store.create('a')
    await writer.write(bytesOf(1))
    await writer.close()
    await writer.abort()
    assert.deepEqual(await contents(store, 'a'), [1])
  })

  finishing(define, open)
}

function finishing(define: Define, open: BlobStoreSuite['open']): void {
  define('closing a blob whose name is taken is a conflict and changes nothing', async (store) => {
    const [first, second] = [await store.create('a'), await store.create('a')]
    await first.write(bytesOf(1))
    await second.write(bytesOf(2))
    await second.close()
    await assert.rejects(first.close(), { code: 'STORAGE_CONFLICT' })
    await first.abort()
    assert.deepEqual(await contents(store, 'a'), [2])
    assert.deepEqual(await names(store, ''), ['a'])
  })

  define(
    'blobs are there when the store is opened again, unfinished ones are not',
    async (store, place) => {
      const unfinished = await store.create('runs/b')
      await unfinished.write(bytesOf(9))
      const finished = await store.create('runs/a')
      await finished.write(bytesOf(1))
      await finished.close()
      await store.putIfAbsent('chain/1', bytesOf(2))
      const again = await open(place)
      assert.deepEqual(await names(again, ''), ['chain/1', 'runs/a'])
      assert.deepEqual(await contents(again, 'runs/a'), [1])
      await again.close()
      await unfinished.abort()
    },
  )

  define('large blobs are kept byte for byte', async (store) => {
    const writer = await store.create('large')
    const chunk = new Uint8Array(300_000)
    for (let round = 0; round < 10; round++) {
      chunk.fill(round)
      await writer.write(chunk)
    }
    await writer.close()
    assert.equal((await store.stat('large')).lengthBytes, 3_000_000)
    const part = await store.read('large', 899_999, 300_002)
    assert.deepEqual([part[0], part[1], part[300_000], part[300_001]], [2, 3, 3, 4])
  })
}

function putting(define: Define): void {
  define('putIfAbsent writes once', async (store) => {
    assert.equal(await store.putIfAbsent('chain/1', bytesOf(1)), true)
    assert.equal(await store.putIfAbsent('chain/1', bytesOf(2)), false)
    assert.deepEqual(await contents(store, 'chain/1'), [1])
    assert.deepEqual(await names(store, ''), ['chain/1'])
  })

  define('of many at once exactly one puts, and its bytes are there', async (store) => {
    const attempts = Array.from({ length: 16 }, (_, index) =>
      store.putIfAbsent('chain/1', bytesOf(index, index)),
    )
    const results = await Promise.all(attempts)
    const winner = results.indexOf(true)
    assert.equal(results.filter((won) => won).length, 1)
    assert.deepEqual(await contents(store, 'chain/1'), [winner, winner])
  })

  define('an empty blob is a blob', async (store) => {
    assert.equal(await store.putIfAbsent('empty', bytesOf()), true)
    assert.deepEqual(await contents(store, 'empty'), [])
    assert.equal((await store.stat('empty')).lengthBytes, 0)
  })

  define('a deleted name may be used again, and a missing one may be deleted', async (store) => {
    await store.delete('a')
    await store.putIfAbsent('a', bytesOf(1))
    await store.delete('a')
    await store.delete('a')
    await assert.rejects(store.read('a'), { code: 'STORAGE_NOT_FOUND' })
    assert.equal(await store.putIfAbsent('a', bytesOf(2)), true)
  })
}

function reading(define: Define): void {
  define('a range is given exactly, and one beyond the end is damage', async (store) => {
    await store.putIfAbsent('a', bytesOf(0, 1, 2, 3, 4))
    assert.deepEqual([...(await store.read('a', 1, 3))], [1, 2, 3])
    assert.deepEqual([...(await store.read('a', 2))], [2, 3, 4])
    assert.deepEqual([...(await store.read('a', 5, 0))], [])
    await assert.rejects(store.read('a', 3, 3), { code: 'STORAGE_CORRUPT' })
    await assert.rejects(store.read('a', 6), { code: 'STORAGE_CORRUPT' })
    await assert.rejects(store.read('b', 0, 1), { code: 'STORAGE_NOT_FOUND' })
  })

  define('what was read may be changed by its reader', async (store) => {
    await store.putIfAbsent('a', bytesOf(1))
    const bytes = await store.read('a')
    bytes.fill(2)
    assert.deepEqual(await contents(store, 'a'), [1])
  })

  define('list gives a folder in order of names', async (store) => {
    for (const blob of [
      'runs/b',
      'runs/a/c',
      'runs/a',
      'chain/10',
      'chain/09',
      'runsx',
      'runs-1/a',
    ]) {
      // A name may be both blob and folder only where there are no folders.
      if (blob === 'runs/a') continue
      await store.putIfAbsent(blob, bytesOf(1))
    }
    assert.deepEqual(await names(store, 'runs/'), ['runs/a/c', 'runs/b'])
    assert.deepEqual(await names(store, 'chain/'), ['chain/09', 'chain/10'])
    assert.deepEqual(await names(store, 'none/'), [])
    assert.deepEqual(await names(store, ''), [
      'chain/09',
      'chain/10',
      'runs-1/a',
      'runs/a/c',
      'runs/b',
      'runsx',
    ])
  })

  define('names that lead elsewhere are refused', async (store) => {
    const bad = [
      '',
      '/a',
      '../a',
      'a/../../b',
      'a//b',
      './a',
      'a/',
      'a b',
      'a\\b',
      'ä',
      'a\0',
      'a.tmp-1',
    ]
    for (const blob of bad) {
      await assert.rejects(store.create(blob), { name: 'AssertionError' }, blob)
      await assert.rejects(store.putIfAbsent(blob, bytesOf()), { name: 'AssertionError' }, blob)
      await assert.rejects(store.read(blob), { name: 'AssertionError' }, blob)
      await assert.rejects(store.delete(blob), { name: 'AssertionError' }, blob)
    }
    await assert.rejects(store.list('runs'), { name: 'AssertionError' })
    await assert.rejects(store.list('../'), { name: 'AssertionError' })
  })
}
