// q14, calculation: the bids of a middling price in euros, with the part of the day they were made
// in and with how often the letter c is in their padding.
import { row, thousandths } from '../format.ts'
import { bidsOf, type Query } from '../streams.ts'

const leastThousandths = 1_000_000_000
const mostThousandths = 50_000_000_000

export const q14: Query = (events) =>
  bidsOf(events)
    .filter(({ price }) => price * 908 > leastThousandths && price * 908 < mostThousandths)
    .map(({ auction, bidder, price, time, extra }) => {
      const letters = extra.split('c').length - 1
      return row(auction, bidder, thousandths(price * 908), partOfDay(time), time, extra, letters)
    })

function partOfDay(time: number): string {
  const hour = new Date(time).getUTCHours()
  if (hour >= 8 && hour <= 18) return 'dayTime'
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime'
}
