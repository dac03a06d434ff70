/**
 * q15, q16 and q17: statistics of bids by day, by channel and by auction. Each count is a state of
 * its own: a number that lies in the row of its key.
 */
import { counterState, keyedProcess, mapState, type StateOf, t, valueState } from 'millrace'
import { Bid } from './events.ts'
import { bidsOf, dayOf, type Fields, query } from './query.ts'

const RANK_LIMITS = [10_000, 1_000_000] as const
const MINUTE_MS = 60_000
const MINUTES = 24 * 60

/** 1 for cheap, 2 for middling, 3 for dear. */
function rankOf(price: number): 1 | 2 | 3 {
  if (price < RANK_LIMITS[0]) return 1
  return price < RANK_LIMITS[1] ? 2 : 3
}

function ofRank<C>(rank: 1 | 2 | 3, cheap: C, middling: C, dear: C): C {
  if (rank === 1) return cheap
  return rank === 2 ? middling : dear
}

const counted = {
  bids: counterState(),
  bids1: counterState(),
  bids2: counterState(),
  bids3: counterState(),
  bidders: counterState(),
  bidders1: counterState(),
  bidders2: counterState(),
  bidders3: counterState(),
  auctions: counterState(),
  auctions1: counterState(),
  auctions2: counterState(),
  auctions3: counterState(),
  /** In which ranks a bidder or an auction was seen, as bits. */
  ranksOfBidder: mapState(t.float64, t.int32),
  ranksOfAuction: mapState(t.float64, t.int32),
}
type Counted = StateOf<typeof counted>

const Counts = t.list(t.float64)

/** Counts a bid, and returns all counts. */
function count(state: Counted, { bidder, auction, price }: Bid): number[] {
  const rank = rankOf(price)
  state.bids.increment()
  ofRank(rank, state.bids1, state.bids2, state.bids3).increment()
  const bit = 1 << rank
  const ofBidder = state.ranksOfBidder.get(bidder) ?? 0
  if ((ofBidder & bit) === 0) {
    if (ofBidder === 0) state.bidders.increment()
    ofRank(rank, state.bidders1, state.bidders2, state.bidders3).increment()
    state.ranksOfBidder.set(bidder, ofBidder | bit)
  }
  const ofAuction = state.ranksOfAuction.get(auction) ?? 0
  if ((ofAuction & bit) === 0) {
    if (ofAuction === 0) state.auctions.increment()
    ofRank(rank, state.auctions1, state.auctions2, state.auctions3).increment()
    state.ranksOfAuction.set(auction, ofAuction | bit)
  }
  const { bids, bids1, bids2, bids3, bidders, bidders1, bidders2, bidders3 } = state
  const { auctions, auctions1, auctions2, auctions3 } = state
  const counts = [bids.value(), bids1.value(), bids2.value(), bids3.value()]
  counts.push(bidders.value(), bidders1.value(), bidders2.value(), bidders3.value())
  counts.push(auctions.value(), auctions1.value(), auctions2.value(), auctions3.value())
  return counts
}

function countFields(counts: readonly number[], into: Fields): void {
  for (const each of counts) into.number(each)
}

const ofDay = keyedProcess({
  key: t.float64,
  input: Bid,
  output: t.struct({ day: t.float64, counts: Counts }),
  state: counted,
  processElement(bid, { state, currentKey: day }, out) {
    out.collect({ day, counts: count(state, bid) })
  },
})

/** Bidding statistics: for each day the bids, the different bidders and the different auctions. */
export const q15 = query({
  key: [0],
  rows: (events) =>
    bidsOf(events)
      .keyBy(({ time }) => dayOf(time))
      .process('q15-statistics', ofDay),
  fields({ day, counts }, into) {
    into.number(day)
    countFields(counts, into)
  },
})

const ChannelAndDay = t.tuple(t.string, t.float64)

const ofChannel = keyedProcess({
  key: ChannelAndDay,
  input: Bid,
  output: t.struct({ channel: t.string, day: t.float64, minute: t.float64, counts: Counts }),
  state: { ...counted, last: valueState(t.timestamp, { initial: 0 }) },
  processElement(bid, { state, currentKey: [channel, day] }, out) {
    const last = Math.max(bid.time, state.last.value())
    state.last.update(last)
    const minute = Math.floor(last / MINUTE_MS) % MINUTES
    out.collect({ channel, day, minute, counts: count(state, bid) })
  },
})

/** Channel statistics: as q15 for each channel and day, with the last minute that had a bid. */
export const q16 = query({
  key: [0, 1],
  rows: (events) =>
    bidsOf(events)
      .keyBy(({ channel, time }): [string, number] => [channel, dayOf(time)], ChannelAndDay)
      .process('q16-statistics', ofChannel),
  fields({ channel, day, minute, counts }, into) {
    into.text(channel).number(day).number(minute)
    countFields(counts, into)
  },
})

const AuctionAndDay = t.tuple(t.float64, t.float64)

const ofAuction = keyedProcess({
  key: AuctionAndDay,
  input: Bid,
  output: t.struct({
    auction: t.float64,
    day: t.float64,
    bids: t.float64,
    bids1: t.float64,
    bids2: t.float64,
    bids3: t.float64,
    least: t.float64,
    highest: t.float64,
    mean: t.float64,
    sum: t.float64,
  }),
  state: {
    bids: counterState(),
    bids1: counterState(),
    bids2: counterState(),
    bids3: counterState(),
    least: valueState(t.float64, { initial: Number.MAX_SAFE_INTEGER }),
    highest: valueState(t.float64, { initial: 0 }),
    sum: counterState(),
  },
  processElement({ price }, { state, currentKey: [auction, day] }, out) {
    const bids = state.bids.increment()
    ofRank(rankOf(price), state.bids1, state.bids2, state.bids3).increment()
    const least = Math.min(price, state.least.value())
    const highest = Math.max(price, state.highest.value())
    state.least.update(least)
    state.highest.update(highest)
    const sum = state.sum.add(price)
    const [bids1, bids2, bids3] = [state.bids1.value(), state.bids2.value(), state.bids3.value()]
    const mean = Math.trunc(sum / bids)
    out.collect({ auction, day, bids, bids1, bids2, bids3, least, highest, mean, sum })
  },
})

/** Auction statistics: for each auction and day the bids and their prices. */
export const q17 = query({
  key: [0, 1],
  rows: (events) =>
    bidsOf(events)
      .keyBy(({ auction, time }): [number, number] => [auction, dayOf(time)], AuctionAndDay)
      .process('q17-statistics', ofAuction),
  fields({ auction, day, bids, bids1, bids2, bids3, least, highest, mean, sum }, into) {
    into.number(auction).number(day).number(bids).number(bids1).number(bids2).number(bids3)
    into.number(least).number(highest).number(mean).number(sum)
  },
})
