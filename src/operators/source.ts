/**
 * The contract of sources. A source is a set of splits, each a replayable sequence with positions.
 * The engine owns the splits (which subtask reads which, from where, which are finished) and keeps
 * that in every checkpoint; a source only finds splits and reads one from a position.
 */
import type { OutputTag } from './output-tag.ts'
import type { Clock } from '../util/clock.ts'
import type { Random } from '../util/random.ts'
import type { Type } from '../types/type.ts'

/** A part of a source that is read in order by one subtask at a time. */
export interface Split {
  /** Unique within the source and stable over restarts. */
  readonly id: string
  /** What the reader needs to know besides; JSON. */
  readonly properties?: Readonly<Record<string, string | number | boolean>>
}

/** Records in order, and the position from which reading goes on after the last of them. */
export interface SourceBatch<T, Position> {
  readonly values: readonly T[]
  readonly position: Position
  /**
   * True while the source knows that it is catching up: what it reads is old, and more of it waits.
   * Checkpoints may be further apart meanwhile (`checkpointing.intervalDuringBacklog`).
   */
  readonly isBacklog?: boolean
  /** Records that did not parse; counted, and sent to the source's `malformedTag`, if any. */
  readonly malformed?: readonly MalformedRecord[]
}

export interface MalformedRecord {
  readonly file: string
  readonly line: number
  readonly offset: number
  readonly text: string
  readonly reason: string
}

/** What a source may use of the world. */
export interface SourceContext {
  readonly signal: AbortSignal
  readonly clock: Clock
  readonly random: Random
  readonly subtaskIndex: number
}

export interface Source<T, Position = unknown> {
  readonly [sourceBrand]: true
  readonly name: string
  readonly type: Type<T>
  readonly position: Type<Position>
  /** False if what was read cannot be read again; then wrap it in `journal()` or lose exactness. */
  readonly replayable: boolean
  /** True if no more splits than `discover` gives at the start can appear, and each ends. */
  readonly bounded: boolean
  /**
   * True if a split may wait for its input while another has some: all are read at once then, also
   * those of a bounded source without event time, which are read one after the other otherwise.
   */
  readonly readsAllSplits?: boolean
  /** True if it keeps records on a disk as they are: a job that is encrypted refuses it. */
  readonly keepsPlainRecords?: boolean
  /** The side output for records that did not parse; absent: they are only counted. */
  readonly malformedTag?: OutputTag<MalformedRecord>
  /** Finds the splits; called at each start and, if given, every `discoverEveryMs`. */
  discover(context: SourceContext): Promise<readonly Split[]>
  readonly discoverEveryMs?: number
  /**
   * Reads a split from a position (`undefined`: the beginning). Ends when the split is finished.
   * After the same position the same records must come in the same order.
   */
  read(
    split: Split,
    from: Position | undefined,
    context: SourceContext,
  ): AsyncIterable<SourceBatch<T, Position>>
  /** Everything before these positions is in a complete checkpoint and will not be read again. */
  checkpointComplete?(positions: ReadonlyMap<string, Position>): Promise<void>
}

export const sourceBrand: unique symbol = Symbol.for('millrace.source') as never
