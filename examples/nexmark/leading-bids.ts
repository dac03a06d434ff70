// What q4, q6 and q9 begin with: the highest bid of each auction so far, among the bids from its
// beginning to its end; of equal prices the earlier. Bids may come before their auction; they wait.
import { type DataStream, type Infer, keyedProcess, listState, t, valueState } from 'millrace'
import { Auction, Bid, type Event } from './model.ts'
import { auctionsOf, bidsOf } from './streams.ts'

export const LeadingBid = t.struct({
  auction: Auction,
  bid: Bid,
  /** Of the bid that led before this one, if there was one. */
  priceBefore: t.optional(t.float64),
})
export type LeadingBid = Infer<typeof LeadingBid>

const AuctionOrBid = t.union(Bid, Auction)
type AuctionOrBid = Infer<typeof AuctionOrBid>

const leading = keyedProcess({
  key: t.float64,
  input: AuctionOrBid,
  output: LeadingBid,
  state: {
    auction: valueState(Auction),
    leader: valueState(Bid),
    early: listState(Bid),
  },
  processElement(value, { state: { auction, leader, early } }, out) {
    const take = (item: Auction, bid: Bid): void => {
      const former = leader.value()
      if (bid.time < item.time || bid.time > item.expires) return
      if (former !== undefined && !isAbove(bid, former)) return
      leader.update(bid)
      const before = former === undefined ? {} : { priceBefore: former.price }
      out.collect({ auction: item, bid, ...before })
    }
    const item = auction.value()
    if (value.kind === 'auction') {
      // A second auction of this number is passed over: numbers are unique.
      if (item !== undefined) return
      auction.update(value)
      for (const bid of early) take(value, bid)
      early.clear()
    } else if (item === undefined) early.add(value)
    else take(item, value)
  },
})

function isAbove(a: Bid, b: Bid): boolean {
  return (b.price - a.price || a.time - b.time || a.position - b.position) < 0
}

/**
 * One record for each time an auction has a new highest bid.
 *
 * @param uid under which auctions and bids are kept.
 */
export function leadingBids(uid: string, events: DataStream<Event>): DataStream<LeadingBid> {
  const auctions: DataStream<AuctionOrBid> = auctionsOf(events).returns(Auction)
  const bids: DataStream<AuctionOrBid> = bidsOf(events)
  return auctions
    .union(bids)
    .returns(AuctionOrBid)
    .keyBy((value) => (value.kind === 'bid' ? value.auction : value.id))
    .process(uid, leading)
}
