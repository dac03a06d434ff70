// q20, expanded bids: every bid for an item of category 10, with what is known of the item. A join
// without a window, as in q3.
import { row } from '../format.ts'
import { innerJoin } from '../join.ts'
import { Auction, Bid } from '../model.ts'
import { auctionsOf, bidsOf, type Query } from '../streams.ts'

export const q20: Query = (events) => {
  const items = auctionsOf(events).filter(({ category }) => category === 10)
  return innerJoin('q20-expanded-bids', {
    left: { stream: bidsOf(events), type: Bid, key: ({ auction }) => auction },
    right: { stream: items, type: Auction, key: ({ id }) => id },
    result: (b, a) => {
      const bid = [b.auction, b.bidder, b.price, b.channel, b.url, b.time, b.extra]
      const item = [a.itemName, a.description, a.initialBid, a.reserve, a.time, a.expires]
      return row(...bid, ...item, a.seller, a.category, a.extra)
    },
  })
}
