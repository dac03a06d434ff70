/**
 * Where the vault of a job lies, and who may put the next one. A vault is never changed: the next
 * one is put at the next number, and then those before it are deleted, for each of them undoes what
 * was erased since. Of two, the newer one counts; of one that cannot be read, none before it does.
 *
 * Why a leader that sleeps cannot harm. Whoever takes the lead puts the vault that is there once
 * more, under its own epoch. So a former leader finds an epoch above its own before it can put
 * another one (`LEADERSHIP_LOST`), or it is late and puts its vault at a number that has been
 * deleted: it sees the newer one then, and takes its own away. If it dies in between, the next who
 * puts a vault deletes what it left. What it had put before the new leader came is taken over.
 */
import { decodeVault, encodeVault, type KeptVault } from '../encryption/subjects/vault-codec.ts'
import type { Vault } from '../encryption/subjects/vault.ts'
import { isMillraceError, MillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { numberOfVault, SUBJECTS_PREFIX, vaultName } from './layout.ts'
import type { VaultRecord } from './manifest.ts'

const ATTEMPTS_MAX = 32

export interface VaultWrite {
  /** Of who leads. */
  readonly leaderEpoch: number
  /** The next vault, of the one that is there. */
  readonly next: (found: Vault | undefined) => Vault
  /**
   * Whether somebody else leads by now. Asked if a vault is of a later epoch: it may have come from
   * the storage of another job, whose epochs say nothing here.
   */
  readonly isSucceeded: () => Promise<boolean>
}

/**
 * The newest vault; undefined if there is none.
 *
 * @param store encrypted under the keys of vaults.
 * @throws `STORAGE_CORRUPT`, `DECRYPTION_FAILED`, `KEY_NOT_FOUND`, `CHECKPOINT_INCOMPATIBLE` if it
 *   cannot be read, and what the store throws.
 */
export async function readVault(store: BlobStore): Promise<KeptVault | undefined> {
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const number = (await vaultNumbers(store)).at(-1)
    if (number === undefined) return undefined
    try {
      return await readNumber(store, number)
    } catch (error) {
      // Deleted since it was listed: then there is a newer one.
      if (!isMillraceError(error) || error.code !== 'STORAGE_NOT_FOUND') throw error
    }
  }
  throw tooMany(store)
}

/**
 * Puts the next vault and deletes all before it. May fail at any point: then the next one is there
 * or it is not, and asking again does no harm.
 *
 * @returns the one that counts now.
 * @throws `LEADERSHIP_LOST` if a later leader has put one; what `readVault` throws.
 */
export async function putNextVault(store: BlobStore, write: VaultWrite): Promise<KeptVault> {
  const { leaderEpoch, next, isSucceeded } = write
  for (let attempt = 1; attempt <= ATTEMPTS_MAX; attempt++) {
    const found = await readVault(store)
    if (found !== undefined && found.leaderEpoch > leaderEpoch && (await isSucceeded())) {
      throw new MillraceError('LEADERSHIP_LOST', `${store.location}: another process took over`)
    }
    const number = (found?.number ?? 0) + 1
    const kept = { number, leaderEpoch, vault: next(found?.vault) }
    if (!(await store.putIfAbsent(vaultName(number), encodeVault(kept)))) continue
    const numbers = await vaultNumbers(store)
    if ((numbers.at(-1) ?? number) > number) {
      // It came late: what it put lies where another vault has long been, and is none.
      await store.delete(vaultName(number))
      continue
    }
    for (const older of numbers) if (older < number) await store.delete(vaultName(older))
    return kept
  }
  throw tooMany(store)
}

/**
 * The vault that a manifest names, or one after it.
 *
 * @param kept what is there
 * @throws `SUBJECT_KEYS_MISSING`
 */
export function requireVaultOf(
  record: VaultRecord,
  kept: KeptVault | undefined,
  location: string,
): Vault {
  const isIt = kept?.vault.id === record.vault
  if (isIt && kept.number >= record.number) return kept.vault
  const problem = isIt
    ? `is there as it was before: it is number ${kept.number}, and was number ${record.number}`
    : kept === undefined
      ? 'is not there'
      : 'is another one'
  const message = `${location}: the vault of the checkpoint's keys of subjects ${problem}`
  throw new MillraceError('SUBJECT_KEYS_MISSING', message, {
    cure: `put the folder subjects of ${record.location} there, as it was last`,
    details: { vault: record.vault },
  })
}

async function readNumber(store: BlobStore, number: number): Promise<KeptVault> {
  const name = vaultName(number)
  const kept = decodeVault(await store.read(name), `${store.location}: ${name}`)
  if (kept.number === number) return kept
  const message = `${store.location}: ${name} is the vault ${kept.number}`
  throw new MillraceError('STORAGE_CORRUPT', message, { details: { file: name } })
}

/** Of all vaults that lie there, encrypted as they are; oldest first. The last one counts. */
export async function vaultNumbers(store: BlobStore): Promise<readonly number[]> {
  const found = await store.list(SUBJECTS_PREFIX)
  return found.flatMap(({ name }) => numberOfVault(name) ?? [])
}

function tooMany({ location }: BlobStore): MillraceError {
  const message = `${location}: vaults were put and deleted ${ATTEMPTS_MAX} times meanwhile`
  return new MillraceError('STORAGE_CONFLICT', message)
}
