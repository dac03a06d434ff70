// Whether a chain is encrypted is told by the first bytes of its links.
import assert from 'node:assert/strict'
import { Buffer } from 'node:buffer'
import { test } from 'node:test'
import { hasEncryptedChain } from '../../src/checkpoint/encrypted-chain.ts'
import { linkName } from '../../src/checkpoint/layout.ts'
import { encodeLink } from '../../src/checkpoint/manifest-codec.ts'
import { encodeHeader, SALT_BYTES } from '../../src/encryption/blob-header.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { checkpoint } from './links.ts'

const SEALED = encodeHeader({
  keyId: 'key-1',
  salt: new Uint8Array(SALT_BYTES),
  blockBytes: 4096,
  wrapped: new Uint8Array(32),
})

async function chainOf(...links: readonly Uint8Array[]): Promise<MemoryBlobStore> {
  const store = new MemoryBlobStore()
  for (const [at, bytes] of links.entries()) await store.putIfAbsent(linkName(at + 1), bytes)
  return store
}

test('one sealed link among others is enough; without links nobody knows', async () => {
  const plain = encodeLink(checkpoint(1))
  assert.equal(await hasEncryptedChain(await chainOf(plain, plain)), false)
  assert.equal(await hasEncryptedChain(await chainOf(SEALED, plain)), true)
  assert.equal(await hasEncryptedChain(await chainOf()), undefined)
})

// Simulation, seed 6510: one wrong bit made an encrypted snapshot a plain one.
test('what was read wrongly once is read again, and damage is neither', async () => {
  class Flipping extends MemoryBlobStore {
    wrongReads = 1
    override async read(name: string, offset?: number, length?: number): Promise<Uint8Array> {
      const bytes = await super.read(name, offset, length)
      if (this.wrongReads-- > 0) bytes[0] = (bytes[0] ?? 0) ^ 4
      return bytes
    }
  }
  const store = new Flipping()
  await store.putIfAbsent(linkName(1), Buffer.from(SEALED))
  assert.equal(await hasEncryptedChain(store), true)
  store.wrongReads = 2
  assert.equal(await hasEncryptedChain(store), undefined)
})
