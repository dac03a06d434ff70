/**
 * Copies of runs that are as good as what they were made of. A bit that is read or written wrongly
 * on the way would be there for good, and be noticed when the original has long gone; so each copy
 * is read to its last block, made once more if it is damaged, and not left behind if it still is.
 */
import type { RunReference } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { copyBlob, shareBlob } from '../storage/copy.ts'
import { isDamage, readRun, type RunVerifier } from './damage.ts'

export interface RunCopy {
  readonly from: BlobStore
  /** What it is called there. */
  readonly name: string
  readonly to: BlobStore
  /** As it is called here. */
  readonly run: RunReference
  readonly signal?: AbortSignal
  readonly verifyRun?: RunVerifier
}

/**
 * Copies a run, unless it is there already.
 *
 * @returns false if it was: then it is of somebody else.
 * @throws `STORAGE_CORRUPT` if the original is damaged; the signal's reason; what the stores throw.
 */
export async function copyRun({ from, name, to, run, signal, ...rest }: RunCopy): Promise<boolean> {
  return await soundly(to, run, rest.verifyRun, () => copyBlob(from, name, to, run.name, signal))
}

/** As `copyRun`, but as a link where both stores are on one file system. */
export async function shareRun({ from, name, to, run, signal, ...rest }: RunCopy): Promise<void> {
  await soundly(to, run, rest.verifyRun, () => shareBlob(from, name, to, run.name, signal))
}

async function soundly(
  to: BlobStore,
  run: RunReference,
  verifyRun: RunVerifier = readRun,
  copy: () => Promise<'linked' | 'copied' | 'there'>,
): Promise<boolean> {
  const how = await copy()
  // A link is the original itself.
  if (how === 'linked') return true
  try {
    await verifyRun(to, run)
    return how === 'copied'
  } catch (error) {
    if (!isDamage(error)) throw error
  }
  await to.delete(run.name)
  await copy()
  try {
    await verifyRun(to, run)
    return true
  } catch (error) {
    if (isDamage(error)) await to.delete(run.name)
    throw error
  }
}
