// Golden blobs of the format: what was encrypted once is read by every later version.
// `UPDATE_GOLDEN=1` writes one that is not there yet, and never another one.
import assert from 'node:assert/strict'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import { KeyRing } from '../../src/encryption/key-ring.ts'
import { LocalKeys } from '../../src/encryption/local-keys.ts'
import { MemoryBlobStore, type MemoryBlobs } from '../../src/storage/memory.ts'

const folder = join(import.meta.dirname, '../fixtures/encryption/v1')
const keys = new Map([['golden', Uint8Array.from({ length: 32 }, (_, index) => index)]])

/** Counts up, so that the bytes are the same each time. */
function countingEntropy(): (bytes: number) => Uint8Array {
  let next = 0
  return (bytes) => Uint8Array.from({ length: bytes }, () => next++ & 0xff)
}

const contents: Readonly<Record<string, Uint8Array>> = {
  empty: new Uint8Array(0),
  small: Buffer.from('what was written'),
  'two-blocks': Uint8Array.from({ length: 32 * 1024 + 100 }, (_, index) => index % 251),
}

test('golden blobs are read, and written the same', async () => {
  for (const [name, plain] of Object.entries(contents)) {
    const blobs: MemoryBlobs = new Map()
    const entropy = countingEntropy()
    const ring = new KeyRing(new LocalKeys(keys, entropy), { entropy })
    const store = new EncryptedBlobStore(new MemoryBlobStore('memory:', blobs), ring)
    await store.putIfAbsent(name, plain)
    const path = join(folder, `${name}.sealed`)
    if (process.env['UPDATE_GOLDEN'] === '1' && !existsSync(path)) {
      writeFileSync(path, blobs.get(name) ?? '')
    }
    const golden = readFileSync(path)
    assert.deepEqual(Buffer.from(blobs.get(name) ?? []), golden, name)
    const elsewhere = new MemoryBlobStore('memory:', new Map([[name, golden]]))
    const reader = new EncryptedBlobStore(elsewhere, new KeyRing(new LocalKeys(keys)))
    assert.deepEqual(new Uint8Array(await reader.read(name)), new Uint8Array(plain), name)
  }
})
