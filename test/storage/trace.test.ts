import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { LocalBlobStore } from '../../src/storage/local.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-trace-'))
after(() => rmSync(folder, { recursive: true, force: true }))

let stores = 0

/** A store in a folder that does not exist yet, and what it did to files. */
function traced(at?: (point: string) => void | Promise<void>) {
  const operations: string[] = []
  const directory = join(folder, `job-${++stores}`)
  const store = new LocalBlobStore(directory, {
    trace: (operation) => operations.push(operation),
    ...(at === undefined ? {} : { at }),
  })
  // Folders above are synced once; how many there are is the machine's affair.
  const take = () => operations.splice(0).filter((operation) => !isAbove(operation))
  return { store, directory, operations, take }
}

const isAbove = (operation: string) => /^fsync (\.\.\/){2}/.test(operation)

const windows = process.platform === 'win32' ? 'folders cannot be synced on Windows' : false

test(
  'a blob is written, synced, linked and its folder synced, in this order',
  { skip: windows },
  async () => {
    const { store, take } = traced()
    const writer = await store.create('runs/a.run')
    await writer.write(new Uint8Array(10))
    await writer.write(new Uint8Array(20))
    await writer.close()
    assert.deepEqual(take(), [
      'mkdir runs',
      'fsync ../',
      'fsync ./',
      'create runs/a.run.tmp',
      'write runs/a.run.tmp 10',
      'write runs/a.run.tmp 20',
      'fsync runs/a.run.tmp',
      'link runs/a.run.tmp runs/a.run',
      'unlink runs/a.run.tmp',
      'fsync runs/',
    ])
  },
)

test('a manifest is durable before its put resolves', { skip: windows }, async () => {
  const { store, take } = traced()
  await store.putIfAbsent('chain/1', new Uint8Array(1))
  take()
  assert.equal(await store.putIfAbsent('chain/2', new Uint8Array(5)), true)
  assert.deepEqual(take(), [
    'create chain/2.tmp',
    'write chain/2.tmp 5',
    'fsync chain/2.tmp',
    'link chain/2.tmp chain/2',
    'unlink chain/2.tmp',
    'fsync chain/',
  ])
})

test('a put that finds the name taken leaves only what was there', { skip: windows }, async () => {
  const { store, directory, take } = traced()
  await store.putIfAbsent('chain/1', new Uint8Array(1))
  take()
  assert.equal(await store.putIfAbsent('chain/1', new Uint8Array(5)), false)
  assert.deepEqual(take(), [
    'create chain/1.tmp',
    'write chain/1.tmp 5',
    'fsync chain/1.tmp',
    'link chain/1.tmp chain/1',
    'unlink chain/1.tmp',
  ])
  assert.deepEqual(readdirSync(join(directory, 'chain')), ['1'])
})

test(
  'a folder that another thread may have made a moment ago is synced once more',
  { skip: windows },
  async () => {
    const { store, directory } = traced()
    await store.putIfAbsent('chain/1', new Uint8Array(1))
    const operations: string[] = []
    const other = new LocalBlobStore(directory, {
      trace: (operation) => operations.push(operation),
    })
    await other.putIfAbsent('chain/2', new Uint8Array(1))
    const first = operations.find((operation) => !operation.startsWith('fsync ../'))
    assert.equal(first, 'fsync ./')
    await other.putIfAbsent('chain/3', new Uint8Array(1))
    assert.equal(operations.filter((operation) => operation === 'fsync ./').length, 1)
  },
)

test('what others wrote is durable once it was settled', { skip: windows }, async () => {
  const { store, take } = traced()
  await store.settle('chain/')
  assert.deepEqual(take(), ['fsync chain/'])
  await store.putIfAbsent('chain/1', new Uint8Array(1))
  take()
  await store.settle('chain/')
  assert.deepEqual(take(), ['fsync chain/'])
})

test('a deletion is durable before the next one begins', { skip: windows }, async () => {
  const { store, take } = traced()
  await store.putIfAbsent('chain/1', new Uint8Array(1))
  take()
  await store.delete('chain/1')
  assert.deepEqual(take(), ['unlink chain/1', 'fsync chain/'])
  // Another process may have deleted it a moment ago, and not synced yet.
  await store.delete('chain/1')
  assert.deepEqual(take(), ['unlink chain/1', 'fsync chain/'])
  await store.delete('nowhere/1')
})

test('an aborted blob leaves no file', async () => {
  const { store, directory, take } = traced()
  const writer = await store.create('a')
  take()
  await writer.write(new Uint8Array(3))
  await writer.abort()
  assert.deepEqual(take(), ['write a.tmp 3', 'unlink a.tmp'])
  assert.deepEqual(readdirSync(directory), [])
})

for (const [point, visible] of [
  ['blob-written', false],
  ['blob-synced', false],
  ['blob-linked', true],
] as const) {
  const left = visible ? 'the whole blob' : 'no blob'
  test(`a crash at ${point} leaves ${left}, and leftovers are cleaned`, async () => {
    const { store, directory } = traced((here) => {
      if (here === point) throw new Error('crash')
    })
    const writer = await store.create('chain/1')
    await writer.write(new Uint8Array([1, 2, 3]))
    await assert.rejects(writer.close(), { code: 'STORAGE_FAILED' })
    // The process is gone: nobody aborts.
    const successor = new LocalBlobStore(directory)
    const blobs = visible ? [{ name: 'chain/1', lengthBytes: 3 }] : []
    assert.deepEqual(await successor.list(''), blobs)
    assert.equal(await successor.cleanTemporary(), 1)
    assert.deepEqual(readdirSync(join(directory, 'chain')), visible ? ['1'] : [])
    assert.equal(await successor.putIfAbsent('chain/1', new Uint8Array(1)), !visible)
  })
}

for (const point of ['blob-written', 'blob-synced', 'blob-linked'] as const) {
  test(`a put is done although another process cleans the folder at ${point}`, async () => {
    let cleaned = 0
    const { store, directory } = traced(async (here) => {
      if (here !== point || cleaned > 0) return
      cleaned += await new LocalBlobStore(directory).cleanTemporary()
    })
    assert.equal(await store.putIfAbsent('chain/1', new Uint8Array([1, 2])), true)
    assert.equal(cleaned, 1)
    assert.deepEqual([...(await store.read('chain/1'))], [1, 2])
    assert.deepEqual(readdirSync(join(directory, 'chain')), ['1'])
  })
}

test('a put whose folder is cleaned again and again says so, and leaves nothing', async () => {
  const { store, directory } = traced(async (here) => {
    if (here === 'blob-synced') await new LocalBlobStore(directory).cleanTemporary()
  })
  const put = store.putIfAbsent('chain/1', new Uint8Array(1))
  await assert.rejects(put, { code: 'STORAGE_NOT_FOUND' })
  assert.deepEqual(readdirSync(join(directory, 'chain')), [])
})

test('a put that fails after its link is not taken back, for others may have seen it', async () => {
  const { store } = traced((point) => {
    if (point === 'blob-linked') throw new Error('lost')
  })
  await assert.rejects(store.putIfAbsent('chain/1', new Uint8Array(2)), { code: 'STORAGE_FAILED' })
  assert.equal((await store.stat('chain/1')).lengthBytes, 2)
})

test('a run that fails after its link is taken back by abort', async () => {
  const { store } = traced((point) => {
    if (point === 'blob-linked') throw new Error('lost')
  })
  const writer = await store.create('runs/1')
  await assert.rejects(writer.close(), { code: 'STORAGE_FAILED' })
  await writer.abort()
  assert.deepEqual(await store.list(''), [])
})
