/**
 * Deletes what retention allows: the shell around `retention.ts`. Readers and standbys pin a link
 * by a mark that expires (`pins.ts`). Deleting links before runs, and reading the pins again in
 * between, means: a reader that pins a link and then still finds it has its runs until the pin
 * expires.
 */
import { Buffer } from 'node:buffer'
import { blobExists } from '../storage/blob-exists.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { type Reach, reachNothing } from './crash-points.ts'
import { LINKS_DELETED_NAME, RUNS_PREFIX, linkName } from './layout.ts'
import type { ManifestLink } from './manifest.ts'
import { livePins } from './pins.ts'
import { type AliveAttempt, type RetentionRequest, deletableRuns, retain } from './retention.ts'

/** For people: its name says all. */
const NOTE = Buffer.from('The first links of this chain have been deleted.\n')

export interface CollectionRequest extends RetentionRequest {
  readonly alive: AliveAttempt
  /**
   * Sequences of links that are damaged, missing or given up. They go with their neighbours; until
   * then runs stay, for which of them they name is not known.
   */
  readonly damaged: readonly number[]
  /** Holders whose pins hold nothing any more: of standbys that the end of the job ends, too. */
  readonly ignoredPins?: readonly string[]
  /** Wall time, for the expiry of pins only. */
  readonly nowMs: number
}

export interface Collection {
  /** The links that are left, oldest first. */
  readonly links: readonly ManifestLink[]
  /** What is left of the damaged ones. */
  readonly damaged: readonly number[]
  readonly deletedLinks: number
  readonly deletedRuns: number
}

/**
 * Deletes old links and runs. May fail at any point and be called again.
 *
 * @param request `links` is the whole chain as its leader knows it.
 */
export async function collectGarbage(
  store: BlobStore,
  request: CollectionRequest,
  reach: Reach = reachNothing,
): Promise<Collection> {
  const { links, alive, nowMs, ignoredPins } = request
  const nothing = { links, damaged: request.damaged, deletedLinks: 0, deletedRuns: 0 }
  await reach('gc-begin')
  if (await isSuperseded(store, links)) return nothing
  const pins = await livePins(store, nowMs, ignoredPins)
  const { released, kept } = retain({ ...request, held: [...request.held, ...pins] })
  const front = kept[0]?.sequence ?? 0
  // A reader may hold a link that was given up, which is none of `links`.
  const cut = Math.min(front, ...pins)
  const gone = request.damaged.filter((sequence) => !request.unverified && sequence < cut)
  const damaged = request.damaged.filter((sequence) => !gone.includes(sequence))
  const doomedLinks = [...released.map(({ sequence }) => sequence), ...gone]
  // Before the first goes: who then finds its number free must be told that it was taken.
  if (doomedLinks.includes(1)) await store.putIfAbsent(LINKS_DELETED_NAME, NOTE)
  let deletedLinks = 0
  for (const sequence of doomedLinks.toSorted((a, b) => a - b)) {
    await store.delete(linkName(sequence))
    deletedLinks++
    await reach('gc-link-deleted')
    // Who slept here has perhaps been succeeded by one that goes on from what is to go next.
    if (await isSuperseded(store, links)) return { ...nothing, deletedLinks }
  }
  // Who pinned one of these while they were being deleted has read its link, but not its runs.
  const latePins = new Set(await livePins(store, nowMs, ignoredPins))
  const pinned = released.filter((link) => latePins.has(link.sequence))
  const known = new Set(released.map((link) => link.sequence))
  const collection = { links: kept, damaged, deletedLinks, deletedRuns: 0 }
  if (damaged.length > 0) return collection
  // A pin on a link that an earlier collection deleted: which runs it means is not known any more.
  if ([...latePins].some((pin) => pin < front && !known.has(pin))) return collection
  const blobs = await store.list(RUNS_PREFIX)
  const names = blobs.map((blob) => blob.name)
  const doomed = deletableRuns({ names, kept: [...pinned, ...kept], released, alive })
  for (const name of doomed) {
    await store.delete(name)
    await reach('gc-run-deleted')
  }
  return { ...collection, deletedRuns: doomed.length }
}

/** True if another leader has appended: then it is not ours any more to delete anything. */
async function isSuperseded(store: BlobStore, links: readonly ManifestLink[]): Promise<boolean> {
  const head = links.at(-1)
  return head !== undefined && (await blobExists(store, linkName(head.sequence + 1)))
}
