/**
 * Writes a savepoint: a complete checkpoint copied into a directory of its own, with a chain of one
 * link. It shares nothing with the job, can be moved, and opens like any checkpoint directory.
 */
import { MillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { copyBlob } from '../storage/copy.ts'
import { type ChainEntry, EMPTY_HEAD, appendLink } from './chain.ts'
import type { CheckpointLink } from './manifest.ts'
import { runsOf } from './registry.ts'

/**
 * Copies the runs of `link` from `source` to `target`, then writes its manifest there. The runs
 * must be kept meanwhile (`ChainKeeper.holding`, or a pin).
 *
 * @throws `STORAGE_CONFLICT` if `target` is not empty.
 */
export async function writeSavepoint(
  source: BlobStore,
  link: CheckpointLink,
  target: BlobStore,
): Promise<ChainEntry> {
  if ((await target.list('')).length > 0) throw occupied(target)
  for (const { name } of runsOf(link)) await copyBlob(source, name, target, name)
  const entry = await appendLink(target, EMPTY_HEAD, { ...link, purpose: 'savepoint' })
  if (entry === 'lost') throw occupied(target)
  return entry
}

/** Why a savepoint cannot be written there. */
export function occupied(target: BlobStore): MillraceError {
  return new MillraceError('STORAGE_CONFLICT', `${target.location} already holds something`, {
    cure: 'give the savepoint an empty directory of its own',
  })
}
