// q0, q1, q2, q13, q14, q22: queries that look at one bid at a time.
import { euros, line, type PlainEvents } from './events.ts'

export function q0({ bids }: PlainEvents): string[] {
  return bids.map((b) => line(b.auction, b.bidder, b.price, b.time, b.extra))
}

export function q1({ bids }: PlainEvents): string[] {
  return bids.map((b) => line(b.auction, b.bidder, euros(b.price), b.time, b.extra))
}

export function q2({ bids }: PlainEvents): string[] {
  return bids.filter((b) => b.auction % 123 === 0).map((b) => line(b.auction, b.price))
}

export function q13({ bids }: PlainEvents): string[] {
  return bids.map((b) => line(b.auction, b.bidder, b.price, b.time, String(b.auction % 10_000)))
}

export function q14({ bids }: PlainEvents): string[] {
  const rows: string[] = []
  for (const b of bids) {
    const price = Number(euros(b.price))
    if (!(price > 1_000_000 && price < 50_000_000)) continue
    const hour = Number(new Date(b.time).toISOString().slice(11, 13))
    let part = 'otherTime'
    if (hour >= 8 && hour <= 18) part = 'dayTime'
    else if (hour <= 6 || hour >= 20) part = 'nightTime'
    const letters = b.extra.match(/c/g)?.length ?? 0
    rows.push(line(b.auction, b.bidder, euros(b.price), part, b.time, b.extra, letters))
  }
  return rows
}

export function q22({ bids }: PlainEvents): string[] {
  return bids.map((b) => {
    const parts = b.url.split('/').slice(3, 6)
    while (parts.length < 3) parts.push('\\N')
    return line(b.auction, b.bidder, b.price, b.channel, ...parts)
  })
}
