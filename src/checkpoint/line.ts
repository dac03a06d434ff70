/**
 * Which checkpoints of a chain count. All links stand in one chain, but a fence may go back to an
 * older checkpoint (a rollback, or damage); what lies between that checkpoint and the fence is
 * abandoned. The line is what is left: walk from the head to the front, and at each fence go on at
 * the link it restores.
 *
 *     1 fence(0)  2 c  3 c  4 c  5 fence(3)  6 c        the line: 2, 3, 6; abandoned: 4
 *
 * Nothing a former leader wrote can be abandoned by accident: a fence is put right after the head
 * that its writer has read (`chain.ts`), so what it does not restore it has decided against.
 */
import type { CheckpointLink, ManifestLink } from './manifest.ts'

export interface Line {
  /** Newest last. */
  readonly checkpoints: readonly CheckpointLink[]
  /**
   * Where the walk ended: at a fence that restores nothing; at the oldest link that is left; or at
   * a gap that may hide a fence, so that what is older may have been abandoned.
   */
  readonly end: 'fresh' | 'front' | 'gap'
  /** False for what is abandoned, or older than a fresh start: damage there does not matter. */
  includes(sequence: number): boolean
}

/** The checkpoints of the line that leads to the newest of `links`, newest last. */
export function lineOf(links: readonly ManifestLink[]): readonly CheckpointLink[] {
  return walkLine(links).checkpoints
}

/** Follows the line. `links` is ordered by sequence and may have gaps. */
export function walkLine(links: readonly ManifestLink[]): Line {
  const checkpoints: CheckpointLink[] = []
  const abandoned: { readonly above: number; readonly below: number }[] = []
  let end: Line['end'] = 'front'
  let freshAt = 0
  let limit = Number.POSITIVE_INFINITY
  let newer: ManifestLink | undefined
  for (const link of links.toReversed()) {
    // A gap above the limit lies among abandoned links and does not matter.
    if (newer !== undefined && link.sequence < limit && mayHideFence(link, newer)) {
      end = 'gap'
      break
    }
    newer = link
    if (link.sequence > limit) continue
    if (link.kind === 'checkpoint') {
      checkpoints.push(link)
      limit = link.sequence - 1
      continue
    }
    limit = link.restores
    abandoned.push({ above: limit, below: link.sequence })
    if (limit > 0) continue
    freshAt = link.sequence
    end = 'fresh'
    break
  }
  const includes = (sequence: number) =>
    sequence >= freshAt &&
    !abandoned.some(({ above, below }) => sequence > above && sequence < below)
  return { checkpoints: checkpoints.reverse(), end, includes }
}

/** The checkpoints of `links` that are not on their line: rolled back, or of another lineage. */
export function abandonedOf(links: readonly ManifestLink[]): readonly CheckpointLink[] {
  const line = new Set(lineOf(links).map((link) => link.sequence))
  return links.filter((link) => link.kind === 'checkpoint').filter((l) => !line.has(l.sequence))
}

/** True if between these neighbours links are missing among which a leadership began. */
function mayHideFence(older: ManifestLink, newer: ManifestLink): boolean {
  if (newer.sequence - older.sequence <= 1) return false
  const own = newer.kind === 'fence' ? 1 : 0
  return newer.leaderEpoch - older.leaderEpoch > own
}
