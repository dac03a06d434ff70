// q4, average price per category: of each auction that has bids in its time, the highest bid so
// far; of these the mean per category, cut to a whole number. A higher bid replaces the one
// before, so the sum of its category grows by the difference.
import { t } from 'millrace'
import { row } from '../format.ts'
import { type Query } from '../streams.ts'
import { leadingBids } from '../leading-bids.ts'

const Mean = t.struct({ category: t.float64, sum: t.float64, auctions: t.float64 })

export const q4: Query = (events) =>
  leadingBids('q4-leading-bids', events)
    .keyBy(({ auction }) => auction.category)
    .aggregate('q4-mean-of-category', {
      accumulator: Mean,
      output: Mean,
      createAccumulator: () => ({ category: 0, sum: 0, auctions: 0 }),
      add: ({ auction: { category }, bid, priceBefore }, { sum, auctions }) => ({
        category,
        sum: sum + bid.price - (priceBefore ?? 0),
        auctions: auctions + (priceBefore === undefined ? 1 : 0),
      }),
      getResult: (mean) => mean,
    })
    .keyBy(({ category }) => category)
    .latest('q4-final-means')
    .map(({ category, sum, auctions }) => row(category, Math.trunc(sum / auctions)))
