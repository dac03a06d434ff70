// q15, bidding statistics: for each day the bids, the different bidders and the different
// auctions; in all, and of the three ranks of prices.
import { keyedProcess, t } from 'millrace'
import { dayOf, row } from '../format.ts'
import { Bid } from '../model.ts'
import { addBid, dayMs, statisticsState } from '../statistics.ts'
import { bidsOf, type Query } from '../streams.ts'

const Day = t.struct({ day: t.float64, counts: t.list(t.float64) })

const statistics = keyedProcess({
  key: t.float64,
  input: Bid,
  output: Day,
  state: statisticsState,
  processElement(bid, { state, currentKey }, out) {
    out.collect({ day: currentKey, counts: addBid(state, bid) })
  },
})

export const q15: Query = (events) =>
  bidsOf(events)
    .keyBy(({ time }) => Math.floor(time / dayMs))
    .process('q15-statistics', statistics)
    .keyBy(({ day }) => day)
    .latest('q15-final-statistics')
    .map(({ day, counts }) => row(dayOf(day * dayMs), ...counts))
