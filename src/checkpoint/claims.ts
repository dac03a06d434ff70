/**
 * Who a snapshot belongs to. A job that starts from one and claims it becomes the owner of its
 * files: it commits the output that is not committed yet, and deletes the files when all it needs
 * is its own. A mark in the snapshot's directory says so, put if absent, so there is one owner; it
 * stays when the files have gone, and nobody else starts from there.
 */
import { Buffer } from 'node:buffer'
import { isMillraceError, MillraceError } from '../errors.ts'
import { blobExists } from '../storage/blob-exists.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { type Chain, appendLink } from './chain.ts'
import {
  CHAIN_PREFIX,
  CLAIM_NAME,
  LINKS_DELETED_NAME,
  linkName,
  PINS_PREFIX,
  RUNS_PREFIX,
  sequenceOfLink,
} from './layout.ts'
import { requireSigner } from './link-signature.ts'
import { hashOf } from './manifest-codec.ts'
import type { CheckpointLink } from './manifest.ts'
import { livePins } from './pins.ts'

/** The job that has claimed a snapshot. */
export interface Claimant {
  readonly jobName: string
  /** Its checkpoint storage; absolute. */
  readonly location: string
}

const MARK_BYTES_MAX = 64 * 1024

/**
 * Whose the snapshot is, if it has been claimed.
 *
 * @throws `STORAGE_CORRUPT` if the mark is damaged: it is somebody's, and nobody knows whose.
 */
export async function claimantOf(store: BlobStore): Promise<Claimant | undefined> {
  // What was read wrongly once is not taken for damage.
  let claimant = await readMark(store)
  if (claimant === 'damaged') claimant = await readMark(store)
  if (claimant !== 'damaged') return claimant
  const message = `${store.location}/${CLAIM_NAME} is damaged: a job has claimed this snapshot`
  const cure = 'start from another snapshot; if it was this job that claimed it, delete the file'
  throw new MillraceError('STORAGE_CORRUPT', message, { cure, details: { name: CLAIM_NAME } })
}

async function readMark(store: BlobStore): Promise<Claimant | 'damaged' | undefined> {
  let bytes: Uint8Array
  try {
    const { lengthBytes } = await store.stat(CLAIM_NAME)
    bytes = await store.read(CLAIM_NAME, 0, Math.min(lengthBytes, MARK_BYTES_MAX))
  } catch (error) {
    if (isMillraceError(error) && error.code === 'STORAGE_NOT_FOUND') return undefined
    throw error
  }
  try {
    const value: unknown = JSON.parse(Buffer.from(bytes).toString('utf8'))
    if (typeof value === 'object' && value !== null && 'jobName' in value && 'location' in value) {
      const claimant = { jobName: String(value.jobName), location: String(value.location) }
      // Marks of older versions have none.
      const isWhole = !('checksum' in value) || value.checksum === checksumOf(claimant)
      return isWhole ? claimant : 'damaged'
    }
  } catch {
    // No JSON any more.
  }
  return 'damaged'
}

/** @throws `SNAPSHOT_CLAIMED` if the snapshot belongs to another job; as `claimantOf` does. */
export async function requireUnclaimed(store: BlobStore, self: Claimant): Promise<void> {
  const claimant = await claimantOf(store)
  if (claimant === undefined || isSame(claimant, self)) return
  const { jobName, location } = claimant
  const message = `${store.location} belongs to job ${jobName} (${location}), which has claimed it`
  throw new MillraceError('SNAPSHOT_CLAIMED', message, { details: { job: jobName, location } })
}

/**
 * Makes a snapshot the job's own. If it is a checkpoint of a job, the line of that job ends with
 * it: a fence follows, so that not even a process that slept can append to it.
 *
 * @param requireUnused throws if a living job works on it; asked before and after the mark is put,
 *   because such a job may have started in between.
 * @throws `SNAPSHOT_CLAIMED`, `SNAPSHOT_IN_USE`, `STORAGE_CORRUPT`; then nothing is claimed.
 */
export async function claimSnapshot(
  store: BlobStore,
  link: CheckpointLink,
  chain: Chain,
  claim: {
    readonly self: Claimant
    readonly nowMs: number
    readonly requireUnused: () => Promise<void>
  },
): Promise<void> {
  const { self, nowMs, requireUnused } = claim
  await requireUnclaimed(store, self)
  // Claimed before, perhaps by a start that crashed: whoever reads it now is a former self.
  if ((await claimantOf(store)) !== undefined) return await endOnce(store, link, chain, nowMs)
  await requireUnused()
  await requireUnread(store, nowMs)
  const facts = { ...self, checksum: checksumOf(self) }
  const mark = Buffer.from(`${JSON.stringify(facts)}\n`, 'utf8')
  if (!(await store.putIfAbsent(CLAIM_NAME, mark))) return await requireUnclaimed(store, self)
  try {
    await requireUnused()
    await requireUnread(store, nowMs)
    await endOnce(store, link, chain, nowMs)
  } catch (error) {
    await store.delete(CLAIM_NAME)
    throw error
  }
}

/**
 * Deletes what a claimed snapshot consists of, manifests first, so that a half deleted one is an
 * empty one; the mark stays. May be called again.
 */
export async function deleteClaimed(store: BlobStore, self: Claimant): Promise<void> {
  const claimant = await claimantOf(store)
  if (claimant === undefined || !isSame(claimant, self)) return
  for (const name of await linkNames(store)) await store.delete(name)
  // One that a former process deleted, and died, must not come back without its runs either.
  await store.settle?.(CHAIN_PREFIX)
  for (const prefix of [RUNS_PREFIX, PINS_PREFIX]) {
    for (const { name } of await store.list(prefix)) await store.delete(name)
  }
  await store.delete(LINKS_DELETED_NAME)
}

/** All links, oldest first, also those that are so new that a list does not show them yet. */
async function linkNames(store: BlobStore): Promise<readonly string[]> {
  const names = (await store.list(CHAIN_PREFIX)).map(({ name }) => name)
  const newest = Math.max(0, ...names.flatMap((name) => sequenceOfLink(name) ?? []))
  for (let next = newest + 1; await blobExists(store, linkName(next)); next++) {
    names.push(linkName(next))
  }
  return names
}

async function requireUnread(store: BlobStore, nowMs: number): Promise<void> {
  if ((await livePins(store, nowMs)).length > 0) throw inUse(store, 'it is being read or imported')
}

/** Ends the line of a job with a fence, unless it is a savepoint or ends with one. */
async function endOnce(
  store: BlobStore,
  { jobName, lineage, sequence }: CheckpointLink,
  { head, entries }: Chain,
  nowMs: number,
): Promise<void> {
  const newest = entries.at(-1)?.link
  if (entries.length < 2 || newest?.kind === 'fence') return
  requireSigner(store, newest)
  const leaderEpoch = head.leaderEpoch + 1
  const facts = { jobName, lineage, leaderEpoch, writtenAt: nowMs, restores: sequence }
  const entry = await appendLink(store, head, { kind: 'fence', ...facts })
  if (entry === 'lost') throw inUse(store, 'its job has gone on meanwhile')
}

/** A wrong bit would make the mark another job's. */
function checksumOf({ jobName, location }: Claimant): string {
  return hashOf(Buffer.from(JSON.stringify([jobName, location]), 'utf8'))
}

function isSame(a: Claimant, b: Claimant): boolean {
  return a.jobName === b.jobName && a.location === b.location
}

/** A living job works on what was to be claimed. */
function inUse(store: BlobStore, why: string): MillraceError {
  return new MillraceError('SNAPSHOT_IN_USE', `${store.location} cannot be claimed: ${why}`)
}
