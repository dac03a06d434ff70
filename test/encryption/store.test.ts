// The encrypting store is a blob store like others, and nothing below it tells what it holds.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { isSealed } from '../../src/encryption/blob-header.ts'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import { KeyRing } from '../../src/encryption/key-ring.ts'
import { LocalKeys } from '../../src/encryption/local-keys.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { shareBlob } from '../../src/storage/copy.ts'
import { LocalBlobStore } from '../../src/storage/local.ts'
import { OverlayStore } from '../../src/storage/overlay.ts'
import { MemoryBlobStore, type MemoryBlobs } from '../../src/storage/memory.ts'
import { blobStoreSuite } from '../../src/testing/conformance/blob-store.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-encrypted-'))
after(() => rmSync(folder, { recursive: true, force: true }))

const oldKey = new Uint8Array(32).fill(1)
const newKey = new Uint8Array(32).fill(2)
const ring = (...keys: readonly (readonly [string, Uint8Array])[]) =>
  new KeyRing(new LocalKeys(new Map(keys)), { blockBytes: 64 })

const memories = new Map<string, MemoryBlobs>()
function blobsAt(place: string): MemoryBlobs {
  const blobs = memories.get(place) ?? new Map<string, Uint8Array>()
  memories.set(place, blobs)
  return blobs
}

for (const blockBytes of [512, 32 * 1024]) {
  const keys = new KeyRing(new LocalKeys(new Map([['a', oldKey]])), { blockBytes })
  blobStoreSuite({
    test,
    name: `encrypted in blocks of ${blockBytes}, in memory`,
    open: (place) =>
      new EncryptedBlobStore(
        new MemoryBlobStore('memory:', blobsAt(`${place}/${blockBytes}`)),
        keys,
      ),
  })
}
blobStoreSuite({
  test,
  name: 'encrypted files',
  open: (place) =>
    new EncryptedBlobStore(new LocalBlobStore(join(folder, place)), ring(['a', oldKey])),
})

const text = (length: number): Uint8Array =>
  Uint8Array.from({ length }, (_, index) => 65 + (index % 26))

async function written(store: BlobStore, name: string, bytes: Uint8Array): Promise<void> {
  const writer = await store.create(name)
  for (let at = 0; at < bytes.length; at += 50) await writer.write(bytes.subarray(at, at + 50))
  await writer.close()
}

test('every range of blobs of every length around a block is what was written', async () => {
  const store = new EncryptedBlobStore(new MemoryBlobStore(), ring(['a', oldKey]))
  for (const length of [0, 1, 63, 64, 65, 127, 128, 129, 200]) {
    const name = `blob-${length}`
    await written(store, name, text(length))
    assert.equal((await store.stat(name)).lengthBytes, length)
    for (let start = 0; start <= length; start += 7) {
      for (let end = start; end <= length; end += 13) {
        const want = text(length).subarray(start, end)
        assert.deepEqual(new Uint8Array(await store.read(name, start, end - start)), want)
        const atOnce = store.readSync?.(name, start, end - start)
        assert.deepEqual(new Uint8Array(atOnce ?? []), want)
      }
    }
  }
})

test('what is stored holds nothing of what was written, and no two blobs are alike', async () => {
  const blobs: MemoryBlobs = new Map()
  const store = new EncryptedBlobStore(new MemoryBlobStore('memory:', blobs), ring(['a', oldKey]))
  await store.putIfAbsent('one', text(200))
  await store.putIfAbsent('two', text(200))
  const [one, two] = [...blobs.values()].map((bytes) => Buffer.from(bytes))
  assert.ok(one !== undefined && two !== undefined && isSealed(one))
  assert.equal(one.indexOf('ABCD'), -1)
  for (let at = 1024; at < one.length; at += 16) {
    assert.equal(two.indexOf(one.subarray(at, at + 16)), -1)
  }
})

test('every single flipped bit, every cut and every exchange of blocks is refused', async () => {
  const blobs: MemoryBlobs = new Map()
  const keys = ring(['a', oldKey])
  const open = () => new EncryptedBlobStore(new MemoryBlobStore('memory:', blobs), keys)
  const store = open()
  await written(store, 'x', text(200))
  await written(store, 'y', text(200))
  const [sound, other] = [blobs.get('x'), blobs.get('y')]
  assert.ok(sound !== undefined && other !== undefined)
  const refused = async (bytes: Uint8Array, what: string, code = 'STORAGE_CORRUPT') => {
    blobs.set('x', bytes)
    await assert.rejects(open().read('x'), { code }, what)
    // Who has read the header before does not read it again.
    const again = store.read('x').then((read) => assert.deepEqual(new Uint8Array(read), text(200)))
    await again.catch((error: unknown) => assert.equal(Reflect.get(Object(error), 'code'), code))
    blobs.set('x', sound)
    assert.deepEqual(new Uint8Array(await store.read('x')), text(200))
  }
  for (let at = 0; at < sound.length; at++) {
    const flipped = new Uint8Array(sound)
    flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8))
    await refused(flipped, `byte ${at}`)
  }
  for (let length = 0; length < sound.length; length++) {
    await refused(sound.subarray(0, length), `cut off at ${length}`)
  }
  const block = (bytes: Uint8Array, index: number) =>
    bytes.subarray(1024 + index * 80, 1024 + index * 80 + 80)
  const exchanged = Buffer.from(sound)
  exchanged.set(block(sound, 1), 1024)
  exchanged.set(block(sound, 0), 1024 + 80)
  await refused(exchanged, 'two blocks exchanged')
  const foreign = Buffer.from(sound)
  foreign.set(block(other, 1), 1024 + 80)
  await refused(foreign, 'a block of another blob')
  await refused(Buffer.concat([sound.subarray(0, 1024), other.subarray(1024)]), 'a foreign header')
  await refused(Buffer.from('{"formatVersion":1'), 'not encrypted', 'STORAGE_NOT_ENCRYPTED')
})

test('a newer key takes over, older blobs are read as long as theirs is there', async () => {
  const blobs: MemoryBlobs = new Map()
  const open = (keys: KeyRing) =>
    new EncryptedBlobStore(new MemoryBlobStore('memory:', blobs), keys)
  await open(ring(['old', oldKey])).putIfAbsent('before', text(10))
  const rotated = open(ring(['new', newKey], ['old', oldKey]))
  await rotated.putIfAbsent('after', text(10))
  assert.deepEqual(new Uint8Array(await rotated.read('before')), text(10))
  assert.equal(await rotated.keyIdOf('before'), 'old')
  assert.equal(await rotated.keyIdOf('after'), 'new')
  assert.equal(await rotated.keyId(), 'new')
  const without = open(ring(['new', newKey]))
  await assert.rejects(without.read('before'), { code: 'KEY_NOT_FOUND', message: /"old"/ })
  const wrong = open(ring(['old', newKey]))
  await assert.rejects(wrong.read('before'), { code: 'DECRYPTION_FAILED', message: /"old"/ })
})

test('a blob is linked where both stores have its key, else copied under the own one', async () => {
  const at = (name: string, keys: KeyRing) =>
    new EncryptedBlobStore(new LocalBlobStore(join(folder, name)), keys)
  const from = at('from', ring(['old', oldKey]))
  await from.putIfAbsent('x', text(100))
  const both = at('both', ring(['new', newKey], ['old', oldKey]))
  const other = at('other', ring(['new', newKey]))
  const plain = new LocalBlobStore(join(folder, 'plain'))
  assert.equal(await shareBlob(from, 'x', both, 'y'), 'linked')
  assert.equal(await shareBlob(from, 'x', other, 'y'), 'copied')
  assert.equal(await shareBlob(from, 'x', plain, 'y'), 'copied')
  assert.equal(await shareBlob(plain, 'y', from, 'z'), 'copied')
  for (const [store, name] of [
    [both, 'y'],
    [other, 'y'],
    [plain, 'y'],
    [from, 'z'],
  ] as const) {
    assert.deepEqual(new Uint8Array(await store.read(name)), text(100))
  }
  assert.equal(await both.keyIdOf('y'), 'old')
  assert.equal(await other.keyIdOf('y'), 'new')
  assert.equal(isSealed(await new LocalBlobStore(join(folder, 'from')).read('z')), true)
})

test('a name that is used again has the new contents', async () => {
  const blobs: MemoryBlobs = new Map()
  const keys = ring(['a', oldKey])
  const [one, another] = [0, 0].map(
    () => new EncryptedBlobStore(new MemoryBlobStore('memory:', blobs), keys),
  )
  assert.ok(one !== undefined && another !== undefined)
  await one.putIfAbsent('x', text(100))
  await one.read('x')
  await another.delete('x')
  await another.putIfAbsent('x', text(150))
  assert.deepEqual(new Uint8Array(await one.read('x')), text(150))
  await another.delete('x')
  await another.putIfAbsent('x', text(20))
  assert.deepEqual(new Uint8Array(await one.read('x')), text(20))
})

test('a provider is asked once for each process that wrote, not for each blob', async () => {
  const blobs: MemoryBlobs = new Map()
  const local = new LocalKeys(new Map([['a', oldKey]]))
  const calls = { wrap: 0, unwrap: 0 }
  const counting = () =>
    new KeyRing({
      current: () => local.current(),
      wrap: (id, key) => (calls.wrap++, local.wrap(id, key)),
      unwrap: (id, key) => (calls.unwrap++, local.unwrap(id, key)),
    })
  const open = (keys: KeyRing) =>
    new EncryptedBlobStore(new MemoryBlobStore('memory:', blobs), keys)
  const writer = open(counting())
  for (let index = 0; index < 10; index++) await writer.putIfAbsent(`x${index}`, text(10))
  for (let index = 0; index < 10; index++) await writer.read(`x${index}`)
  assert.deepEqual(calls, { wrap: 1, unwrap: 0 })
  const reader = open(counting())
  await Promise.all(Array.from({ length: 10 }, (_, index) => reader.read(`x${index}`)))
  assert.deepEqual(calls, { wrap: 1, unwrap: 1 })
})

test('a provider that fails is a coded error that a retry may cure', async () => {
  const fails = new KeyRing({
    current: () => Promise.reject(new Error('no network')),
    wrap: () => Promise.reject(new Error('no network')),
    unwrap: () => Promise.reject(new Error('no network')),
  })
  const store = new EncryptedBlobStore(new MemoryBlobStore(), fails)
  const failed = { code: 'KEY_UNAVAILABLE', retryable: true, message: /no network/ }
  await assert.rejects(store.putIfAbsent('x', text(1)), failed)
  await assert.rejects(store.create('x'), failed)
})

test('nothing is read at once from a store whose encrypted blobs are still elsewhere', async () => {
  const keys = ring(['a', oldKey])
  const [own, elsewhere] = ['memory:own', 'memory:elsewhere'].map(
    (location) => new EncryptedBlobStore(new MemoryBlobStore(location), keys),
  )
  assert.ok(own !== undefined && elsewhere !== undefined)
  assert.ok(own.readSync !== undefined && elsewhere.readSync !== undefined)
  assert.equal(new OverlayStore(own, elsewhere, new Map()).readSync, undefined)
  await own.close()
})
