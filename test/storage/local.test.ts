import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { pathToFileURL } from 'node:url'
import { isMillraceError } from '../../src/errors.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'
import { storageError } from '../../src/storage/local-errors.ts'
import { openBlobStore } from '../../src/storage/open.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-local-'))
after(() => rmSync(folder, { recursive: true, force: true }))

test('temporary files of living writers are not cleaned', async () => {
  const store = new LocalBlobStore(join(folder, 'clean'))
  const writer = await store.create('runs/a')
  await writer.write(new Uint8Array(3))
  writeFileSync(join(folder, 'clean', 'runs', 'b.tmp-1-00'), 'left over')
  assert.equal(await store.cleanTemporary(), 1)
  await writer.close()
  assert.deepEqual(readdirSync(join(folder, 'clean', 'runs')), ['a'])
})

test('files that Millrace did not write are not listed', async () => {
  const store = new LocalBlobStore(join(folder, 'foreign'))
  await store.putIfAbsent('a', new Uint8Array(1))
  writeFileSync(join(folder, 'foreign', 'a note.txt'), 'hello')
  mkdirSync(join(folder, 'foreign', 'empty'))
  assert.deepEqual(await store.list(''), [{ name: 'a', lengthBytes: 1 }])
})

test('a folder that cannot be made is a lasting error that says why', async () => {
  writeFileSync(join(folder, 'file'), '')
  const store = new LocalBlobStore(join(folder, 'file', 'below'))
  await assert.rejects(store.create('a'), (error) => {
    assert.ok(isMillraceError(error))
    assert.equal(error.code, 'STORAGE_FAILED')
    assert.equal(error.retryable, false)
    assert.match(error.cure, /choose another folder/)
    return true
  })
})

test('a store of which the folder vanished makes it again', async () => {
  const directory = join(folder, 'vanishing')
  const store = new LocalBlobStore(directory)
  await store.putIfAbsent('runs/a', new Uint8Array(1))
  rmSync(directory, { recursive: true })
  assert.deepEqual(await store.list(''), [])
  await assert.rejects(store.create('runs/b'), { code: 'STORAGE_NOT_FOUND' })
  assert.equal(await store.putIfAbsent('runs/b', new Uint8Array(1)), true)
})

test(
  'a read-only folder refuses writes and gives reads',
  { skip: process.getuid?.() === 0 ? 'root may write everywhere' : false },
  async () => {
    const directory = join(folder, 'read-only')
    const store = new LocalBlobStore(directory)
    await store.putIfAbsent('a', new Uint8Array(1))
    chmodSync(directory, 0o555)
    try {
      await assert.rejects(store.putIfAbsent('b', new Uint8Array(1)), { code: 'STORAGE_FAILED' })
      assert.equal((await store.read('a')).length, 1)
    } finally {
      chmodSync(directory, 0o755)
    }
  },
)

test('a full disk is worth another attempt and says to make room', () => {
  const cause = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
  const error = storageError('write', '/x', cause)
  assert.equal(error.code, 'STORAGE_FAILED')
  assert.equal(error.retryable, true)
  assert.match(error.cure, /make room/)
  assert.equal(error.details['systemCode'], 'ENOSPC')
})

test('too many open files are worth another attempt and say which limit to raise', () => {
  const cause = Object.assign(new Error('EMFILE: too many open files'), { code: 'EMFILE' })
  const error = storageError('create', '/x', cause)
  assert.equal(error.retryable, true)
  assert.match(error.cure, /ulimit -n/)
})

test('locations are opened by scheme, and an unknown one names those there are', async () => {
  const directory = join(folder, 'opened')
  for (const location of [directory, pathToFileURL(directory).href, `file:${directory}`]) {
    const store = await openBlobStore(location)
    assert.equal(store.location, location)
    await store.putIfAbsent('a', new Uint8Array(1))
    assert.equal((await new LocalBlobStore(directory).stat('a')).lengthBytes, 1)
  }
  const [one, same, other] = await Promise.all(
    ['memory:one', 'memory:one', 'memory:other'].map((location) => openBlobStore(location)),
  )
  await one?.putIfAbsent('a', new Uint8Array(1))
  assert.equal((await same?.list(''))?.length, 1)
  assert.equal((await other?.list(''))?.length, 0)
  for (const location of ['gopher://user:secret@host/x', '']) {
    await assert.rejects(openBlobStore(location), (error) => {
      assert.ok(isMillraceError(error))
      assert.equal(error.code, 'STORAGE_URL_UNKNOWN')
      assert.match(error.cure, /file:, .*memory: or a plain path/)
      assert.doesNotMatch(error.explanation, /secret/)
      return true
    })
  }
  await assert.rejects(openBlobStore('file://host/share'), { code: 'STORAGE_URL_UNKNOWN' })
  await assert.rejects(openBlobStore('file:100%'), { code: 'STORAGE_URL_UNKNOWN' })
})
