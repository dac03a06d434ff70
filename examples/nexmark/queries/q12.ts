// q12, processing time windows: how many bids does a bidder make in ten seconds of the machine's
// clock? Here the clock is virtual and shows the time of the event that arrives, so that the result
// is the same each time.
import { tumblingWindow } from 'millrace'
import { row } from '../format.ts'
import { bidsOf, type Query } from '../streams.ts'

export const q12: Query = (events) =>
  bidsOf(events)
    .keyBy(({ bidder }) => bidder)
    .window(tumblingWindow('10 s'))
    .count('q12-bids-per-window', (bids, { key, window }) =>
      row(key, bids, window.start, window.end),
    )
