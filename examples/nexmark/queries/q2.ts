// q2, selection: the bids for some auctions, those whose number can be divided by 123.
import { row } from '../format.ts'
import { bidsOf, type Query } from '../streams.ts'

export const q2: Query = (events) =>
  bidsOf(events)
    .filter(({ auction }) => auction % 123 === 0)
    .map(({ auction, price }) => row(auction, price))
