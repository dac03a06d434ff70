// What q15 and q16 count: bids, different bidders and different auctions, in all and for each of
// the three ranks of prices. For each bidder (auction) one number says in which ranks it was seen.
import { mapState, type StateOf, t, valueState } from 'millrace'
import type { Bid } from './model.ts'

export const dayMs = 24 * 60 * 60 * 1000

const rankLimits = [10_000, 1_000_000]
/** In all, and in each rank; for bids, bidders and auctions. */
const countsOfOne = 4
const none: number[] = Array.from({ length: 3 * countsOfOne }, () => 0)

export const statisticsState = {
  counts: valueState(t.list(t.float64), { initial: none }),
  ranksOfBidder: mapState(t.float64, t.int32),
  ranksOfAuction: mapState(t.float64, t.int32),
}

/** 1 for cheap, 2 for middling, 3 for dear. */
export function rankOf(price: number): number {
  return 1 + rankLimits.filter((limit) => price >= limit).length
}

/** Counts a bid; returns what the counts are then: of bids, then of bidders, then of auctions. */
export function addBid(state: StateOf<typeof statisticsState>, bid: Bid): number[] {
  const rank = rankOf(bid.price)
  const counts = [...state.counts.value()]
  addTo(counts, 0, 1)
  addTo(counts, rank, 1)
  addNew(counts, countsOfOne, rank, state.ranksOfBidder, bid.bidder)
  addNew(counts, 2 * countsOfOne, rank, state.ranksOfAuction, bid.auction)
  state.counts.update(counts)
  return counts
}

function addNew(
  counts: number[],
  from: number,
  rank: number,
  ranksOf: StateOf<typeof statisticsState>['ranksOfBidder'],
  id: number,
): void {
  const seen = ranksOf.get(id) ?? 0
  const isNewInRank = (seen & (1 << rank)) === 0
  if (!isNewInRank) return
  if (seen === 0) addTo(counts, from, 1)
  addTo(counts, from + rank, 1)
  ranksOf.set(id, seen | (1 << rank))
}

function addTo(counts: number[], index: number, by: number): void {
  counts[index] = (counts[index] ?? 0) + by
}
