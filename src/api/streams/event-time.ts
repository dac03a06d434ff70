/** What a job author says of event time: when a record happened, and what may still come. */
import type { Timestamp } from '../../operators/functions.ts'
import type { WatermarkGeneratorFactory } from '../../operators/watermarks.ts'
import type { Duration } from '../../util/duration.ts'

interface Bounded {
  /**
   * How far records may be out of order; later ones are late. 0, the default, is for timestamps
   * that never go back.
   */
  readonly maxOutOfOrderness?: Duration
  readonly watermarks?: never
}

interface Generated<T> {
  readonly maxOutOfOrderness?: never
  /** Makes what says how far event time has come; called for each split, also at a restore. */
  readonly watermarks: WatermarkGeneratorFactory<T>
}

/** Timestamps and watermarks, as `assignTimestamps` takes them. */
export type TimestampAssignment<T> = {
  /** When the record happened, in milliseconds since 1970. */
  readonly timestamp: (value: T) => Timestamp
} & (Bounded | Generated<T>)

/** How far ahead of others a source may be read. */
export interface WatermarkAlignment {
  /** Names the sources of the job that are aligned with each other. */
  readonly group: string
  /** How far a split may be ahead of the slowest one of the group, in event time. */
  readonly maxDrift: Duration
}

/** Event time of a source: watermarks are made per split and are part of every checkpoint. */
export type EventTime<T> = TimestampAssignment<T> & {
  /** A split that is silent for this long does not hold back the others. Default: never. */
  readonly idleness?: Duration
  /**
   * True if no split (file, part of a file) holds records older than those of the splits before
   * it, such as files named by day. They are then read one after the other. Else the splits of a
   * bounded source are read side by side, the one that is behind first, and the watermark is that
   * of the one furthest behind, so that no record is late because of the file it is in.
   * Default: false.
   */
  readonly splitsInOrder?: boolean
  /**
   * Splits and sources of one group are read side by side in event time: none further ahead of the
   * slowest than its `maxDrift`, so that what must be kept for those behind stays small. One that
   * is silent holds the others back, unless it has an `idleness`. Default: no alignment.
   */
  readonly alignment?: WatermarkAlignment
}
