/**
 * Taking the lead of a job and deciding what it goes on from: reads the chain, chooses a
 * checkpoint, checks that the job's code fits its state, writes the fence, and works out what each
 * task restores. Nothing is written before everything that can be refused has been.
 */
import { fence, type Chain } from '../checkpoint/chain.ts'
import { type Claimant, deleteClaimed } from '../checkpoint/claims.ts'
import type { CheckpointedJob } from '../checkpoint/coordinator.ts'
import { adaptCheckpoint, type CodeChanges } from '../checkpoint/adapt.ts'
import { requireFitting } from '../checkpoint/compatibility.ts'
import { highestCheckpointId } from '../checkpoint/highest-id.ts'
import { lineOf } from '../checkpoint/line.ts'
import type { CheckpointLink, FenceLink, SourceRecord } from '../checkpoint/manifest.ts'
import type { TaskRestore } from '../checkpoint/messages.ts'
import { operatorIds, planRestore } from '../checkpoint/restore-plan.ts'
import type { KeptVault } from '../encryption/subjects/vault-codec.ts'
import { MillraceError } from '../errors.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { Logger } from '../metrics/log.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { required } from '../util/assert.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import type { Host } from './host.ts'
import { SnapshotImport } from './import-snapshot.ts'
import { type Origin, originOf } from './origin.ts'
import {
  leadVault,
  requireVault,
  type Vaults,
  vaultRecord,
  type WantedErasures,
} from './subject-keys.ts'
import { abandonedCommittables } from './withdrawal.ts'

export interface LeadRequest {
  readonly host: Host
  readonly store: BlobStore
  readonly vaults: Vaults | undefined
  /** Subjects to erase by taking the lead. */
  readonly erasures: WantedErasures
  readonly plan: JobPlan
  readonly params: Readonly<Record<string, unknown>>
  readonly from: string | undefined
  readonly fresh: boolean
  readonly acceptDuplicates: boolean
  /** Whether the snapshot that `from` names is to become the job's. */
  readonly claims: boolean
  /** What the job says of names that changed and of state that may go. */
  readonly changes: CodeChanges
  /** Whether to read all of a checkpoint before it is chosen: a block was found damaged. */
  readonly readsAll: boolean
  /** Of this process; its fences name it. */
  readonly leader: string
  /** Of the lead this process had before, or 0: it does not take it back from a successor. */
  readonly formerEpoch: number
  /** Of a standby: the newest link it has seen. If there is a newer one somebody leads. */
  readonly expectedHead: number | undefined
  readonly logger: Logger
}

/** What an attempt starts from. */
export interface Lead {
  readonly chain: Chain
  readonly job: CheckpointedJob
  readonly vault: KeptVault | undefined
  readonly restored: CheckpointLink | undefined
  readonly restores: readonly TaskRestore[]
  readonly sources: readonly SourceRecord[]
  readonly firstCheckpointId: number
  /** The foreign snapshot that is being made the job's own, beside the running job. */
  readonly imports: SnapshotImport | undefined
  /** Output of this lineage up to this checkpoint counts; what is newer is taken back. */
  readonly lastOutputId: number
  /** Committables of checkpoints that are left behind; their output is to be taken back. */
  readonly withdraw: readonly OperatorStateEntry[]
}

export async function takeLead(request: LeadRequest): Promise<Lead> {
  const { host, store, plan, params, changes } = request
  const formerNames = Object.values(changes.renamed)
  const self = { jobName: plan.jobName, location: host.absoluteLocation(store.location) }
  const decided: { origin?: Origin; link?: CheckpointLink | undefined } = {}
  const { chain, fence: link } = await fence(
    store,
    { jobName: plan.jobName, writtenAt: host.clock.now(), leader: request.leader },
    async (seen) => {
      requireNoSuccessor(request, seen)
      await decided.origin?.foreign?.store.close()
      const origin = await originOf({ ...request, formerNames, self }, seen)
      decided.origin = origin
      // Asked again, when another one's fence came in between: what it left behind is not restored.
      decided.link = undefined
      if (origin.link !== undefined) {
        decided.link = fitting(request, origin.link)
        planRestore(decided.link, { plan })
      }
      await requireVault(request.vaults, origin.link, self.location)
      await origin.claim?.()
      const { foreign, lineage = host.random.id() } = origin
      // Own checkpoints are left behind; should the job crash now, the import goes on.
      if (foreign !== undefined) return { restores: 0, lineage, imports: foreign.record }
      return { restores: origin.link?.sequence ?? 0, lineage }
    },
    (point) => host.at(point),
  )
  const origin = required(decided.origin, 'the fence was decided')
  const own = { jobName: plan.jobName, lineage: link.lineage, leaderEpoch: link.leaderEpoch }
  const { vaults, erasures } = request
  const vault = vaults && (await leadVault(vaults, store, own.leaderEpoch, erasures))
  const subjects = vault === undefined ? {} : { subjects: vaultRecord(vault, self.location) }
  const imports =
    origin.foreign === undefined
      ? undefined
      : new SnapshotImport(origin.foreign, {
          ...request,
          ...own,
          ...subjects,
          self,
          head: chain.head,
        })
  const restored =
    imports === undefined ? decided.link : adaptCheckpoint(imports.restored, plan, changes).link
  if (imports === undefined && restored?.claimed !== undefined) {
    await deleteLeftOver(request, restored.claimed.location, self)
  }
  const operators = operatorIds(idsOf(chain, restored), plan, restored?.plan)
  const job = { ...own, params, plan, operators, ...subjects }
  const { restores, sources } =
    restored === undefined ? { restores: [], sources: [] } : planRestore(restored, job)
  return {
    chain,
    job,
    vault,
    restored,
    restores,
    sources,
    imports,
    lastOutputId: origin.link?.checkpointId ?? 0,
    firstCheckpointId: (await highestCheckpointId(store, chain)) + 1,
    withdraw: await abandonedCommittables(store, chain, origin.link, { ...request, formerNames }),
  }
}

/** An attempt that follows another leads on, but not past a process that took over meanwhile. */
function requireNoSuccessor(request: LeadRequest, seen: Chain): void {
  const { store, leader, formerEpoch, expectedHead = seen.head.sequence } = request
  const newest = seen.entries.at(-1)?.link
  const isLater = formerEpoch > 0 && newest !== undefined && newest.leaderEpoch > formerEpoch
  // A fence of its own whose put seemed to fail is not a successor's.
  const isSucceeded = isLater && newestFence(seen)?.leader !== leader
  if (!isSucceeded && seen.head.sequence === expectedHead) return
  throw new MillraceError('LEADERSHIP_LOST', `${store.location}: another process took over`)
}

function newestFence({ entries }: Chain): FenceLink | undefined {
  const links = entries.map(({ link }) => link)
  return links.findLast((link) => link.kind === 'fence')
}

/** A claimed snapshot whose deletion a crash has interrupted. */
async function deleteLeftOver(
  { host, logger }: LeadRequest,
  location: string,
  self: Claimant,
): Promise<void> {
  try {
    const store = await host.openStore(location, 'foreign')
    await deleteClaimed(store, self)
    await store.close()
  } catch (error) {
    logger.warn({ err: error }, `${location}: what was claimed could not be deleted`)
  }
}

/** A checkpoint by the names of now and without what is given up. */
function fitting({ plan, changes, logger }: LeadRequest, found: CheckpointLink): CheckpointLink {
  const { link, findings } = adaptCheckpoint(found, plan, changes)
  requireFitting(found, findings)
  for (const { verdict, why } of findings) {
    if (verdict === 'dropped' && why !== undefined) logger.warn({ dropped: true }, why)
    if (verdict === 'migrate' && why !== undefined) logger.info({ migrate: true }, why)
  }
  return link
}

/** Ids are never reused, also not those of a line that was left. */
function idsOf(chain: Chain, restored: CheckpointLink | undefined): CheckpointLink['operators'] {
  return restored?.operators ?? newestOf(chain)?.operators ?? []
}

function newestOf(chain: Chain): CheckpointLink | undefined {
  return lineOf(chain.entries.map((entry) => entry.link)).at(-1)
}
