// q5, q7, q8, q11, q12: queries over windows of time.
import { grouped, line, type PlainEvents, tenSecondsOf } from './events.ts'

export function q5({ bids }: PlainEvents): string[] {
  const windows = new Map<number, Map<number, number>>()
  for (const { auction, time } of bids) {
    const last = Math.floor(time / 2_000) * 2_000
    for (let start = last; start > last - 10_000; start -= 2_000) {
      const counts = windows.get(start) ?? new Map<number, number>()
      windows.set(start, counts)
      counts.set(auction, (counts.get(auction) ?? 0) + 1)
    }
  }
  return [...windows].flatMap(([start, counts]) => {
    const most = Math.max(...counts.values())
    return [...counts]
      .filter(([, count]) => count === most)
      .map(([auction, count]) => line(auction, count, start))
  })
}

export function q7({ bids }: PlainEvents): string[] {
  const windows = grouped(bids, ({ time }) => tenSecondsOf(time))
  const highest = new Map([...windows].map(([start, own]) => [start, maxPrice(own)]))
  const rows: string[] = []
  for (const { auction, bidder, price, time, extra } of bids) {
    const row = line(auction, price, bidder, time, extra)
    for (const start of [tenSecondsOf(time), tenSecondsOf(time) - 10_000]) {
      const isWithin = time >= start && time <= start + 10_000
      if (isWithin && highest.get(start) === price) rows.push(row)
    }
  }
  return rows
}

function maxPrice(bids: readonly { readonly price: number }[]): number {
  return bids.reduce((most, { price }) => Math.max(most, price), Number.NEGATIVE_INFINITY)
}

export function q8({ people, auctions }: PlainEvents): string[] {
  const sellers = new Set(auctions.map(({ seller, time }) => line(seller, tenSecondsOf(time))))
  const rows = people
    .filter(({ id, time }) => sellers.has(line(id, tenSecondsOf(time))))
    .map(({ id, name, time }) => line(id, name, tenSecondsOf(time)))
  return [...new Set(rows)]
}

export function q11({ bids }: PlainEvents): string[] {
  return [...grouped(bids, ({ bidder }) => bidder)].flatMap(([bidder, own]) => {
    const times = own.map(({ time }) => time).toSorted((a, b) => a - b)
    const rows: string[] = []
    let from = 0
    times.forEach((time, at) => {
      const next = times[at + 1]
      if (next !== undefined && next - time <= 10_000) return
      rows.push(line(bidder, at + 1 - from, times[from] ?? 0, time + 10_000))
      from = at + 1
    })
    return rows
  })
}

export function q12({ bids }: PlainEvents): string[] {
  const groups = grouped(bids, ({ bidder, time }) => line(bidder, tenSecondsOf(time)))
  return [...groups.values()].map((own) => {
    const start = tenSecondsOf(own[0]?.time ?? 0)
    return line(own[0]?.bidder ?? 0, own.length, start, start + 10_000)
  })
}
