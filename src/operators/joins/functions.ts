/** What the functions of joins are told besides the records: valid only during the call. */
import type { Timestamp } from '../functions.ts'

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
