/**
 * Erasing a subject of a job that does not run: a fence, so that a leader who only slept cannot go
 * on with the vault that it knows, and then the next vault. No checkpoint is touched.
 */
import { fence, type Chain } from '../checkpoint/chain.ts'
import { chooseCheckpoint } from '../checkpoint/damage.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { leadVault, requireVault, type Vaults } from './subject-keys.ts'

export interface StoppedErasure {
  readonly subject: Uint8Array
  readonly jobName: string
  /** Of who erases: a name that no leader has. */
  readonly leader: string
  /** Wall time. */
  readonly writtenAt: number
}

/**
 * Call it with the job's folder claimed.
 *
 * @throws `SUBJECT_KEYS_MISSING`; what choosing a checkpoint throws; `STORAGE_CONFLICT` if others
 *   write.
 */
export async function eraseStopped(
  store: BlobStore,
  vaults: Vaults,
  { subject, ...identity }: StoppedErasure,
): Promise<void> {
  const { fence: link } = await fence(store, identity, async (seen) => {
    const goesOn = await whereItGoesOn(store, seen)
    const restored = seen.entries.find((entry) => entry.link.sequence === goesOn.restores)?.link
    const checkpoint = restored?.kind === 'checkpoint' ? restored : undefined
    await requireVault(vaults, checkpoint, store.location)
    return goesOn
  })
  await leadVault(vaults, store, link.leaderEpoch, { wanted: [subject], erased: () => undefined })
}

/** The job goes on as it would have: from its newest checkpoint, or with an import under way. */
async function whereItGoesOn(store: BlobStore, seen: Chain) {
  const newest = seen.entries.at(-1)?.link
  const lineage = newest?.lineage ?? ''
  if (newest?.kind === 'fence' && newest.imports !== undefined) {
    return { restores: 0, lineage, imports: newest.imports }
  }
  const chosen = await chooseCheckpoint(store, seen, { acceptDuplicates: false })
  return { restores: chosen?.sequence ?? 0, lineage: chosen?.lineage ?? lineage }
}
