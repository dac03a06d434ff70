/**
 * Reading and appending the chain of manifests. One rule carries everything: a link can be put at
 * one number only once, and only after its predecessor, so what a leader has read up to the head
 * is all there is, and whoever loses the put for a number knows that another one leads.
 *
 * Reading trusts nothing: each link has a checksum of its own and must have the hash that its
 * successor names. Old links are deleted from the front, so the first one that is left is believed
 * without its predecessor. What does not verify is left out and listed as damage; the caller
 * decides whether what is left will do (`damage.ts`).
 */
import { MillraceError } from '../errors.ts'
import { blobExists } from '../storage/blob-exists.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { type Reach, reachNothing } from './crash-points.ts'
import { CHAIN_PREFIX, linkName, sequenceOfLink } from './layout.ts'
import { requireSigner, signedLink } from './link-signature.ts'
import { isFollowed, isPassed } from './passed.ts'
import { type OnForged, type RawLink, readAll } from './raw-link.ts'
import { MANIFEST_BYTES_MAX, encodeLink, hashOf } from './manifest-codec.ts'
import { MANIFEST_FORMAT_VERSION } from './manifest.ts'
import type { CheckpointLink, FenceLink, GivenUp, ImportRecord, ManifestLink } from './manifest.ts'

/** A link that verified. */
export interface ChainEntry {
  readonly name: string
  readonly link: ManifestLink
  /** Of its bytes; the next link names it. */
  readonly hash: string
  readonly lengthBytes: number
}

/** Where the next link goes; all zero and empty for an empty chain. */
export interface ChainHead {
  readonly sequence: number
  readonly hash: string
  readonly lengthBytes: number
  /** No leader has had a higher one, even if damage hides its links. */
  readonly leaderEpoch: number
}

/** A link that is missing or does not verify; the others are judged by themselves. */
export interface ChainDamage {
  readonly sequence: number
  readonly name: string
  readonly problem: string
}

export interface Chain {
  /** Newest last, by sequence; with gaps where there is damage. */
  readonly entries: readonly ChainEntry[]
  readonly head: ChainHead
  /** Newest last. */
  readonly damage: readonly ChainDamage[]
  /**
   * What is left of links before a fence that gives them up, oldest first: not read, in nobody's
   * way, to be deleted by whoever comes by.
   */
  readonly givenUp: readonly LeftLink[]
}

/** A link of which only is known that it is there. */
export interface LeftLink {
  readonly sequence: number
  readonly lengthBytes: number
}

/** A link without what its place in the chain adds. */
export type LinkBody =
  | Omit<FenceLink, 'formatVersion' | 'sequence' | 'previousHash'>
  | Omit<CheckpointLink, 'formatVersion' | 'sequence' | 'previousHash'>

export const EMPTY_HEAD: ChainHead = { sequence: 0, hash: '', lengthBytes: 0, leaderEpoch: 0 }

const FENCE_ATTEMPTS_MAX = 32
const READ_ATTEMPTS_MAX = 32

/**
 * Reads all links that the store still has.
 *
 * @param onForged `report`: what is not signed as the store demands is damage, and not refused.
 * @throws `SIGNATURE_MISSING`, `SIGNATURE_INVALID`, `KEY_NOT_FOUND` if the store demands
 *   signatures, `CHECKPOINT_INCOMPATIBLE` if a link is of a newer format version (it is not damage:
 *   it must not be passed over), `STORAGE_CONFLICT` if others append and delete faster than it
 *   reads, and what the store throws except `STORAGE_NOT_FOUND`.
 */
export async function readChain(store: BlobStore, onForged: OnForged = 'refuse'): Promise<Chain> {
  for (let attempt = 1; attempt <= READ_ATTEMPTS_MAX; attempt++) {
    const found = new Map<number, number>()
    for (const blob of await store.list(CHAIN_PREFIX)) {
      const sequence = sequenceOfLink(blob.name)
      if (sequence !== undefined) found.set(sequence, blob.lengthBytes)
    }
    const { raw, givenUp } = await readAll(store, found, onForged)
    const newest = Math.max(0, ...found.keys())
    // The newest link is never deleted: if it has gone, a living leader has put others after it,
    // and what is left may be nothing, which is not to be taken for a job that never ran.
    if (newest === 0 || raw.at(-1)?.sequence === newest) {
      const left = givenUp.map((sequence) => ({ sequence, lengthBytes: found.get(sequence) ?? 0 }))
      return { ...verified(raw), givenUp: left }
    }
  }
  throw new MillraceError(
    'STORAGE_CONFLICT',
    `${store.location}: the newest link was deleted ${READ_ATTEMPTS_MAX} times while it was read`,
  )
}

/** What the links, oldest first, amount to. */
function verified(raw: readonly RawLink[]): Omit<Chain, 'givenUp'> {
  const entries: ChainEntry[] = []
  const damage: ChainDamage[] = []
  raw.forEach((current, index) => {
    const previous = raw[index - 1]
    if (previous !== undefined) {
      for (let missing = previous.sequence + 1; missing < current.sequence; missing++) {
        damage.push({ sequence: missing, name: linkName(missing), problem: 'is missing' })
      }
    }
    const { sequence, name, hash, lengthBytes, link } = current
    const problem = link === undefined ? current.problem : mismatch(current, raw[index + 1])
    if (link === undefined || problem !== '') damage.push({ sequence, name, problem })
    else entries.push({ name, link, hash, lengthBytes })
  })
  const newest = raw.at(-1)
  if (newest === undefined) return { entries, head: EMPTY_HEAD, damage }
  const known = entries.at(-1)?.link ?? { sequence: 0, leaderEpoch: 0 }
  // Each damaged link after the newest known one may have been the fence of one more leader.
  const leaderEpoch = known.leaderEpoch + (newest.sequence - known.sequence)
  return {
    entries,
    // The hash is of the bytes as they lie, damaged or not: that is what the successor follows.
    head: {
      sequence: newest.sequence,
      hash: newest.hash,
      lengthBytes: newest.lengthBytes,
      leaderEpoch: known.sequence === newest.sequence ? known.leaderEpoch : leaderEpoch,
    },
    damage,
  }
}

/** Why a link that is sound by itself is not the one its successor followed; empty if it is. */
function mismatch(current: RawLink, next: RawLink | undefined): string {
  if (next?.link === undefined || next.sequence !== current.sequence + 1) return ''
  return next.link.previousHash === current.hash ? '' : `is not the one that ${next.name} follows`
}

/**
 * Puts a link right after `head`; the commit point of a checkpoint.
 *
 * @returns the entry, which is the new head; `'lost'` if the number is taken: another one leads.
 * @throws what the store throws, and `STORAGE_CORRUPT` if the link at `head` has been damaged
 *   since. Then ask `wasAppended` before going on: the link may be there.
 */
export async function appendLink(
  store: BlobStore,
  head: ChainHead,
  body: LinkBody,
): Promise<ChainEntry | 'lost'> {
  const sequence = head.sequence + 1
  const place = { formatVersion: MANIFEST_FORMAT_VERSION, sequence, previousHash: head.hash }
  const link = await signedLink(store, under({ ...body, ...place }, await store.keyId?.()))
  const bytes = encodeLink(link)
  if (bytes.length > MANIFEST_BYTES_MAX) {
    throw new MillraceError('CHECKPOINT_FAILED', `a manifest of ${bytes.length} bytes is too large`)
  }
  const name = linkName(sequence)
  if (!(await store.putIfAbsent(name, bytes))) return 'lost'
  const hash = hashOf(bytes)
  if (await isPassed(store, head)) {
    // What lies where the chain has long been is no link of it, and nobody is to take it for one.
    if (!(await isFollowed(store, sequence, hash))) await store.delete(name).catch(() => undefined)
    return 'lost'
  }
  return { name, link, hash, lengthBytes: bytes.length }
}

/** The link with the key that it will be encrypted under; its former copy may have another. */
function under(link: ManifestLink, keyId: string | undefined): ManifestLink {
  if (keyId !== undefined) return { ...link, keyId }
  const { keyId: _former, ...plain } = link
  return plain
}

/** The head after `entry`. */
export function headAt(entry: ChainEntry): ChainHead {
  const { sequence, leaderEpoch } = entry.link
  const { hash, lengthBytes } = entry
  return { sequence, hash, lengthBytes, leaderEpoch }
}

/**
 * After `appendLink` threw: is there a link after `head` now? True or `'unknown'` means that the
 * checkpoint may be complete although its put failed, so it must be neither aborted nor followed:
 * the attempt ends, and the next one reads the chain.
 */
export async function wasAppended(store: BlobStore, head: ChainHead): Promise<boolean | 'unknown'> {
  try {
    if (await blobExists(store, linkName(head.sequence + 1))) return true
    // If the one before it has gone, too, it may have been there, restored by another leader, and
    // deleted since.
    return (await isPassed(store, head)) ? 'unknown' : false
  } catch {
    return 'unknown'
  }
}

/** What a new leader goes on from. */
export interface FenceDecision {
  /** Sequence of the checkpoint to restore; 0 for a fresh start. */
  readonly restores: number
  readonly lineage: string
  readonly imports?: ImportRecord
  readonly givesUp?: GivenUp
}

/** Why there is nothing to go on from, for people. */
export const GIVEN_UP = 'the job was cancelled and gave its checkpoints up (`onCancel: delete`)'

/** The fence at the end of a chain whose checkpoints were given up; undefined if it goes on. */
export function givenUpBy({ entries }: Chain): FenceLink | undefined {
  const newest = entries.at(-1)?.link
  return newest?.kind === 'fence' && newest.givesUp !== undefined ? newest : undefined
}

export interface Leadership {
  readonly chain: Chain
  readonly fence: FenceLink
}

/**
 * Takes the lead: writes a fence with the next leadership epoch as the next link. `decide` sees the
 * chain as it is; if another process puts a link meanwhile, the chain is read and `decide` asked
 * again, so no checkpoint can slip in between what was decided and the fence. Once it is written,
 * no former leader can append: its next put loses.
 *
 * @throws what `decide` and the store throw; `STORAGE_CONFLICT` if others keep taking the number.
 */
export async function fence(
  store: BlobStore,
  identity: Pick<FenceLink, 'jobName' | 'writtenAt' | 'leader'>,
  decide: (chain: Chain) => FenceDecision | Promise<FenceDecision>,
  reach: Reach = reachNothing,
): Promise<Leadership> {
  for (let attempt = 1; attempt <= FENCE_ATTEMPTS_MAX; attempt++) {
    const chain = await readChain(store)
    const { head, entries, damage, givenUp } = chain
    requireSigner(store, entries.at(-1)?.link)
    let decision: FenceDecision
    try {
      decision = await decide(chain)
    } catch (error) {
      // What looks like damage may be what a living leader deletes behind its newer links.
      const isOld = (await wasAppended(store, head)) === true || (await isPassed(store, head))
      if (isOld && attempt < FENCE_ATTEMPTS_MAX) continue
      throw error
    }
    const leaderEpoch = head.leaderEpoch + 1
    const body = { kind: 'fence', ...identity, ...decision, leaderEpoch } as const
    // Of what was read the last may be a dead process's, and the fence must not outlive it.
    await store.settle?.(CHAIN_PREFIX)
    await reach('before-fence')
    const entry = await appendLink(store, head, body)
    if (entry === 'lost' || entry.link.kind !== 'fence') continue
    await reach('after-fence')
    return {
      fence: entry.link,
      chain: { entries: [...entries, entry], head: headAt(entry), damage, givenUp },
    }
  }
  throw new MillraceError(
    'STORAGE_CONFLICT',
    `${store.location}: others appended to the chain ${FENCE_ATTEMPTS_MAX} times in a row`,
  )
}
