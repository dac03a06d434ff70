/** What operators in event time do with records that have no time. */
import { MillraceError } from '../errors.ts'
import type { Timestamp } from './functions.ts'

/** @param what names the operator in the message. */
export function requireTimestamp(timestamp: Timestamp, what: string): void {
  if (Number.isFinite(timestamp)) return
  throw new MillraceError('JOB_GRAPH_INVALID', `${what} got a record without timestamp`, {
    cure: 'give fromSource a timestamp function: { timestamp: (record) => record.at }',
    details: { operator: what },
  })
}
