/** What the tables of one backend share, and what they count together. */
import type { KeyGroupRange } from '../key-groups.ts'

/** Additions after which memory is looked at. */
export const GROWTH_PER_LOOK = 256
/** More look-ups in runs than this between two turns of a task would hold up the rest. */
export const PULLS_PER_TURN_MAX = 32

export interface TableGroup {
  readonly keyGroups: KeyGroupRange
  readonly maxParallelism: number
  /** Rows that a shard has room for at first. */
  readonly shardSlots: number
  /** Changes since the last cut. */
  dirtyEntries: number
  /** Rows and items added since memory was last looked at. */
  growth: number
  /** Rows that were looked up in runs since the host last gave the backend time. */
  pulls: number
  /** The state is not loaded yet: missing rows are looked up in runs. */
  isRestoring: boolean
}
