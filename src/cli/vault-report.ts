/**
 * What can be said of the vault from which the keys of a job's subjects come, and of what may undo
 * an erasure: an older vault that lies beside it, or a bucket that keeps versions.
 */
import { readVault, vaultNumbers } from '../checkpoint/vaults.ts'
import { EncryptedBlobStore } from '../encryption/encrypted-store.ts'
import { openKeys } from '../runtime/host-embedded-keys.ts'
import { openBlobStore } from '../storage/open.ts'
import { type Versioning, versioningOf } from '../storage/s3/versioning.ts'

export interface VaultReport {
  readonly location: string
  /** Of the vaults that lie there, oldest first; none: there is no vault. */
  readonly numbers: readonly number[]
  /** Only where the keys of the vault are known. */
  readonly id?: string
  readonly erasures?: number
  /** Of the bucket, where it is one. */
  readonly versioning?: Versioning
}

/**
 * @param subjectKeys where the keys of the vault are, if it is known
 * @throws what reading a vault throws, and the storage.
 */
export async function reportVault(
  location: string,
  subjectKeys: string | undefined,
): Promise<VaultReport> {
  const store = await openBlobStore(location)
  try {
    const numbers = await vaultNumbers(store)
    if (numbers.length === 0) return { location, numbers }
    const versioning = /^s3:/i.test(location) ? { versioning: await versioningOf(location) } : {}
    const report = { location, numbers, ...versioning }
    if (subjectKeys === undefined) return report
    const kept = await readVault(new EncryptedBlobStore(store, await openKeys(subjectKeys)))
    if (kept === undefined) return report
    return { ...report, id: kept.vault.id, erasures: kept.vault.erasures }
  } finally {
    await store.close()
  }
}

/** In one line: its number, and how much was erased, as far as it is known. */
export function vaultText({ numbers, erasures }: VaultReport): string {
  const number = `number ${numbers.at(-1) ?? 0}`
  if (erasures === undefined) return `${number}, without its keys (encryption.subjects)`
  return `${number}, ${erasures} ${erasures === 1 ? 'subject' : 'subjects'} erased`
}

/** What undoes an erasure; undefined: nothing that can be seen from here. */
export function vaultRisk({ numbers, versioning }: VaultReport): VaultRisk | undefined {
  if (numbers.length > 1) {
    const all = numbers.join(', ')
    return {
      detail: `${numbers.length} vaults lie there (${all}): older ones undo erasures`,
      cure: 'start the job, or erase the subject again: either deletes all but the newest',
    }
  }
  if (versioning === 'on' || versioning === 'suspended') {
    const tense = versioning === 'on' ? 'keeps versions' : 'kept versions once'
    return {
      detail: `the bucket ${tense} of what is deleted: older vaults undo erasures`,
      cure: 'delete the older versions below subjects/, and do not let the bucket keep them',
    }
  }
  if (versioning !== 'unknown') return undefined
  return {
    detail: 'whether the bucket keeps versions of older vaults, which undo erasures, is unknown',
    cure: 'look at its versioning, or allow s3:GetBucketVersioning',
  }
}

export interface VaultRisk {
  readonly detail: string
  readonly cure: string
}
