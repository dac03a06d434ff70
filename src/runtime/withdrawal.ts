/**
 * Output that must be taken back: when a job goes on from an older checkpoint, what newer ones made
 * visible would be written again. Their committables are still in the runs of the links that were
 * left behind; the sinks move that output aside before they write. Repeated at every start while
 * such links are there, so a crash in between leaves nothing half done.
 */
import type { Chain } from '../checkpoint/chain.ts'
import { sinksThatFindNothing } from '../checkpoint/visible-output.ts'
import { abandonedOf } from '../checkpoint/line.ts'
import type { CheckpointLink } from '../checkpoint/manifest.ts'
import { isMillraceError, MillraceError } from '../errors.ts'
import type { Logger } from '../metrics/log.ts'
import { readRecords } from '../state/runs/snapshot-reader.ts'
import type { OperatorStateEntry } from '../state/snapshot.ts'
import type { BlobStore } from '../storage/blob-store.ts'

interface WithdrawalOptions {
  readonly acceptDuplicates: boolean
  /** What sinks were called before. */
  readonly formerNames: readonly string[]
  readonly logger: Logger
}

/**
 * The committables of abandoned checkpoints of this lineage that are newer than `restored`.
 *
 * @throws `OUTPUT_MAY_REPEAT` if some cannot be read any more, unless duplicates are accepted.
 */
export async function abandonedCommittables(
  store: BlobStore,
  chain: Chain,
  restored: CheckpointLink | undefined,
  options: WithdrawalOptions,
): Promise<readonly OperatorStateEntry[]> {
  if (restored === undefined) return []
  const abandoned = abandonedOf(chain.entries.map((entry) => entry.link)).filter(
    (link) => link.lineage === restored.lineage && link.checkpointId > restored.checkpointId,
  )
  const entries: OperatorStateEntry[] = []
  const tasks = abandoned.flatMap((link) => link.tasks.map(({ records }) => ({ link, records })))
  for (const { link, records } of tasks) {
    if (records === undefined) continue
    try {
      const all = await readRecords(store, records)
      entries.push(...all.filter((entry) => entry.kind === 'committable'))
    } catch (error) {
      // A store that does not answer may answer the next attempt.
      if (!isMillraceError(error) || error.code === 'STORAGE_FAILED') throw error
      const sinks = sinksThatFindNothing(link.plan, options.formerNames)
      if (sinks.length === 0) continue
      const message =
        `what ${sinks.join(', ')} made visible cannot be taken back, because the list of it is ` +
        `lost: ${error.message}`
      if (!options.acceptDuplicates) throw new MillraceError('OUTPUT_MAY_REPEAT', message)
      options.logger.warn({ code: error.code }, message)
    }
  }
  return entries
}
