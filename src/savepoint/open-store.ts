/** Storages of snapshots, with keys where they are encrypted. */
import { hasEncryptedChain } from '../checkpoint/encrypted-chain.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import { runsOf } from '../checkpoint/registry.ts'
import { EncryptedBlobStore } from '../encryption/encrypted-store.ts'
import type { KeyProvider } from '../encryption/key-provider.ts'
import { KeyRing } from '../encryption/key-ring.ts'
import { openKeys } from '../runtime/host-embedded-keys.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { openBlobStore } from '../storage/open.ts'

/** Where keys are, as the option `encryption.keys` has it, or what has them. */
export type Keys = string | KeyProvider

/**
 * A storage in which all that is written is encrypted, for savepoints that are made without a job.
 *
 * @param keys such as `file:/run/secrets/millrace`
 * @throws `KEY_NOT_FOUND`, `KEY_INVALID`, `STORAGE_URL_UNKNOWN`.
 *
 * @example
 * const store = await openEncryptedStore('backup/7', 'env:ORDERS_KEY')
 * await writeSavepoint(store, { from: snapshot })
 * await store.close()
 */
export async function openEncryptedStore(location: string | URL, keys: Keys): Promise<BlobStore> {
  const ring = typeof keys === 'string' ? await openKeys(keys) : new KeyRing(keys)
  await ring.dataKey()
  return new EncryptedBlobStore(await openBlobStore(String(location)), ring)
}

/** To be read: as it is, encrypted or not. */
export async function openSnapshotStore(
  location: string,
  keys: Keys | undefined,
): Promise<BlobStore> {
  const store = await openBlobStore(location)
  if (keys === undefined || (await hasEncryptedChain(store)) === false) return store
  const ring = typeof keys === 'string' ? await openKeys(keys) : new KeyRing(keys)
  return new EncryptedBlobStore(store, ring)
}

/**
 * The ids of the keys that the runs of a checkpoint are encrypted under, with how many; undefined
 * if the storage is not encrypted. Throws `STORAGE_NOT_FOUND` if one of them is gone.
 */
export async function keysNeeded(
  store: BlobStore,
  link: CheckpointLink,
): Promise<Readonly<Record<string, number>> | undefined> {
  if (!(store instanceof EncryptedBlobStore)) return undefined
  const counts: Record<string, number> = {}
  for (const { name } of runsOf(link)) {
    const keyId = await store.keyIdOf(name)
    counts[keyId] = (counts[keyId] ?? 0) + 1
  }
  return counts
}
