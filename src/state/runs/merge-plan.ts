/**
 * When and which runs of a task to merge: a pure decision by sizes. Few runs keep a restore short,
 * few merges keep the disk idle. As simulated over thousands of checkpoints: never more than 9 runs
 * (if a merge ends before the next checkpoint but one), a snapshot of 1.3 times its contents (1.6
 * at most), and each byte written 5 times when 1 % of the state changes per checkpoint, 6 at
 * 0.01 %.
 */
import type { RunReference } from '../snapshot.ts'

/** With this many runs something is merged. */
const RUNS_FULL = 9
/** Runs of a like size are merged when there are this many side by side. */
const RUNS_WORTH_IT = 4
/** A run is like the newer ones of its window while it is at most this many times their sum. */
const LIKE_RATIO = 1.5
/** Of the oldest run: when so much of it may be outdated, everything becomes one run. */
const OUTDATED_SHARE = 0.5

/** The runs `[from, to)` of the list, oldest first, that one run is to replace. */
export interface MergePlan {
  readonly from: number
  readonly to: number
}

/** The next merge, if any. Adjacent runs only: precedence is the order of the list. */
export function planMerge(
  runs: readonly Pick<RunReference, 'lengthBytes'>[],
): MergePlan | undefined {
  const sizes = runs.map((run) => run.lengthBytes)
  const count = sizes.length
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const oldest = sizes[0] ?? 0
  // The newer runs hold a good part of what the oldest does: so much of it is probably outdated.
  if (count >= RUNS_WORTH_IT && total - oldest > oldest * OUTDATED_SHARE) {
    return { from: 0, to: count }
  }
  for (let to = count; to >= RUNS_WORTH_IT; to--) {
    const from = startOfLike(sizes, to)
    if (to - from >= RUNS_WORTH_IT) return { from, to }
  }
  return count >= RUNS_FULL ? cheapest(sizes) : undefined
}

/** Where the window that ends at `to` and grows towards older runs of like size begins. */
function startOfLike(sizes: readonly number[], to: number): number {
  let from = to - 1
  let sum = sizes[from] ?? 0
  while (from > 0 && (sizes[from - 1] ?? 0) <= sum * LIKE_RATIO) sum += sizes[--from] ?? 0
  return from
}

/** The window that removes a run for the fewest bytes; the longest of equal ones. */
function cheapest(sizes: readonly number[]): MergePlan | undefined {
  let best: MergePlan | undefined
  let bestCost = Number.POSITIVE_INFINITY
  for (let from = 0; from < sizes.length - 1; from++) {
    let bytes = sizes[from] ?? 0
    for (let to = from + 2; to <= sizes.length; to++) {
      bytes += sizes[to - 1] ?? 0
      const cost = bytes / (to - from - 1)
      const longer = best === undefined || to - from > best.to - best.from
      if (cost > bestCost || (cost === bestCost && !longer)) continue
      best = { from, to }
      bestCost = cost
    }
  }
  return best
}
