/** Checkpoint ids grow over all leaders of a job, so that none is given twice. */
import type { BlobStore } from '../storage/blob-store.ts'
import type { Chain } from './chain.ts'
import { RUNS_PREFIX, parseRunName } from './layout.ts'
import type { FenceLink } from './manifest.ts'

/** Of all checkpoints that the chain knows of, and of the import that was begun. */
export async function highestCheckpointId(store: BlobStore, chain: Chain): Promise<number> {
  const ids = chain.entries.map(({ link }) =>
    link.kind === 'checkpoint' ? link.checkpointId : highestOf(link),
  )
  if (chain.damage.length > 0) {
    // Ids of links that cannot be read are in the names of the runs that were written for them.
    const runs = await store.list(RUNS_PREFIX)
    ids.push(...runs.map(({ name }) => parseRunName(name)?.checkpointId ?? 0))
  }
  return Math.max(0, ...ids)
}

function highestOf({ imports, givesUp }: FenceLink): number {
  return Math.max(imports?.ownCheckpointId ?? 0, givesUp?.highestCheckpointId ?? 0)
}
