/**
 * Giving the checkpoints of a job up, for good: what a cancelled job does that was told so. First a
 * fence is put that says so, as fairly as that of any new leader: who loses that put leads no more
 * and gives nothing up. From then on nothing older counts, whoever reads the chain and however much
 * of it is left, so it can be deleted in peace. The fence stays: numbers and epochs go on after it,
 * and whoever slept finds its number taken.
 */
import { MillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { type Chain, fence } from './chain.ts'
import { type Collection, collectGarbage } from './collect-garbage.ts'
import { type Reach, reachNothing } from './crash-points.ts'
import { highestCheckpointId } from './highest-id.ts'
import type { FenceLink } from './manifest.ts'

export interface GiveUpRequest {
  readonly jobName: string
  /** The claim of the process that has led the job, and the epoch of its newest fence. */
  readonly leader: string
  readonly leaderEpoch: number
  /** A new one: that of the job ends. */
  readonly lineage: string
  readonly nowMs: number
}

/**
 * Puts the fence. Nothing has been deleted when this resolves.
 *
 * @returns the chain with the fence at its end.
 * @throws `LEADERSHIP_LOST` if another process leads, or the chain is not the one that was led.
 */
export async function giveUp(
  store: BlobStore,
  request: GiveUpRequest,
  reach: Reach = reachNothing,
): Promise<Chain> {
  const { jobName, leader, lineage, nowMs } = request
  const { chain } = await fence(
    store,
    { jobName, leader, writtenAt: nowMs },
    async (seen) => {
      requireLead(store, seen, request)
      const givesUp = { highestCheckpointId: await highestCheckpointId(store, seen) }
      return { restores: 0, lineage, givesUp }
    },
    reach,
  )
  return chain
}

/**
 * Deletes what was given up, oldest first. May fail at any point; the next leader's collections and
 * `millrace checkpoint gc` delete what is left then, and what a reader holds now.
 *
 * @param chain as `giveUp` left it.
 * @param standbys whose pins do not count, because the end of the job is theirs.
 */
export async function deleteGivenUp(
  store: BlobStore,
  { entries, damage, givenUp, head }: Chain,
  { nowMs, standbys }: { readonly nowMs: number; readonly standbys: readonly string[] },
  reach: Reach = reachNothing,
): Promise<Collection> {
  const links = entries.map(({ link }) => link)
  const older = [...givenUp, ...damage, ...links.slice(0, -1)]
  const request = {
    links: links.slice(-1),
    damaged: older.map(({ sequence }) => sequence),
    keep: 0,
    held: [],
    unverified: false,
    alive: { leaderEpoch: head.leaderEpoch, checkpointId: 0 },
    nowMs,
    ignoredPins: standbys,
  }
  return collectGarbage(store, request, reach)
}

function requireLead(store: BlobStore, seen: Chain, { leader, leaderEpoch }: GiveUpRequest): void {
  const fences = seen.entries.map(({ link }) => link).filter((link) => link.kind === 'fence')
  const newest: FenceLink | undefined = fences.at(-1)
  // A fence of its own whose put seemed to fail, at the start of an attempt, is no successor's.
  const isOwn = newest?.leader === leader && newest.leaderEpoch === seen.head.leaderEpoch
  if (isOwn || seen.head.leaderEpoch === leaderEpoch) return
  throw new MillraceError('LEADERSHIP_LOST', `${store.location}: another process took over`)
}
