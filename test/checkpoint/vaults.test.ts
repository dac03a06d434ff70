// The vaults of a job in its storage: which one counts, and what becomes of the others.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { vaultName } from '../../src/checkpoint/layout.ts'
import { putNextVault, readVault } from '../../src/checkpoint/vaults.ts'
import { EncryptedBlobStore } from '../../src/encryption/encrypted-store.ts'
import { KeyRing } from '../../src/encryption/key-ring.ts'
import { LocalKeys } from '../../src/encryption/local-keys.ts'
import { Vault } from '../../src/encryption/subjects/vault.ts'
import { isMillraceError } from '../../src/errors.ts'
import type { BlobStore } from '../../src/storage/blob-store.ts'
import { MemoryBlobStore, type MemoryBlobs } from '../../src/storage/memory.ts'
import { FaultyBlobStore } from '../../src/testing/faulty-store.ts'
import { SeededRandom } from '../../src/util/random.ts'
import { required } from '../../src/util/assert.ts'
import { seededEntropy, subject } from '../encryption/subjects/world.ts'

const keys = (seed: number) =>
  new KeyRing(new LocalKeys(new Map([['key', seededEntropy(seed)(32)]])))

function world(): { blobs: MemoryBlobs; store: BlobStore } {
  const blobs: MemoryBlobs = new Map()
  return { blobs, store: encrypted(new MemoryBlobStore('memory:', blobs)) }
}

const encrypted = (store: BlobStore, seed = 1) => new EncryptedBlobStore(store, keys(seed))
const create = (found?: Vault): Vault => found ?? Vault.create(seededEntropy(2))
const lead = (store: BlobStore, leaderEpoch: number) => {
  return putNextVault(store, { leaderEpoch, next: create, isSucceeded: async () => true })
}
const erase = (store: BlobStore, leaderEpoch: number, who: number) => {
  const next = (found?: Vault): Vault => create(found).erase(subject(who))
  return putNextVault(store, { leaderEpoch, next, isSucceeded: async () => true })
}

describe('the vault of a job', () => {
  it('is refused, by a code, with any byte of it changed, and is never another one', async () => {
    const { blobs, store } = world()
    await lead(store, 1)
    const { number } = await erase(store, 1, 1)
    const sound = required(blobs.get(vaultName(number)), 'it is there')
    const codes = new Map<string, number>()
    for (let at = 0; at < sound.length; at++) {
      const changed = Uint8Array.from(sound)
      changed[at] = (changed[at] ?? 0) ^ (1 << (at & 7))
      blobs.set(vaultName(number), changed)
      await assert.rejects(readVault(store), (error: unknown) => {
        assert.ok(isMillraceError(error), `byte ${at}: ${String(error)}`)
        codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
        return true
      })
    }
    assert.deepEqual([...codes], [['STORAGE_CORRUPT', sound.length]])
    blobs.set(vaultName(number), sound)
    assert.equal((await readVault(store))?.number, number)
  })

  it('is made once, and put anew by each leader and erasure, with no other beside it', async () => {
    const { blobs, store } = world()
    assert.equal(await readVault(store), undefined)
    const { vault } = await lead(store, 1)
    await lead(store, 2)
    await erase(store, 2, 1)
    const kept = required(await readVault(store), 'it is there')
    assert.deepEqual([kept.number, kept.leaderEpoch, kept.vault.id], [3, 2, vault.id])
    assert.equal(kept.vault.has(vault.tagOf(subject(1))), false)
    assert.equal(kept.vault.has(vault.tagOf(subject(2))), true)
    assert.deepEqual([...blobs.keys()], [vaultName(3)])
  })

  it('is the newer one of two that a crash has left, and the older one goes next', async () => {
    const { blobs, store } = world()
    const { vault } = await lead(store, 1)
    const dies = new FaultyBlobStore(new MemoryBlobStore('memory:', blobs), {
      random: new SeededRandom(1),
      at: (point) => {
        if (point === 'delete-before') throw new Error('it dies')
      },
    })
    await assert.rejects(erase(encrypted(dies), 1, 1), /it dies/)
    assert.deepEqual([...blobs.keys()], [vaultName(1), vaultName(2)])
    assert.equal((await readVault(store))?.vault.has(vault.tagOf(subject(1))), false)
    await lead(store, 2)
    assert.deepEqual([...blobs.keys()], [vaultName(3)])
  })

  it('is not that of a former leader, who is told', async () => {
    const { store } = world()
    await lead(store, 1)
    await lead(store, 2)
    await assert.rejects(erase(store, 1, 1), { code: 'LEADERSHIP_LOST' })
    assert.equal((await readVault(store))?.leaderEpoch, 2)
  })

  it('may come from another job, whose epochs say nothing', async () => {
    const { store } = world()
    await lead(store, 7)
    const isSucceeded = async (): Promise<boolean> => false
    await putNextVault(store, { leaderEpoch: 1, next: create, isSucceeded })
    const kept = required(await readVault(store), 'it is there')
    assert.deepEqual([kept.number, kept.leaderEpoch], [2, 1])
    await erase(store, 2, 1)
  })

  it('is not what a leader puts who slept where another vault has been', async () => {
    const { blobs, store } = world()
    await lead(store, 1)
    const sleeps = new FaultyBlobStore(new MemoryBlobStore('memory:', blobs), {
      random: new SeededRandom(1),
      at: async (point) => {
        if (point !== 'put-before' || blobs.has(vaultName(3))) return
        await lead(store, 2)
        await erase(store, 2, 1)
      },
    })
    await assert.rejects(erase(encrypted(sleeps), 1, 2), { code: 'LEADERSHIP_LOST' })
    assert.deepEqual([...blobs.keys()], [vaultName(3)])
  })

  it('is the newest one even if that cannot be read: an older one would undo some', async () => {
    const { blobs, store } = world()
    await lead(store, 1)
    const older = required(blobs.get(vaultName(1)), 'it is there')
    await erase(store, 1, 1)
    blobs.set(vaultName(1), older)
    const newest = required(blobs.get(vaultName(2)), 'it is there')
    blobs.set(vaultName(2), newest.with(2_000, (newest[2_000] ?? 0) ^ 1))
    await assert.rejects(readVault(store), { code: 'STORAGE_CORRUPT' })
    blobs.set(vaultName(2), newest.subarray(0, -1))
    await assert.rejects(readVault(store), { code: 'STORAGE_CORRUPT' })
    await assert.rejects(lead(store, 2), { code: 'STORAGE_CORRUPT' })
  })

  it('cannot be an older one under a newer name', async () => {
    const { blobs, store } = world()
    await lead(store, 1)
    const older = required(blobs.get(vaultName(1)), 'it is there')
    await erase(store, 1, 1)
    blobs.set(vaultName(7), older)
    await assert.rejects(readVault(store), { code: 'STORAGE_CORRUPT' })
  })

  it('can be read only with its key', async () => {
    const { blobs, store } = world()
    await lead(store, 1)
    const other = encrypted(new MemoryBlobStore('memory:', blobs), 9)
    await assert.rejects(readVault(other), { code: 'DECRYPTION_FAILED' })
  })

  it('is read although it is deleted meanwhile, for then there is a newer one', async () => {
    const { blobs, store } = world()
    await lead(store, 1)
    const slow = new FaultyBlobStore(new MemoryBlobStore('memory:', blobs), {
      random: new SeededRandom(1),
      at: async (point) => {
        if (point === 'list-after' && !blobs.has(vaultName(2))) await lead(store, 2)
      },
    })
    assert.equal((await readVault(encrypted(slow)))?.number, 2)
  })
})
