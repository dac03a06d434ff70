/** Storages of snapshots, with keys where they are encrypted or signed. */
import { hasEncryptedChain } from '../checkpoint/encrypted-chain.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import { runsOf } from '../checkpoint/registry.ts'
import { EncryptedBlobStore } from '../encryption/encrypted-store.ts'
import type { KeyProvider } from '../encryption/key-provider.ts'
import { KeyRing } from '../encryption/key-ring.ts'
import { openKeys, openSignatures } from '../runtime/host-embedded-keys.ts'
import type { SignatureProvider } from '../signing/signature-provider.ts'
import { SignatureRing } from '../signing/signature-ring.ts'
import { SignedBlobStore } from '../signing/signed-store.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { openBlobStore } from '../storage/open.ts'

/** Where keys are, as the option `encryption.keys` has it, or what has them. */
export type Keys = string | KeyProvider

/** Where keys are that sign, as the option `signing.keys` has it, or what has them. */
export type SigningKeys = string | SignatureProvider

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
  const ring = await ringOf(keys)
  await ring.dataKey()
  return new EncryptedBlobStore(await openBlobStore(String(location)), ring)
}

/**
 * A storage in which what is written is signed, for savepoints that are made without a job.
 *
 * @param signingKeys such as `file:/run/secrets/millrace-signing`
 * @param options `keys`: those to encrypt under, if it is to be encrypted, too.
 * @throws `KEY_NOT_FOUND`, `KEY_INVALID`, `STORAGE_URL_UNKNOWN`.
 *
 * @example
 * const store = await openSignedStore('backup/7', 'env:ORDERS_SIGNING_KEY')
 * await convertSavepoint(store, { from: snapshot, maxParallelism: snapshot.maxParallelism })
 * await store.close()
 */
export async function openSignedStore(
  location: string | URL,
  signingKeys: SigningKeys,
  { keys }: { readonly keys?: Keys } = {},
): Promise<BlobStore> {
  const ring = await signaturesOf(signingKeys)
  await ring.keyId()
  const inner =
    keys === undefined
      ? await openBlobStore(String(location))
      : await openEncryptedStore(location, keys)
  return new SignedBlobStore(inner, ring)
}

/** To be read: as it is, encrypted or not, but signed if there are keys for that. */
export async function openSnapshotStore(
  location: string,
  keys: Keys | undefined,
  signingKeys?: SigningKeys,
): Promise<BlobStore> {
  const store = await openBlobStore(location)
  const readable =
    keys === undefined || (await hasEncryptedChain(store)) === false
      ? store
      : new EncryptedBlobStore(store, await ringOf(keys))
  if (signingKeys === undefined) return readable
  return new SignedBlobStore(readable, await signaturesOf(signingKeys))
}

async function ringOf(keys: Keys): Promise<KeyRing> {
  return typeof keys === 'string' ? await openKeys(keys) : new KeyRing(keys)
}

async function signaturesOf(keys: SigningKeys): Promise<SignatureRing> {
  return typeof keys === 'string' ? await openSignatures(keys) : new SignatureRing(keys)
}

/**
 * The ids of the keys that the runs of a checkpoint are encrypted under, with how many; undefined
 * if the storage is not encrypted. Throws `STORAGE_NOT_FOUND` if one of them is gone.
 */
export async function keysNeeded(
  store: BlobStore,
  link: CheckpointLink,
): Promise<Readonly<Record<string, number>> | undefined> {
  const encrypted = store instanceof SignedBlobStore ? store.inner : store
  if (!(encrypted instanceof EncryptedBlobStore)) return undefined
  const counts: Record<string, number> = {}
  for (const { name } of runsOf(link)) {
    const keyId = await encrypted.keyIdOf(name)
    counts[keyId] = (counts[keyId] ?? 0) + 1
  }
  return counts
}
