/**
 * Going back for good: an older checkpoint of a job that does not run becomes the one it goes on
 * from. Only a fence is written, so nothing is lost by it; the next run takes back the output that
 * came after that checkpoint, where sinks can.
 */
import { MillraceError } from '../errors.ts'
import type { BlobStore } from '../storage/blob-store.ts'
import { type Chain, fence } from './chain.ts'
import { chooseCheckpoint } from './damage.ts'

export interface Rollback {
  readonly checkpointId: number
  readonly jobName: string
  /** Of who goes back: a name that no leader has. */
  readonly leader: string
  /** Wall time. */
  readonly writtenAt: number
  /** Go back although output that sinks cannot take back will come again. */
  readonly acceptDuplicates?: boolean
  readonly onDamage?: (problem: string) => void
}

/**
 * Call it with the job's folder claimed.
 *
 * @returns the chain with the fence at its end.
 * @throws `CHECKPOINT_NOT_FOUND`, `CHECKPOINT_DAMAGED`, `OUTPUT_MAY_REPEAT`, `OUTPUT_TAKEN_BACK`;
 *   `STORAGE_CONFLICT` if others write.
 */
export async function rollBack(store: BlobStore, request: Rollback): Promise<Chain> {
  const { checkpointId, acceptDuplicates = false, onDamage, ...identity } = request
  const { chain } = await fence(store, identity, async (seen) => {
    const chosen = await chooseCheckpoint(store, seen, {
      checkpointId,
      acceptDuplicates,
      ...(onDamage === undefined ? {} : { onDamage }),
    })
    if (chosen === undefined) {
      throw new MillraceError('CHECKPOINT_NOT_FOUND', `there is no checkpoint ${checkpointId}`)
    }
    return { restores: chosen.sequence, lineage: chosen.lineage }
  })
  return chain
}
