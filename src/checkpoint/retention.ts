/**
 * What may be deleted, as pure decisions: first links, from the front of the chain only, so that it
 * stays dense; then runs that no link names. A crash between any two deletions leaves a chain whose
 * every link still has all its runs, and the next collection finds the rest.
 */
import { assert } from '../util/assert.ts'
import { parseRunName } from './layout.ts'
import { abandonedOf, lineOf } from './line.ts'
import type { ManifestLink } from './manifest.ts'
import { runNamesOf } from './registry.ts'

export interface RetentionRequest {
  /** All links of the chain that are left, oldest first. */
  readonly links: readonly ManifestLink[]
  /** So many checkpoints stay, at least. 0: not even the newest (the job's state is given up). */
  readonly keep: number
  /** Sequences that must stay for another reason: pinned, being copied. */
  readonly held: readonly number[]
  /** The restored checkpoint is not verified to the last block: every link stays. */
  readonly unverified: boolean
}

export interface Retention {
  /** To be deleted in this order. */
  readonly released: readonly ManifestLink[]
  /** Those that stay, oldest first; the head is always among them. */
  readonly kept: readonly ManifestLink[]
}

/**
 * Which links stay: the newest `keep` checkpoints of the line, what is held, and everything newer
 * than the oldest of these. While the line is younger than `keep`, checkpoints that it abandoned
 * (by a rollback or a fresh start) fill up the number, so that nobody loses the old state before
 * there is a new one.
 */
export function retain(request: RetentionRequest): Retention {
  const { links, keep, held, unverified } = request
  assert(Number.isSafeInteger(keep) && keep >= 0, `keep is a count, not ${keep}`)
  const head = links.at(-1)
  if (head === undefined || unverified) return { released: [], kept: links }
  const line = newest(lineOf(links), keep)
  const others = newest(abandonedOf(links), keep - line.length)
  let cut = head.sequence
  for (const { sequence } of [...line, ...others]) cut = Math.min(cut, sequence)
  for (const sequence of held) cut = Math.min(cut, sequence)
  return {
    released: links.filter((link) => link.sequence < cut),
    kept: links.filter((link) => link.sequence >= cut),
  }
}

function newest<T>(items: readonly T[], count: number): readonly T[] {
  return count <= 0 ? [] : items.slice(-count)
}

/** The oldest attempt that may still be writing; whatever is older is finished or dead. */
export interface AliveAttempt {
  readonly leaderEpoch: number
  readonly checkpointId: number
}

export interface RunRetentionRequest {
  /** Blobs under `runs/`. */
  readonly names: readonly string[]
  /** Links whose runs stay: those of the chain, and pinned ones. */
  readonly kept: readonly ManifestLink[]
  /** Links that have just been deleted. */
  readonly released: readonly ManifestLink[]
  readonly alive: AliveAttempt
}

/**
 * The runs that no link names and nobody alive can still mean to name. The result of a merge waits
 * for the next manifest, however long that takes, so within the living epoch it goes only with a
 * link that named it. Blobs that are no runs are left alone.
 */
export function deletableRuns(request: RunRetentionRequest): readonly string[] {
  const { names, kept, released, alive } = request
  const needed = runNamesOf(kept)
  const given = runNamesOf(released)
  return names.filter((name) => {
    const run = parseRunName(name)
    if (run === undefined || needed.has(name)) return false
    if (run.leaderEpoch !== alive.leaderEpoch) return run.leaderEpoch < alive.leaderEpoch
    if (run.merge !== undefined) return given.has(name)
    return run.checkpointId < alive.checkpointId
  })
}
