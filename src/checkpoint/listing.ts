/** The checkpoints of a chain as plain data, for people and programs that look at a job. */
import type { Chain } from './chain.ts'
import { lineOf } from './line.ts'
import type { CheckpointLink } from './manifest.ts'
import { runsOf } from './registry.ts'

export interface CheckpointListing {
  readonly checkpointId: number
  readonly sequence: number
  readonly purpose: CheckpointLink['purpose']
  /** Wall time in ms. */
  readonly writtenAt: number
  /** It is the last of a job that has processed all its input. */
  readonly finished: boolean
  /** By a rollback or a fresh start: the job does not go on from it. */
  readonly leftBehind: boolean
  readonly parallelism: number
  readonly writtenBytes: number
  /** Of all files it needs, those of earlier checkpoints included. */
  readonly totalBytes: number
  readonly entries: number
  /** To the commit point; completing goes on after the manifest is written. */
  readonly durationMs: number
}

/** Newest first. */
export function listCheckpoints({ entries }: Chain): readonly CheckpointListing[] {
  const links = entries.map(({ link }) => link)
  const stays = new Set(lineOf(links))
  const checkpoints = links.flatMap((link) => (link.kind === 'checkpoint' ? [link] : []))
  return checkpoints.toReversed().map((link) => {
    const { initMs, prepareMs, confirmMs, bytes } = link.statistics
    const runs = runsOf(link)
    return {
      checkpointId: link.checkpointId,
      sequence: link.sequence,
      purpose: link.purpose,
      writtenAt: link.writtenAt,
      finished: link.finished,
      leftBehind: !stays.has(link),
      parallelism: link.parallelism,
      writtenBytes: bytes,
      totalBytes: runs.reduce((sum, run) => sum + run.lengthBytes, 0),
      entries: runs.reduce((sum, run) => sum + run.entries, 0),
      durationMs: initMs + prepareMs + confirmMs,
    }
  })
}
