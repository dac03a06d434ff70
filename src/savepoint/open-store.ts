/** Storages of snapshots, with keys where they are encrypted or signed. */
import { readChain } from '../checkpoint/chain.ts'
import { hasEncryptedChain } from '../checkpoint/encrypted-chain.ts'
import type { CheckpointLink, VaultRecord } from '../checkpoint/manifest.ts'
import { runsOf } from '../checkpoint/registry.ts'
import { readVault, requireVaultOf } from '../checkpoint/vaults.ts'
import { EncryptedBlobStore } from '../encryption/encrypted-store.ts'
import type { KeyProvider } from '../encryption/key-provider.ts'
import { KeyRing } from '../encryption/key-ring.ts'
import { RememberedKeys } from '../encryption/subjects/remembered-keys.ts'
import type { Vault } from '../encryption/subjects/vault.ts'
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

/**
 * To be read: as it is, encrypted or not, but signed if there are keys for that. What is sealed
 * under keys of subjects is opened if it is said where those of their vault are.
 */
export async function openSnapshotStore(
  location: string,
  keys: Keys | undefined,
  signingKeys?: SigningKeys,
  subjectKeys?: Keys,
): Promise<BlobStore> {
  const store = await openBlobStore(location)
  const readable =
    keys === undefined || (await hasEncryptedChain(store)) === false
      ? store
      : await decrypted(store, await ringOf(keys), subjectKeys)
  if (signingKeys === undefined) return readable
  return new SignedBlobStore(readable, await signaturesOf(signingKeys))
}

/** With the keys of subjects, if there are any and it is known where. */
async function decrypted(
  store: BlobStore,
  ring: KeyRing,
  subjectKeys: Keys | undefined,
): Promise<BlobStore> {
  const plain = new EncryptedBlobStore(store, ring)
  if (subjectKeys === undefined) return plain
  const { entries } = await readChain(plain, 'report')
  const links = entries.flatMap(({ link }) => (link.kind === 'checkpoint' ? [link] : []))
  const record = links.findLast(({ subjects }) => subjects !== undefined)?.subjects
  if (record === undefined) return plain
  const subjectRing = await ringOf(subjectKeys)
  const vault = await vaultOf(record, store, subjectRing)
  return new EncryptedBlobStore(store, ring, new RememberedKeys(vault))
}

/** Of a job it lies beside the checkpoints; of a savepoint it is where the job's are. */
async function vaultOf(record: VaultRecord, store: BlobStore, ring: KeyRing): Promise<Vault> {
  const here = await readVault(new EncryptedBlobStore(store, ring))
  if (here !== undefined) return requireVaultOf(record, here, store.location)
  const there = new EncryptedBlobStore(await openBlobStore(record.location), ring)
  try {
    return requireVaultOf(record, await readVault(there), record.location)
  } finally {
    await there.close()
  }
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
