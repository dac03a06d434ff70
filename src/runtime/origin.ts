/**
 * What a job goes on from, decided by a new leader before it writes anything: its newest own
 * checkpoint, an older one, a foreign snapshot, the import of one that a former leader began, or
 * nothing.
 */
import { type Chain, GIVEN_UP, givenUpBy, readChain } from '../checkpoint/chain.ts'
import { type Claimant, claimantOf, claimSnapshot, requireUnclaimed } from '../checkpoint/claims.ts'
import { chooseCheckpoint, readRun, verifyCheckpoint } from '../checkpoint/damage.ts'
import { highestCheckpointId } from '../checkpoint/highest-id.ts'
import { lineOf } from '../checkpoint/line.ts'
import type { CheckpointLink, ImportRecord } from '../checkpoint/manifest.ts'
import { requireForeignOutput } from '../checkpoint/visible-output.ts'
import { MillraceError } from '../errors.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import type { Host } from './host.ts'
import { type ForeignSnapshot, foreignGone } from './import-snapshot.ts'

export interface OriginRequest {
  readonly host: Host
  readonly store: BlobStore
  readonly from: string | undefined
  readonly fresh: boolean
  /** Whether the foreign snapshot is to become the job's. */
  readonly claims: boolean
  /** The job itself, by its storage. */
  readonly self: Claimant
  readonly acceptDuplicates: boolean
  /** What sinks were called before. */
  readonly formerNames: readonly string[]
  /** Whether to read all of a checkpoint before it is chosen: a block was found damaged. */
  readonly readsAll: boolean
  readonly logger: Logger
}

export interface Origin {
  /** The checkpoint, as its own manifest has it. Undefined: nothing. */
  readonly link: CheckpointLink | undefined
  /** Where that is, if it is not a checkpoint of the job itself. */
  readonly foreign?: ForeignSnapshot
  /** The line of output that goes on; undefined: another one begins. */
  readonly lineage: string | undefined
  /** To be called when nothing else can be refused: makes the foreign snapshot the job's. */
  claim?(): Promise<void>
}

/**
 * @throws `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_DAMAGED`, `OUTPUT_MAY_REPEAT`, and what the stores
 *   throw.
 */
export async function originOf(request: OriginRequest, seen: Chain): Promise<Origin> {
  const { from, fresh, host, self, store } = request
  await requireUnclaimed(store, self)
  if (fresh) return { link: undefined, lineage: undefined }
  const begun = begunImport(seen)
  if (from !== undefined && from !== 'latest' && !/^\d+$/.test(from)) {
    return await newImport(request, seen, host.absoluteLocation(from), begun)
  }
  if (begun !== undefined && (from === undefined || from === 'latest')) {
    return await resumedImport(request, seen, begun)
  }
  return await ownOrigin(request, seen)
}

async function ownOrigin(request: OriginRequest, seen: Chain): Promise<Origin> {
  const link = await chosen(request, seen)
  return { link, lineage: link?.lineage }
}

/** Of a job that has made the snapshot its own before: where that has led, and never nothing. */
async function importedOrigin(
  request: OriginRequest,
  seen: Chain,
  location: string,
): Promise<Origin> {
  const origin = await ownOrigin({ ...request, from: undefined }, seen)
  if (origin.link !== undefined) return origin
  const why = givenUpBy(seen) === undefined ? 'the job has claimed it, and has none' : GIVEN_UP
  const message = `there is no snapshot in ${location}: ${why}`
  throw new MillraceError('CHECKPOINT_NOT_FOUND', message, { details: { directory: location } })
}

/** What the newest leader was importing when it ended. */
function begunImport(seen: Chain): ImportRecord | undefined {
  const newest = seen.entries.at(-1)?.link
  return newest?.kind === 'fence' ? newest.imports : undefined
}

/** The own checkpoint to go on from: the newest sound one, or the one that was asked for. */
function chosen(request: OriginRequest, chain: Chain): Promise<CheckpointLink | undefined> {
  const { store, from, acceptDuplicates, readsAll, logger, formerNames } = request
  const isNamed = from !== undefined && from !== 'latest'
  return chooseCheckpoint(store, chain, {
    acceptDuplicates,
    formerNames,
    ...(isNamed ? { checkpointId: Number(from) } : {}),
    ...(readsAll ? { verifyRun: readRun } : {}),
    onDamage: (problem) => logger.warn({ code: 'CHECKPOINT_DAMAGED' }, problem),
  })
}

/** `--from <directory>`: the newest sound checkpoint there. */
async function newImport(
  request: OriginRequest,
  seen: Chain,
  location: string,
  begun: ImportRecord | undefined,
): Promise<Origin> {
  const { host, self } = request
  const store = await host.openStore(location, 'foreign')
  try {
    await requireUnclaimed(store, self)
    const chain = await readChain(store)
    if (begun?.location !== location && (await isImported(store, chain, seen, location))) {
      // Claimed by this job before, and its own since then: naming it again changes nothing.
      await store.close()
      return await importedOrigin(request, seen, store.location)
    }
    const link = await soundIn(request, store, chain)
    if (link === undefined) {
      const why = givenUpBy(chain) === undefined ? '' : `: ${GIVEN_UP}`
      const message = `there is no snapshot in ${store.location}${why}`
      const details = { directory: store.location }
      throw new MillraceError('CHECKPOINT_NOT_FOUND', message, { details })
    }
    requireForeignOutput(link, lineOf(seen.entries.map((entry) => entry.link)), request)
    const hash = hashIn(chain, link)
    const { checkpointId } = link
    // The same again, perhaps after a crash: what has come since then need not come again.
    const former = begun?.location === location && begun.hash === hash ? begun : undefined
    const names = former ?? {
      leaderEpoch: seen.head.leaderEpoch + 1,
      ownCheckpointId: (await highestCheckpointId(request.store, seen)) + 1,
    }
    const { leaderEpoch, ownCheckpointId } = names
    const facts = { location, checkpointId, hash, leaderEpoch, ownCheckpointId }
    const claims = request.claims || former?.claims === true
    const record: ImportRecord = claims ? { ...facts, claims } : facts
    const requireUnused = () => host.requireUnowned(location)
    const claim = () =>
      claimSnapshot(store, link, chain, { self, nowMs: host.clock.now(), requireUnused })
    const foreign = { store, link, record }
    return { link, foreign, lineage: lineageOf(seen, link), ...(claims ? { claim } : {}) }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Goes on with an import that a former leader began. */
async function resumedImport(
  request: OriginRequest,
  seen: Chain,
  record: ImportRecord,
): Promise<Origin> {
  const store = await request.host.openStore(record.location, 'foreign')
  try {
    const chain = await readChain(store)
    const link = chain.entries.find((entry) => entry.hash === record.hash)?.link
    if (link?.kind !== 'checkpoint') {
      const what = `checkpoint ${record.checkpointId}, which this job was importing, is gone`
      throw foreignGone(store, what)
    }
    const [damage] = await verifyCheckpoint(store, link, request.readsAll ? readRun : undefined)
    if (damage !== undefined) {
      const message = `${store.location}, which this job was importing: ${damage.problem}`
      throw new MillraceError('CHECKPOINT_DAMAGED', message)
    }
    const lineage = seen.entries.at(-1)?.link.lineage
    return { link, foreign: { store, link, record }, lineage }
  } catch (error) {
    await store.close()
    throw error
  }
}

/** Whether the job has claimed this snapshot and made it its own already. */
async function isImported(
  store: BlobStore,
  chain: Chain,
  seen: Chain,
  location: string,
): Promise<boolean> {
  if ((await claimantOf(store)) === undefined) return false
  const links = lineOf(seen.entries.map((entry) => entry.link))
  return chain.entries.length === 0 || links.some((link) => link.claimed?.location === location)
}

/** The newest sound checkpoint of a foreign chain. */
function soundIn(
  { readsAll, logger }: OriginRequest,
  store: BlobStore,
  chain: Chain,
): Promise<CheckpointLink | undefined> {
  return chooseCheckpoint(store, chain, {
    acceptDuplicates: true, // what is newer there is for its own job to judge
    ...(readsAll ? { verifyRun: readRun } : {}),
    onDamage: (problem) => logger.warn({ code: 'CHECKPOINT_DAMAGED' }, problem),
  })
}

function hashIn(chain: Chain, link: CheckpointLink): string {
  return chain.entries.find((entry) => entry.link.sequence === link.sequence)?.hash ?? ''
}

/** A savepoint of the job itself is a point of its own past: its line of output goes on. */
function lineageOf(seen: Chain, { lineage }: CheckpointLink): string | undefined {
  return seen.entries.at(-1)?.link.lineage === lineage ? lineage : undefined
}
