/**
 * The vault of a job as its leader and its workers have it. The leader takes it over with the lead,
 * erases in it, and sends it to the workers when it deploys them: they never read it themselves.
 */
import { readChain } from '../checkpoint/chain.ts'
import { putNextVault, readVault, requireVaultOf } from '../checkpoint/vaults.ts'
import type { CheckpointLink, VaultRecord } from '../checkpoint/manifest.ts'
import { EncryptedBlobStore } from '../encryption/encrypted-store.ts'
import type { KeyRing } from '../encryption/key-ring.ts'
import { RememberedKeys } from '../encryption/subjects/remembered-keys.ts'
import { decodeVault, encodeVault, type KeptVault } from '../encryption/subjects/vault-codec.ts'
import { Vault } from '../encryption/subjects/vault.ts'
import { MillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { Host } from './host.ts'

/** Where the vault lies, and what makes one. */
export interface Vaults {
  readonly store: BlobStore
  readonly ring: KeyRing
}

/** Where the keys of a job are, as its options say. */
export interface KeyPlaces {
  readonly keys: string | undefined
  readonly subjects: string | undefined
}

/**
 * @param host without encryption: the vault has keys of its own.
 * @returns undefined unless the options name keys of subjects.
 * @throws `CONFIG_INVALID` if nothing else is encrypted; `KEY_…` if there are no keys there.
 */
export async function openVaults(
  host: Pick<Host, 'openKeys' | 'openStore'>,
  { keys, subjects: place }: KeyPlaces,
  storage: string,
): Promise<Vaults | undefined> {
  if (place === undefined) return undefined
  if (keys === undefined) {
    const message = 'encryption.subjects is given without encryption.keys'
    throw new MillraceError('CONFIG_INVALID', message, {
      cure: 'say with encryption.keys where the keys are that all else is encrypted under',
    })
  }
  const ring = await host.openKeys(place)
  await ring.dataKey()
  return { store: new EncryptedBlobStore(await host.openStore(storage), ring), ring }
}

/**
 * That the keys are there of what is to be restored. Before anything is written.
 *
 * @throws `SUBJECT_KEYS_MISSING`; what `readVault` throws.
 */
export async function requireVault(
  vaults: Vaults | undefined,
  restored: CheckpointLink | undefined,
  location: string,
): Promise<void> {
  const kept = vaults === undefined ? undefined : await readVault(vaults.store)
  const record = restored?.subjects
  if (record === undefined) return
  if (vaults !== undefined) return void requireVaultOf(record, kept, location)
  const message = 'the checkpoint holds state under keys of subjects'
  throw new MillraceError('SUBJECT_KEYS_MISSING', message, {
    cure: 'say with encryption.subjects where the keys of their vault are',
  })
}

/** What is to be erased by taking the lead. */
export interface WantedErasures {
  readonly wanted: readonly Uint8Array[]
  /** The vault has been put without these. */
  erased(subjects: readonly Uint8Array[]): void
}

/**
 * Makes the vault that of this leader, and erases in it. Right after the fence.
 *
 * @param chainStore the storage of the job, with the fence
 * @throws `LEADERSHIP_LOST`
 */
export async function leadVault(
  { store, ring }: Vaults,
  chainStore: BlobStore,
  leaderEpoch: number,
  erasures: WantedErasures,
): Promise<KeptVault> {
  const { wanted } = erasures
  const kept = await putNextVault(store, {
    leaderEpoch,
    isSucceeded: async () => (await readChain(chainStore)).head.leaderEpoch > leaderEpoch,
    next: (found) => {
      const vault = found ?? Vault.create(ring.entropy)
      return wanted.reduce((each, subject) => each.erase(subject), vault)
    },
  })
  erasures.erased(wanted)
  return kept
}

/** What manifests say of a vault. */
export function vaultRecord({ number, vault }: KeptVault, location: string): VaultRecord {
  return { vault: vault.id, number, location }
}

/** For a message to workers. */
export function vaultBytes(kept: KeptVault | undefined): Uint8Array | undefined {
  return kept === undefined ? undefined : encodeVault(kept)
}

/** The keys of a worker, of the newest vault that it was sent. */
export class WorkerSubjects {
  #keys: RememberedKeys | undefined

  get keys(): RememberedKeys | undefined {
    return this.#keys
  }

  take(bytes: Uint8Array): void {
    const { vault } = decodeVault(bytes, 'the vault that the leader sent')
    if (this.#keys === undefined) this.#keys = new RememberedKeys(vault)
    else this.#keys.take(vault)
  }
}
