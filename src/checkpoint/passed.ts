/** Whether a chain has gone on without its former leader, who has slept meanwhile. */
import { MillraceError } from '../errors.ts'
import { blobExists } from '../storage/blob-exists.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { LINKS_DELETED_NAME, linkName } from './layout.ts'
import { readHash, readWhole } from './raw-link.ts'

/** Where a leader's next link follows: a `ChainHead`. */
interface Former {
  readonly sequence: number
  readonly hash: string
  readonly lengthBytes: number
}

/**
 * True if the chain has gone on after `head` for so long that the number after it was taken, and
 * deleted again: then the put found it free, but another process leads. Links are deleted from the
 * front and the newest never is, so the number was free for good only if its predecessor is there:
 * that very link, and not what another process that slept has put where it was.
 */
export async function isPassed(store: BlobStore, head: Former): Promise<boolean> {
  // No link was listed: a list that lags behind may show none of a chain that is younger than that.
  if (head.sequence === 0) return await blobExists(store, LINKS_DELETED_NAME)
  if ((await readHash(store, head.sequence, head.lengthBytes)) === head.hash) return false
  // What was read wrongly once is not taken for another link, nor the beginning of a longer one.
  const again = await readWhole(store, head.sequence)
  if (again === undefined) return true
  if (again.hash === head.hash) return false
  if (again.link !== undefined) return true
  // Its own disk may have damaged it, which is no other leader; but what was there, nobody knows.
  const { name } = again
  const problem = again.problem.replace(`${name} `, '')
  const message = `${store.location}: damaged since it was read: ${name} ${problem}`
  throw new MillraceError('STORAGE_CORRUPT', message, { details: { name } })
}

/**
 * True if the next link follows this one, which is of the chain then, whatever has become of those
 * before it: its leader slept when it had put it, and others went on from there. Links are deleted
 * from the front, so the next one is there as long as this one is.
 */
export async function isFollowed(
  store: BlobStore,
  sequence: number,
  hash: string,
): Promise<boolean> {
  if (!(await blobExists(store, linkName(sequence + 1)))) return false
  const next = await readWhole(store, sequence + 1)
  // Of one that cannot be read nobody knows what it follows.
  return next !== undefined && (next.link === undefined || next.link.previousHash === hash)
}
