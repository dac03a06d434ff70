// q1, currency: every bid with its price in euros, at 0.908 euros to the dollar, exactly: prices
// are whole numbers, so a price in euros is a whole number of thousandths.
import { row, thousandths } from '../format.ts'
import { bidsOf, type Query } from '../streams.ts'

export const q1: Query = (events) =>
  bidsOf(events).map(({ auction, bidder, price, time, extra }) =>
    row(auction, bidder, thousandths(price * 908), time, extra),
  )
