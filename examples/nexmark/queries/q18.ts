// q18, last bid: of each bidder and auction the latest bid; of two in the same millisecond the
// later.
import { t } from 'millrace'
import { row } from '../format.ts'
import { Bid } from '../model.ts'
import { bidsOf, type Query } from '../streams.ts'

const Key = t.tuple(t.float64, t.float64)

function later(a: Bid, b: Bid): Bid {
  return (a.time - b.time || a.position - b.position) > 0 ? a : b
}

export const q18: Query = (events) =>
  bidsOf(events)
    .keyBy(({ bidder, auction }) => [bidder, auction], Key)
    .reduce('q18-last-bid', later, Bid)
    .keyBy(({ bidder, auction }) => [bidder, auction], Key)
    .latest('q18-final-last-bids')
    .map(({ auction, bidder, price, channel, url, time, extra }) =>
      row(auction, bidder, price, channel, url, time, extra),
    )
