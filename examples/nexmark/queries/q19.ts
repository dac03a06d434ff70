// q19, top ten: the ten highest bids of each auction with their ranks; of equal prices the earlier
// first. A new bid shifts those below it, so their ranks are told anew.
import { keyedProcess, t, valueState } from 'millrace'
import { row } from '../format.ts'
import { Bid } from '../model.ts'
import { bidsOf, type Query } from '../streams.ts'

const ranks = 10
const Ranked = t.struct({ rank: t.float64, bid: Bid })
const Key = t.tuple(t.float64, t.float64)

const topBids = keyedProcess({
  key: t.float64,
  input: Bid,
  output: Ranked,
  state: { top: valueState(t.list(Bid), { initial: [] }) },
  processElement(bid, { state }, out) {
    const top = state.top.value()
    const below = top.findIndex((other) => isAbove(bid, other))
    const at = below < 0 ? top.length : below
    if (at >= ranks) return
    const changed = top.toSpliced(at, 0, bid).slice(0, ranks)
    state.top.update(changed)
    changed.forEach((each, index) => {
      if (index >= at) out.collect({ rank: index + 1, bid: each })
    })
  },
})

function isAbove(a: Bid, b: Bid): boolean {
  return (b.price - a.price || a.position - b.position) < 0
}

export const q19: Query = (events) =>
  bidsOf(events)
    .keyBy(({ auction }) => auction)
    .process('q19-top-bids', topBids)
    .keyBy(({ rank, bid }) => [bid.auction, rank], Key)
    .latest('q19-final-ranks')
    .map(({ rank, bid: { auction, bidder, price, channel, url, time, extra } }) =>
      row(auction, bidder, price, channel, url, time, extra, rank),
    )
