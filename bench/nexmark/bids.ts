/** q0, q1, q2 and q14: queries that look at one bid at a time. */
import type { Bid } from './events.ts'
import { bidsOf, type Fields, query } from './query.ts'

/** Euros to the dollar, in thousandths; a price in euros is a whole number of these. */
const EURO_THOUSANDTHS = 908
const LEAST_THOUSANDTHS = 1_000_000_000
const MOST_THOUSANDTHS = 50_000_000_000
const HOUR_MS = 3_600_000
const C = 'c'.charCodeAt(0)

type Offer = Pick<Bid, 'auction' | 'bidder' | 'price' | 'time' | 'extra'>

function offer({ auction, bidder, price, time, extra }: Offer, into: Fields): void {
  into.number(auction).number(bidder).number(price).number(time).text(extra)
}

/** Pass through. */
export const q0 = query({ rows: bidsOf, fields: offer })

/** Currency: every bid with its price in euros. */
export const q1 = query({
  rows: (events) =>
    bidsOf(events).map(({ auction, bidder, price, time, extra }): Offer => {
      return { auction, bidder, price: price * EURO_THOUSANDTHS, time, extra }
    }),
  fields: offer,
})

/** Selection: the bids for some auctions. */
export const q2 = query({
  rows: (events) =>
    bidsOf(events)
      .filter(({ auction }) => auction % 123 === 0)
      .map(({ auction, price }) => ({ auction, price })),
  fields: ({ auction, price }, into) => void into.number(auction).number(price),
})

/** Calculation: middling prices, the part of the day, and how often a letter is in the padding. */
export const q14 = query({
  rows: (events) =>
    bidsOf(events)
      .filter(({ price }) => {
        const euros = price * EURO_THOUSANDTHS
        return euros > LEAST_THOUSANDTHS && euros < MOST_THOUSANDTHS
      })
      .map(({ auction, bidder, price, time, extra }) => ({
        auction,
        bidder,
        price: price * EURO_THOUSANDTHS,
        part: partOfDay(time),
        time,
        extra,
        letters: lettersIn(extra),
      })),
  fields({ auction, bidder, price, part, time, extra, letters }, into) {
    into.number(auction).number(bidder).number(price).text(part)
    into.number(time).text(extra).number(letters)
  },
})

function partOfDay(time: number): string {
  const hour = Math.floor(time / HOUR_MS) % 24
  if (hour >= 8 && hour <= 18) return 'dayTime'
  return hour <= 6 || hour >= 20 ? 'nightTime' : 'otherTime'
}

function lettersIn(text: string): number {
  let count = 0
  for (let at = 0; at < text.length; at++) if (text.charCodeAt(at) === C) count++
  return count
}
