// q17, auction statistics: for each auction and day the bids, in all and of the three ranks of
// prices, and the least, the highest, the mean (cut to a whole number) and the sum of the prices.
import { t } from 'millrace'
import { dayOf, row } from '../format.ts'
import { dayMs, rankOf } from '../statistics.ts'
import { bidsOf, type Query } from '../streams.ts'

const Key = t.tuple(t.float64, t.float64)
const Statistics = t.struct({
  key: Key,
  bids: t.float64,
  ranks: t.tuple(t.float64, t.float64, t.float64),
  least: t.float64,
  highest: t.float64,
  sum: t.float64,
})

export const q17: Query = (events) =>
  bidsOf(events)
    .map(({ auction, time, price }) => {
      const rank = rankOf(price)
      const key: [number, number] = [auction, Math.floor(time / dayMs)]
      const ranks: [number, number, number] = [+(rank === 1), +(rank === 2), +(rank === 3)]
      return { key, bids: 1, ranks, least: price, highest: price, sum: price }
    })
    .returns(Statistics)
    .keyBy(({ key }) => key, Key)
    .reduce('q17-statistics', (a, b) => ({
      key: a.key,
      bids: a.bids + b.bids,
      ranks: [a.ranks[0] + b.ranks[0], a.ranks[1] + b.ranks[1], a.ranks[2] + b.ranks[2]],
      least: Math.min(a.least, b.least),
      highest: Math.max(a.highest, b.highest),
      sum: a.sum + b.sum,
    }))
    .keyBy(({ key }) => key, Key)
    .latest('q17-final-statistics')
    .map(({ key: [auction, day], bids, ranks, least, highest, sum }) => {
      const mean = Math.trunc(sum / bids)
      return row(auction, dayOf(day * dayMs), bids, ...ranks, least, highest, mean, sum)
    })
