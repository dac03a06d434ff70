/** What the tables of one backend share, and what they count together. */
import type { ShardOptions } from '../backend.ts'
import type { KeyGroupRange } from '../key-groups.ts'

/**
 * A table has about so many shards, whatever its key groups. Of few rows, what is used often stays
 * in the processor's caches, and looking for them ahead would cost more.
 */
export const SHARDS: ShardOptions = { count: 512, slots: 16, rowsAhead: 16_384 }
/** Additions after which memory is looked at. */
export const GROWTH_PER_LOOK = 256
/** More look-ups in runs than this between two turns of a task would hold up the rest. */
const PULLS_PER_TURN_MAX = 32

/** For the usual powers of two, where it spares a division; else -1. */
export function groupMaskOf({ maxParallelism }: TableGroup): number {
  return (maxParallelism & (maxParallelism - 1)) === 0 ? maxParallelism - 1 : -1
}

export interface TableGroup {
  readonly keyGroups: KeyGroupRange
  readonly maxParallelism: number
  readonly shards: ShardOptions
  /** No store lies below: what is in a row is all there is of it. */
  readonly isWhole: boolean
  /** Changes since the last cut. */
  dirtyEntries: number
  /** Rows and items added since memory was last looked at. */
  growth: number
  /** Rows that were looked up in runs since the host last gave the backend time. */
  pulls: number
  /** The state is not loaded yet: missing rows are looked up in runs. */
  isRestoring: boolean
}

/** So many rows were looked up in runs that other work of the task should come first. */
export function isStrained({ pulls }: TableGroup): boolean {
  return pulls >= PULLS_PER_TURN_MAX
}
