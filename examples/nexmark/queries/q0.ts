// q0, pass through: every bid as it is. What reading and writing cost by themselves.
import { row } from '../format.ts'
import { bidsOf, type Query } from '../streams.ts'

export const q0: Query = (events) =>
  bidsOf(events).map(({ auction, bidder, price, time, extra }) =>
    row(auction, bidder, price, time, extra),
  )
