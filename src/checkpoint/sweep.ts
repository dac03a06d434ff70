/**
 * Mark and sweep of a checkpoint directory by somebody who does not lead it: runs that no link
 * names any more and that nobody alive can come to name. Links are the leader's to delete, except
 * what a cancelled job gave up and did not come to delete. So are the runs of the newest epoch: an
 * attempt under way may name them in its next manifest.
 *
 * Why it is safe beside a running job. A link names runs of a link before it, and runs of its own
 * epoch. So once all links of one moment are known, an unnamed run of an epoch older than the
 * head's can never be named again, whoever leads then. One moment it is because the runs are listed
 * first, the chain is read then, and its head is still the newest link afterwards.
 */
import { MillraceError } from '../errors.ts'
import { blobExists } from '../storage/blob-exists.ts'
import type { BlobInfo, BlobStore } from '../storage/blob-store.ts'
import { type Chain, readChain, wasAppended } from './chain.ts'
import { type Reach, reachNothing } from './crash-points.ts'
import { CHAIN_PREFIX, RUNS_PREFIX, linkName, parseRunName } from './layout.ts'
import { type FoundPin, readPins } from './pins.ts'
import { runNamesOf } from './registry.ts'

export type SweepReason =
  /** Deleted: no link names it, and the leadership it was written under is over. */
  | 'unnamed'
  /** Deleted: the job was cancelled and gave this manifest up. */
  | 'given-up'
  /** Deleted: a mark whose time is over. */
  | 'expired-pin'
  /** Kept: a link of the chain names it. */
  | 'named'
  /** Kept: of the epoch that leads, so an attempt under way may still name it. */
  | 'leading-epoch'
  /** Kept: a reader holds a link that is gone from the chain; which runs it names is not known. */
  | 'pinned'
  /** Kept: a link is damaged or missing; which runs it names is not known. */
  | 'damaged-chain'
  /** Kept: not a file of Millrace. */
  | 'foreign'

export interface SweepFinding extends BlobInfo {
  readonly verdict: 'delete' | 'keep'
  readonly reason: SweepReason
}

export interface Sweep {
  /** Of the newest link. */
  readonly leaderEpoch: number
  readonly checkpoints: number
  /** Every expired pin, every manifest that was given up, and every file under `runs/`. */
  readonly findings: readonly SweepFinding[]
}

export interface SweepRequest {
  /** Wall time, for the expiry of pins only. */
  readonly nowMs: number
  /** Only find out. */
  readonly isDryRun: boolean
  /** Told before each deletion how many of how many are done. */
  readonly onDelete?: (done: number, of: number) => void
  readonly reach?: Reach
}

const READS_MAX = 32

/**
 * Finds what may be deleted, and deletes it unless it is a dry run. May fail at any point and be
 * called again; a running job, its own collections and other sweeps may go on meanwhile.
 *
 * @throws `CHECKPOINT_NOT_FOUND` if there is no chain: a savepoint may just be written there;
 *   `STORAGE_CONFLICT` if the chain grew at each of many readings.
 */
export async function sweep(store: BlobStore, request: SweepRequest): Promise<Sweep> {
  const { reach = reachNothing, onDelete = () => undefined, isDryRun } = request
  const found = await markedSweep(store, request.nowMs)
  if (isDryRun) return found
  await reach('gc-begin')
  // A link that was not found must not come back after its runs have gone.
  await store.settle?.(CHAIN_PREFIX)
  const doomed = found.findings.filter(({ verdict }) => verdict === 'delete')
  for (const [done, { name }] of doomed.entries()) {
    onDelete(done, doomed.length)
    await store.delete(name)
    await reach('gc-run-deleted')
  }
  return found
}

async function markedSweep(store: BlobStore, nowMs: number): Promise<Sweep> {
  for (let read = 1; read <= READS_MAX; read++) {
    const runs = await store.list(RUNS_PREFIX)
    const chain = await readChain(store)
    if (chain.head.sequence === 0) {
      // Every link that was listed may have been deleted behind newer ones.
      if ((await store.list(CHAIN_PREFIX)).length > 0) continue
      throw new MillraceError('CHECKPOINT_NOT_FOUND', `${store.location}: there is no chain`, {
        cure: 'what an interrupted savepoint has left can be deleted with its folder',
      })
    }
    // After the chain: who pins a link that was not read any more is seen, or finds it gone.
    const pins = await readPins(store, nowMs)
    if (await isStillHead(store, chain)) return planSweep(runs, chain, pins)
  }
  throw new MillraceError(
    'STORAGE_CONFLICT',
    `${store.location}: the chain grew ${READS_MAX} times while it was read`,
    { cure: 'try again; nothing was deleted', retryable: true },
  )
}

/** Whether all links that are there now have been read. */
async function isStillHead(store: BlobStore, { head }: Chain): Promise<boolean> {
  if ((await wasAppended(store, head)) !== false) return false
  // Were it gone, the number after it would be free only because it was deleted, too.
  return blobExists(store, linkName(head.sequence))
}

/** The decision, pure. `chain` and `pins` are all there are at one moment not before `runs`. */
function planSweep(runs: readonly BlobInfo[], chain: Chain, pins: readonly FoundPin[]): Sweep {
  const links = chain.entries.map(({ link }) => link)
  const { leaderEpoch } = chain.head
  const needed = runNamesOf(links)
  const known = new Set(links.map(({ sequence }) => sequence))
  const isPinned = pins.some(({ sequence, isAlive }) => isAlive && !known.has(sequence))
  const newest = links.at(-1)
  const begun = newest?.kind === 'fence' ? newest.imports : undefined
  const reasonOf = (name: string): SweepReason => {
    const run = parseRunName(name)
    if (run === undefined) return 'foreign'
    if (needed.has(name)) return 'named'
    if (chain.damage.length > 0) return 'damaged-chain'
    // An import that a former leader began goes on under the names it began with.
    const epoch = begun?.ownCheckpointId === run.checkpointId ? begun.leaderEpoch : leaderEpoch
    if (run.leaderEpoch >= epoch) return 'leading-epoch'
    return isPinned ? 'pinned' : 'unnamed'
  }
  const ofRuns = runs.map((blob): SweepFinding => {
    const reason = reasonOf(blob.name)
    return { ...blob, verdict: reason === 'unnamed' ? 'delete' : 'keep', reason }
  })
  const held = Math.min(...pins.flatMap(({ sequence, isAlive }) => (isAlive ? sequence : [])))
  const ofLinks = chain.givenUp.map(({ sequence, lengthBytes }): SweepFinding => {
    const blob = { name: linkName(sequence), lengthBytes }
    // From the front only: what follows a link that is held may share runs with it.
    if (sequence < held) return { ...blob, verdict: 'delete', reason: 'given-up' }
    return { ...blob, verdict: 'keep', reason: 'pinned' }
  })
  const ofPins = pins.flatMap(({ name, lengthBytes, isAlive }): SweepFinding[] =>
    isAlive ? [] : [{ name, lengthBytes, verdict: 'delete', reason: 'expired-pin' }],
  )
  const checkpoints = links.filter(({ kind }) => kind === 'checkpoint').length
  return { leaderEpoch, checkpoints, findings: [...ofPins, ...ofLinks, ...ofRuns] }
}
