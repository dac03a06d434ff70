// q9, winning bids: every auction with its highest bid; of equal prices the earlier one wins.
import { row } from '../format.ts'
import { leadingBids } from '../leading-bids.ts'
import { type Query } from '../streams.ts'

export const q9: Query = (events) =>
  leadingBids('q9-leading-bids', events)
    .keyBy(({ auction }) => auction.id)
    .latest('q9-winners')
    .map(({ auction: a, bid: b }) => {
      const item = [a.id, a.itemName, a.description, a.initialBid, a.reserve, a.time, a.expires]
      const bid = [b.auction, b.bidder, b.price, b.time, b.extra]
      return row(...item, a.seller, a.category, a.extra, ...bid)
    })
