// q3, q4, q6, q9, q20: queries that bring auctions together with people or bids.
import { grouped, line, meanOf, type PlainAuction, type PlainEvents } from './events.ts'
import type { PlainBid } from './events.ts'

export function q3({ people, auctions }: PlainEvents): string[] {
  const rows: string[] = []
  const byId = grouped(people, (person) => person.id)
  for (const { id, seller, category } of auctions) {
    if (category !== 10) continue
    for (const { name, city, state } of byId.get(seller) ?? []) {
      if (['OR', 'ID', 'CA'].includes(state)) rows.push(line(name, city, state, id))
    }
  }
  return rows
}

interface Won {
  readonly auction: PlainAuction
  readonly bid: PlainBid
}

function winners({ auctions, bids }: PlainEvents): Won[] {
  const byAuction = grouped(bids, (bid) => bid.auction)
  return auctions.flatMap((auction) => {
    const [bid] = (byAuction.get(auction.id) ?? [])
      .filter(({ time }) => time >= auction.time && time <= auction.expires)
      .toSorted((a, b) => b.price - a.price || a.time - b.time || a.line - b.line)
    return bid === undefined ? [] : [{ auction, bid }]
  })
}

export function q4(events: PlainEvents): string[] {
  const byCategory = grouped(winners(events), ({ auction }) => auction.category)
  return [...byCategory].map(([category, won]) => line(category, meanOf(won.map(priceOf))))
}

function priceOf({ bid }: Won): number {
  return bid.price
}

export function q6(events: PlainEvents): string[] {
  const bySeller = grouped(winners(events), ({ auction }) => auction.seller)
  return [...bySeller].flatMap(([seller, won]) => {
    const prices = won
      .toSorted((a, b) => a.bid.time - b.bid.time || a.bid.line - b.bid.line)
      .map(priceOf)
    return prices.map((_, at) => line(seller, meanOf(prices.slice(Math.max(0, at - 10), at + 1))))
  })
}

export function q9(events: PlainEvents): string[] {
  return winners(events).map(({ auction: a, bid: b }) => {
    const item = [a.id, ...a.item, a.time, a.expires, a.seller, a.category, a.extra]
    return line(...item, b.auction, b.bidder, b.price, b.time, b.extra)
  })
}

export function q20({ auctions, bids }: PlainEvents): string[] {
  const byId = grouped(auctions, ({ id }) => id)
  return bids.flatMap((b) =>
    (byId.get(b.auction) ?? [])
      .filter(({ category }) => category === 10)
      .map((a) => {
        const bid = [b.auction, b.bidder, b.price, b.channel, b.url, b.time, b.extra]
        return line(...bid, ...a.item, a.time, a.expires, a.seller, a.category, a.extra)
      }),
  )
}
