// q7, highest bid: the bids of the highest price of each ten seconds. The public query compares a
// bid's time with both ends of the window, so a bid exactly at the end may be the highest of two
// windows: it belongs to the later one, and is looked at in the earlier one without counting
// there.
import { type Infer, keyedProcess, listState, t, valueState } from 'millrace'
import { row } from '../format.ts'
import { Bid } from '../model.ts'
import { bidsOf, type Query } from '../streams.ts'

const windowMs = 10_000

const Offer = t.struct({ window: t.float64, counts: t.boolean, bid: Bid })
type Offer = Infer<typeof Offer>

function offersOf(bid: Bid): readonly Offer[] {
  const window = Math.floor(bid.time / windowMs)
  const own = { window, counts: true, bid }
  if (bid.time % windowMs !== 0) return [own]
  return [own, { window: window - 1, counts: false, bid }]
}

const highest = keyedProcess({
  key: t.float64,
  input: Offer,
  output: Bid,
  state: {
    price: valueState(t.float64, { initial: -1 }),
    bids: listState(Bid),
    bidsAtEnd: listState(Bid),
  },
  processElement({ window, counts, bid }, { state: { price, bids, bidsAtEnd }, timers }) {
    // At the end itself, not a millisecond before: bids with this time must have come.
    timers.registerEventTimeTimer((window + 1) * windowMs)
    if (!counts) return bidsAtEnd.add(bid)
    if (bid.price < price.value()) return
    if (bid.price > price.value()) bids.clear()
    price.update(bid.price)
    bids.add(bid)
  },
  onTimer(_time, { state: { price, bids, bidsAtEnd } }, out) {
    for (const bid of bids) out.collect(bid)
    for (const bid of bidsAtEnd) if (bid.price === price.value()) out.collect(bid)
    price.clear()
    bids.clear()
    bidsAtEnd.clear()
  },
})

export const q7: Query = (events) =>
  bidsOf(events)
    .flatMap(offersOf)
    .returns(Offer)
    .keyBy(({ window }) => window)
    .process('q7-highest', highest)
    .map(({ auction, price, bidder, time, extra }) => row(auction, price, bidder, time, extra))
