// What q4, q6 and q9 begin with: the highest bid of each auction so far, among the bids from its
// beginning to its end; of equal prices the earlier. Bids may come before their auction; they wait.
import { type Collector, type DataStream, type Infer } from 'millrace'
import { keyedCoProcess, listState, type StateOf, t, valueState } from 'millrace'
import { Auction, Bid, type Event } from './model.ts'
import { auctionsOf, bidsOf } from './streams.ts'

export const LeadingBid = t.struct({
  auction: Auction,
  bid: Bid,
  /** Of the bid that led before this one, if there was one. */
  priceBefore: t.optional(t.float64),
})
export type LeadingBid = Infer<typeof LeadingBid>

const state = { auction: valueState(Auction), leader: valueState(Bid), early: listState(Bid) }

const leading = keyedCoProcess({
  key: t.float64,
  input1: Auction,
  input2: Bid,
  output: LeadingBid,
  state,
  processElement1(auction, ctx, out) {
    // A second auction of this number is passed over: numbers are unique.
    if (ctx.state.auction.value() !== undefined) return
    ctx.state.auction.update(auction)
    for (const bid of ctx.state.early) take(auction, bid, ctx.state, out)
    ctx.state.early.clear()
  },
  processElement2(bid, ctx, out) {
    const auction = ctx.state.auction.value()
    if (auction === undefined) ctx.state.early.add(bid)
    else take(auction, bid, ctx.state, out)
  },
})

function take(
  auction: Auction,
  bid: Bid,
  { leader }: StateOf<typeof state>,
  out: Collector<LeadingBid>,
): void {
  if (bid.time < auction.time || bid.time > auction.expires) return
  const former = leader.value()
  if (former !== undefined && !isAbove(bid, former)) return
  leader.update(bid)
  const before = former === undefined ? {} : { priceBefore: former.price }
  out.collect({ auction, bid, ...before })
}

function isAbove(a: Bid, b: Bid): boolean {
  return (b.price - a.price || a.time - b.time || a.position - b.position) < 0
}

/**
 * One record for each time an auction has a new highest bid.
 *
 * @param uid under which auctions and bids are kept.
 */
export function leadingBids(uid: string, events: DataStream<Event>): DataStream<LeadingBid> {
  return auctionsOf(events)
    .keyBy(({ id }) => id)
    .connect(bidsOf(events).keyBy(({ auction }) => auction))
    .process(uid, leading)
}
