/** What the functions of joins are told besides the records: valid only during the call. */
import type { Timestamp } from '../functions.ts'
import type { OutputTag } from '../output-tag.ts'
import type { WindowContext } from '../windows/functions.ts'

/** Of two records that lie near each other in time, or of one that has found no other. */
export interface IntervalJoinContext<K> {
  readonly key: K
  /** That of the result: the later of both; without a match, the end of what could have matched. */
  readonly timestamp: Timestamp
  /** Undefined if there is no left record. */
  readonly leftTimestamp: Timestamp | undefined
  /** Undefined if there is no right record. */
  readonly rightTimestamp: Timestamp | undefined
}

/** Of a fact and the version that was valid at its time. */
export interface TemporalJoinContext<K> {
  readonly key: K
  /** That of the fact, and of the result. */
  readonly timestamp: Timestamp
  /** Since when the version is valid; undefined if there is none. */
  readonly versionTimestamp: Timestamp | undefined
}

/** Of all records of a key and window of two streams. */
export interface CoGroupContext<K> extends WindowContext<K> {
  readonly currentWatermark: Timestamp
  /** Emits to a side output; read it with `stream.sideOutput(tag)`. */
  output<X>(tag: OutputTag<X>, value: X): void
}
