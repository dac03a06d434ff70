// q22, folders of the url: every bid with the first three folders of its url.
import { row } from '../format.ts'
import { bidsOf, type Query } from '../streams.ts'

export const q22: Query = (events) =>
  bidsOf(events).map(({ auction, bidder, price, channel, url }) => {
    // "https:", "", the host, then the folders.
    const [, , , first, second, third] = url.split('/')
    return row(auction, bidder, price, channel, first, second, third)
  })
