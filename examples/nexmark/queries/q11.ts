// q11, user sessions: how many bids did a bidder make while active, that is without a pause of more
// than ten seconds? A session ends ten seconds after its last bid.
import { sessionWindow } from 'millrace'
import { row } from '../format.ts'
import { bidsOf, type Query } from '../streams.ts'

/** In Flink a bid exactly ten seconds later belongs to the session, so the gap is 1 ms more. */
const BEYOND_MS = 1

export const q11: Query = (events) =>
  bidsOf(events)
    .keyBy(({ bidder }) => bidder)
    .window(sessionWindow(10_000 + BEYOND_MS))
    .count('q11-bids-per-session', (bids, { key, window }) =>
      row(key, bids, window.start, window.end - BEYOND_MS),
    )
