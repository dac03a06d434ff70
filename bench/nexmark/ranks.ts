/** q18 and q19: the last bids, and the highest ones. */
import { t } from 'millrace'
import { Bid } from './events.ts'
import { bidsOf, type Fields, query } from './query.ts'

const RANKS = 10
const BidderAndAuction = t.tuple(t.float64, t.float64)

function bidFields({ auction, bidder, price, channel, url, time, extra }: Bid, into: Fields): void {
  into.number(auction).number(bidder).number(price).text(channel).text(url).number(time).text(extra)
}

/** Last bid of each bidder for each auction; of two in the same millisecond the later. */
export const q18 = query({
  key: [0, 1],
  rows: (events) =>
    bidsOf(events)
      .keyBy(({ bidder, auction }): [number, number] => [bidder, auction], BidderAndAuction)
      .reduce('q18-last-bid', (before, bid) => (bid.time >= before.time ? bid : before), Bid),
  fields: bidFields,
})

/** Top ten: the highest bids of each auction with their ranks; of equal prices the first one. */
export const q19 = query({
  key: [0, 7],
  rows: (events) =>
    bidsOf(events)
      .returns(Bid)
      .keyBy(({ auction }) => auction)
      .topN('q19-top-bids', RANKS, { by: ({ price }) => price, emit: 'ranks' }),
  fields({ rank, value }, into) {
    bidFields(value, into)
    into.number(rank)
  },
})
