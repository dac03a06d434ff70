/** Blobs that are still elsewhere are read there, under the names that they have there. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isMillraceError } from '../../src/errors.ts'
import { shareBlob } from '../../src/storage/copy.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { OverlayStore } from '../../src/storage/overlay.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-overlay-'))
after(() => rmSync(folder, { recursive: true, force: true }))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString()

test('a blob is read elsewhere until it is here, and here once it is gone there', async () => {
  const [own, there] = [new MemoryBlobStore(), new MemoryBlobStore()]
  await there.putIfAbsent('a', Buffer.from('first'))
  const store = new OverlayStore(own, there, new Map([['mine', 'a']]))
  assert.equal(text(await store.read('mine', 1, 3)), 'irs')
  const readAtOnce = (): string => text(store.readSync?.('mine', 1, 3) ?? Buffer.from(''))
  assert.equal(readAtOnce(), 'irs')
  assert.deepEqual(await store.stat('mine'), { name: 'mine', lengthBytes: 5 })
  await shareBlob(there, 'a', own, 'mine')
  await there.delete('a')
  assert.equal(readAtOnce(), 'irs')
  assert.equal(text(await store.read('mine')), 'first')
  const isMissing = (error: unknown) => isMillraceError(error) && error.code === 'STORAGE_NOT_FOUND'
  await assert.rejects(store.read('a'), isMissing)
  await own.delete('mine')
  await assert.rejects(store.read('mine'), isMissing)
  assert.throws(readAtOnce, isMissing)
})

test('blobs of one file system are shared; each name goes by itself', async () => {
  const [from, to] = [new LocalBlobStore(join(folder, 'a')), new LocalBlobStore(join(folder, 'b'))]
  await from.putIfAbsent('runs/x', Buffer.from('state'))
  await shareBlob(from, 'runs/x', to, 'runs/y')
  assert.equal(statSync(join(folder, 'a/runs/x')).ino, statSync(join(folder, 'b/runs/y')).ino)
  // A former copy stays, whatever it is a copy of.
  await from.putIfAbsent('runs/z', Buffer.from('other'))
  assert.equal(await to.linkFrom(from, 'runs/z', 'runs/y'), true)
  await from.delete('runs/x')
  assert.equal(text(await to.read('runs/y')), 'state')
})

test('stores that share nothing are copied between', async () => {
  const [from, to] = [new MemoryBlobStore(), new LocalBlobStore(join(folder, 'c'))]
  await from.putIfAbsent('x', Buffer.from('state'))
  assert.equal(await to.linkFrom(from, 'x', 'x'), false)
  await shareBlob(from, 'x', to, 'x')
  assert.equal(text(await to.read('x')), 'state')
})
