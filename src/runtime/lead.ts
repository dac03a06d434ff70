/**
 * Taking the lead of a job and deciding what it goes on from: reads the chain, chooses a
 * checkpoint, checks that the job's code fits its state, writes the fence, and works out what each
 * task restores. Nothing is written before everything that can be refused has been.
 */
import {
  appendLink,
  fence,
  headAt,
  readChain,
  type Chain,
  type ChainEntry,
} from '../checkpoint/chain.ts'
import type { CheckpointedJob } from '../checkpoint/coordinator.ts'
import { chooseCheckpoint, readRun } from '../checkpoint/damage.ts'
import { adaptCheckpoint, type CodeChanges } from '../checkpoint/adapt.ts'
import { requireFitting } from '../checkpoint/compatibility.ts'
import { lineOf } from '../checkpoint/line.ts'
import { parseRunName, RUNS_PREFIX } from '../checkpoint/layout.ts'
import type { CheckpointLink, FenceLink, SourceRecord } from '../checkpoint/manifest.ts'
import type { TaskRestore } from '../checkpoint/messages.ts'
import { operatorIds, planRestore } from '../checkpoint/restore-plan.ts'
import { MillraceError } from '../errors.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { assert } from '../util/assert.ts'
import { importTasks } from './import-snapshot.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import type { Host } from './host.ts'
import { abandonedCommittables } from './withdrawal.ts'

export interface LeadRequest {
  readonly host: Host
  readonly store: BlobStore
  readonly plan: JobPlan
  readonly params: Readonly<Record<string, unknown>>
  readonly from: string | undefined
  readonly fresh: boolean
  readonly acceptDuplicates: boolean
  /** What the job says of names that changed and of state that may go. */
  readonly changes: CodeChanges
  /** Whether to read all of a checkpoint before it is chosen: a block was found damaged. */
  readonly readsAll: boolean
  /** Of this process; its fences name it. */
  readonly leader: string
  /** Of the lead this process had before, or 0: it does not take it back from a successor. */
  readonly formerEpoch: number
  readonly logger: Logger
}

/** What an attempt starts from. */
export interface Lead {
  readonly chain: Chain
  readonly job: CheckpointedJob
  readonly restored: CheckpointLink | undefined
  readonly restores: readonly TaskRestore[]
  readonly sources: readonly SourceRecord[]
  readonly firstCheckpointId: number
  /** Committables of checkpoints that are left behind; their output is to be taken back. */
  readonly withdraw: readonly OperatorStateEntry[]
}

export async function takeLead(request: LeadRequest): Promise<Lead> {
  const { host, store, plan, params, fresh } = request
  const foreign = await foreignSnapshot(request)
  const decision = { restored: undefined as CheckpointLink | undefined }
  const { chain, fence: link } = await fence(
    store,
    { jobName: plan.jobName, writtenAt: host.clock.now(), leader: request.leader },
    async (seen) => {
      requireNoSuccessor(request, seen)
      const found = fresh ? undefined : (foreign?.link ?? (await chosen(request, seen)))
      const restored = found === undefined ? undefined : fitting(request, found)
      decision.restored = restored
      const isOwn = restored !== undefined && foreign === undefined
      // Until the foreign snapshot is imported, the job's own state is what a crash goes back to.
      const own = foreign === undefined ? restored : newestOf(seen)
      return {
        restores: own?.sequence ?? 0,
        lineage: isOwn ? restored.lineage : host.random.id(),
      }
    },
    (point) => host.at(point),
  )
  const restored = decision.restored
  const job: CheckpointedJob = {
    jobName: plan.jobName,
    lineage: link.lineage,
    leaderEpoch: link.leaderEpoch,
    params,
    plan,
    operators: operatorIds(idsOf(chain, restored), plan),
  }
  const firstCheckpointId = (await highestCheckpointId(store, chain)) + 1
  if (foreign === undefined) {
    const withdraw = await abandonedCommittables(store, chain, restored, {
      ...request,
      formerNames: Object.values(request.changes.renamed),
    })
    return leadFrom(job, chain, restored, firstCheckpointId, withdraw)
  }
  const imported = await importInto(request, job, chain, foreign, firstCheckpointId)
  return leadFrom(job, imported.chain, imported.restored, firstCheckpointId + 1, [])
}

/** An attempt that follows another leads on, but not past a process that took over meanwhile. */
function requireNoSuccessor({ store, leader, formerEpoch }: LeadRequest, seen: Chain): void {
  if (formerEpoch === 0) return
  const newest = newestFence(seen)
  if (newest === undefined || newest.leaderEpoch <= formerEpoch || newest.leader === leader) return
  throw new MillraceError('LEADERSHIP_LOST', `${store.location}: another process took over`)
}

function newestFence({ entries }: Chain): FenceLink | undefined {
  const links = entries.map(({ link }) => link)
  return links.findLast((link) => link.kind === 'fence')
}

/** A checkpoint by the names of now and without what is given up. */
function fitting({ plan, changes, logger }: LeadRequest, found: CheckpointLink): CheckpointLink {
  const { link, findings } = adaptCheckpoint(found, plan, changes)
  requireFitting(found, findings)
  for (const { verdict, why } of findings) {
    if (verdict === 'dropped' && why !== undefined) logger.warn({ dropped: true }, why)
  }
  return link
}

interface Foreign {
  readonly store: BlobStore
  readonly link: CheckpointLink
}

/** `--from <directory>`: the newest sound checkpoint there. */
async function foreignSnapshot(request: LeadRequest): Promise<Foreign | undefined> {
  const { from, host, readsAll } = request
  if (from === undefined || from === 'latest' || /^\d+$/.test(from)) return undefined
  const store = await host.openStore(from)
  const link = await chooseCheckpoint(store, await readChain(store), {
    acceptDuplicates: true, // its output is another lineage's
    ...(readsAll ? { verifyRun: readRun } : {}),
    onDamage: (problem) => request.logger.warn({ code: 'CHECKPOINT_DAMAGED' }, problem),
  })
  if (link !== undefined) return { store, link }
  throw new MillraceError('CHECKPOINT_NOT_FOUND', `there is no snapshot in ${store.location}`, {
    details: { directory: store.location },
  })
}

/** The own checkpoint to go on from: the newest sound one, or the one that was asked for. */
function chosen(request: LeadRequest, chain: Chain): Promise<CheckpointLink | undefined> {
  const { store, from, acceptDuplicates, readsAll, logger, changes } = request
  const isNamed = from !== undefined && from !== 'latest'
  return chooseCheckpoint(store, chain, {
    acceptDuplicates,
    formerNames: Object.values(changes.renamed),
    ...(isNamed ? { checkpointId: Number(from) } : {}),
    ...(readsAll ? { verifyRun: readRun } : {}),
    onDamage: (problem) => logger.warn({ code: 'CHECKPOINT_DAMAGED' }, problem),
  })
}

function leadFrom(
  job: CheckpointedJob,
  chain: Chain,
  restored: CheckpointLink | undefined,
  firstCheckpointId: number,
  withdraw: Lead['withdraw'],
): Lead {
  const { restores, sources } =
    restored === undefined ? { restores: [], sources: [] } : planRestore(restored, job)
  return { chain, job, restored, restores, sources, firstCheckpointId, withdraw }
}

/** Makes the foreign snapshot the first own checkpoint: a crash right after loses nothing. */
async function importInto(
  request: LeadRequest,
  job: CheckpointedJob,
  chain: Chain,
  { store: from, link: foreign }: Foreign,
  checkpointId: number,
): Promise<{ readonly chain: Chain; readonly restored: CheckpointLink }> {
  const { store, host } = request
  const { leaderEpoch, lineage, jobName } = job
  const tasks = await importTasks({ from, to: store, link: foreign, leaderEpoch, checkpointId })
  await from.close()
  const entry = await appendLink(store, chain.head, {
    ...foreign,
    jobName,
    lineage,
    leaderEpoch,
    checkpointId,
    tasks,
    purpose: 'rollback',
    finished: false,
    writtenAt: host.clock.now(),
  })
  if (entry === 'lost') {
    throw new MillraceError('LEADERSHIP_LOST', `${store.location}: another process took over`)
  }
  assert(entry.link.kind === 'checkpoint', 'a checkpoint was written')
  return { chain: extended(chain, entry), restored: fitting(request, entry.link) }
}

function extended(chain: Chain, entry: ChainEntry): Chain {
  return { ...chain, entries: [...chain.entries, entry], head: headAt(entry) }
}

/** Ids are never reused, also not those of a line that was left. */
function idsOf(chain: Chain, restored: CheckpointLink | undefined): CheckpointLink['operators'] {
  return restored?.operators ?? newestOf(chain)?.operators ?? []
}

function newestOf(chain: Chain): CheckpointLink | undefined {
  return lineOf(chain.entries.map((entry) => entry.link)).at(-1)
}

async function highestCheckpointId(store: BlobStore, chain: Chain): Promise<number> {
  const ids = chain.entries.map(({ link }) => (link.kind === 'checkpoint' ? link.checkpointId : 0))
  if (chain.damage.length > 0) {
    // Ids of links that cannot be read are in the names of the runs that were written for them.
    const runs = await store.list(RUNS_PREFIX)
    ids.push(...runs.map(({ name }) => parseRunName(name)?.checkpointId ?? 0))
  }
  return Math.max(0, ...ids)
}
