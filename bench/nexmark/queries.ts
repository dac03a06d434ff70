/** The queries of the comparison by their names. */
import { q20, q3, q4, q9 } from './auctions.ts'
import { q0, q1, q14, q2 } from './bids.ts'
import type { NexmarkQuery } from '../suite/contract.ts'
import type { Query } from './query.ts'
import { q18, q19 } from './ranks.ts'
import { q15, q16, q17 } from './statistics.ts'
import { q11, q12, q5, q7, q8 } from './windows.ts'

export const QUERIES = {
  q0,
  q1,
  q2,
  q3,
  q4,
  q5,
  q7,
  q8,
  q9,
  q11,
  q12,
  q14,
  q15,
  q16,
  q17,
  q18,
  q19,
  q20,
} satisfies Record<NexmarkQuery, Query>
