/**
 * Writes a savepoint: a complete checkpoint copied into a directory of its own, with a chain of one
 * link. It shares nothing with the job, can be moved, opens like any checkpoint directory, and is
 * one when its manifest is there: what an interrupted attempt left is gone on with.
 */
import { MillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { type ChainEntry, EMPTY_HEAD, appendLink, readChain } from './chain.ts'
import { copyRun } from './copy-run.ts'
import type { RunVerifier } from './damage.ts'
import { linkName, parseRunName } from './layout.ts'
import type { CheckpointLink } from './manifest.ts'
import { runNamesOf, runsOf } from './registry.ts'

/**
 * Copies the runs of `link` from `source` to `target`, reads the copies to their last block, then
 * writes the manifest there: what is called a savepoint can be restored. The runs must be kept
 * meanwhile (`ChainKeeper.holding`, or a pin).
 *
 * @param former hash of a manifest that may be replaced, because nobody was told of it yet.
 * @throws `STORAGE_CONFLICT` if `target` holds anything but what an interrupted savepoint left;
 *   `STORAGE_CORRUPT` if a run is damaged.
 */
export async function writeSavepoint(
  source: BlobStore,
  link: CheckpointLink,
  target: BlobStore,
  former?: string,
  verifyRun?: RunVerifier,
): Promise<ChainEntry> {
  const { entries } = await readChain(target)
  const [only] = entries
  if (entries.length === 1 && only?.hash === former) await target.delete(linkName(1))
  await requireRoom(target)
  const there = (await target.list('runs/')).map((blob) => blob.name)
  const verifying = verifyRun === undefined ? {} : { verifyRun }
  // No name is used twice, so a file of that name is a copy from before.
  for (const run of runsOf(link)) {
    await copyRun({ from: source, name: run.name, to: target, run, ...verifying })
  }
  const entry = await appendLink(target, EMPTY_HEAD, { ...link, purpose: 'savepoint' })
  if (entry === 'lost') throw occupied(target)
  const needed = runNamesOf([entry.link])
  for (const name of there) if (!needed.has(name)) await target.delete(name)
  return entry
}

/**
 * Throws `STORAGE_CONFLICT` unless a savepoint can be written there: nothing is there, or runs
 * without any manifest, which nobody needs.
 */
export async function requireRoom(target: BlobStore): Promise<void> {
  const blobs = await target.list('')
  if (blobs.some(({ name }) => parseRunName(name) === undefined)) throw occupied(target)
}

/** Why a savepoint cannot be written there. */
export function occupied(target: BlobStore): MillraceError {
  return new MillraceError('STORAGE_CONFLICT', `${target.location} already holds something`, {
    cure: 'give the savepoint an empty directory of its own',
  })
}
