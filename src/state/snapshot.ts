/**
 * What a snapshot of state is made of, as data: runs (immutable, sorted, checksummed files of
 * entries) in an order of precedence, and the schemas that make them readable without the job.
 * The byte layout is `docs/internals/snapshot-format.md`.
 */
import type { TimerDomain } from '../time/timers.ts'
import type { TypeSchema } from '../types/type.ts'
import type { StateKind } from './descriptors.ts'
import type { KeyGroupRange } from './key-groups.ts'

export const STATE_FORMAT_VERSION = 1

/** Names a run file. A reference may be narrower than the file (after a rescale). */
export interface RunReference {
  /** Blob name, relative to the directory of the manifest. */
  readonly name: string
  readonly lengthBytes: number
  /** CRC-32 of the run's footer, which holds those of its blocks. */
  readonly footerChecksum: number
  /** SHA-256 (hex) of the footer, which holds those of its blocks: of runs of a job that signs. */
  readonly footerHash?: string
  readonly entries: number
  /** Only entries of these key groups count. */
  readonly keyGroups: KeyGroupRange
  /**
   * Only entries of these operators count; absent: all. Set when operators of one task are spread
   * over several, or the other way round: what the file holds of the others is out of date.
   */
  readonly operators?: readonly number[]
}

/** One declared state of an operator as the snapshot records it. */
export interface StateRecord {
  /** Allotted once per job, from 1, never reused. 0 means the row of scalar states. */
  readonly id: number
  readonly name: string
  readonly kind: StateKind
  readonly type: TypeSchema
  readonly keyType?: TypeSchema
}

/** One declared timer of an operator as the snapshot records it; its name is in its entries. */
export interface TimerRecord {
  readonly name: string
  readonly domain: TimerDomain
  /** Absent for timers that carry nothing. */
  readonly payload?: TypeSchema
}

/**
 * Types that an operator's values had in entries up to an age, where they have another now. The
 * first of the list that is as old as an entry, or newer, and names the state has its type.
 */
export interface FormerTypes {
  /** The highest number of the ages that it means. */
  readonly id: number
  readonly states?: readonly { readonly id: number; readonly type: TypeSchema }[]
  /** Of payloads. */
  readonly timers?: readonly { readonly name: string; readonly type: TypeSchema }[]
  readonly operatorStates?: readonly { readonly name: string; readonly type: TypeSchema }[]
}

/** An operator that owns state as the snapshot records it. */
export interface OperatorRecord {
  /** Allotted once per job, from 1, never reused. */
  readonly id: number
  readonly uid: string
  /** Absent for operators without keyed state. */
  readonly keyType?: TypeSchema
  readonly states: readonly StateRecord[]
  readonly timers?: readonly TimerRecord[]
  /** Its keyed entries are sealed under the keys of their subjects. */
  readonly shredded?: true
  /** The job no longer has it; the record stays so that its id is never given to another. */
  readonly dropped?: true
  /** The highest state id ever allotted here, when that is above those of `states`. */
  readonly highestStateId?: number
  /** The age of its types: in the header of what is written under them. Absent: 0. */
  readonly schemaId?: number
  /** Oldest first. */
  readonly formerTypes?: readonly FormerTypes[]
}

/**
 * Whether an id was once that of a state which the operator no longer has: entries of it that older
 * runs hold do not count.
 */
export function isDroppedState({ states, highestStateId = 0 }: OperatorRecord, id: number) {
  const highest = Math.max(highestStateId, ...states.map((state) => state.id))
  return id > 0 && id <= highest && !states.some((state) => state.id === id)
}

/**
 * All entries of one operator's non-keyed kind, kept at the end of the runs under key group
 * 0xFFFF: splits, committables, watermarks, operator-list, union and broadcast state, channel data,
 * finished-task records. They are written whole at every checkpoint.
 */
export type RecordKind =
  | 'operator-list'
  | 'union-list'
  | 'broadcast'
  | 'channel-data'
  | 'committable'
  | 'watermark'
  | 'split'
  | 'finished-task'

export interface OperatorStateEntry {
  readonly operatorId: number
  readonly kind: RecordKind
  /** State name for operator and broadcast state; split id, … else. */
  readonly name: string
  readonly value: Uint8Array
  /** The age of the operator's types when it was written. Absent: that of now, or 0 if read. */
  readonly schemaId?: number
}

/** What one subtask contributes to a checkpoint. */
export interface TaskSnapshot {
  /** Newest last. Together they hold exactly the keyed state of `keyGroups` at the cut. */
  readonly runs: readonly RunReference[]
  /** The run, if any, whose non-keyed entries count for this subtask; may also be in `runs`. */
  readonly records?: RunReference
  readonly keyGroups: KeyGroupRange
}
