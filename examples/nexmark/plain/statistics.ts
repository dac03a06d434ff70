// q15 to q19: statistics of bids, the last ones and the highest ones.
import { grouped, isoDay, line, meanOf, type PlainBid, type PlainEvents } from './events.ts'

const ranks: readonly ((bid: PlainBid) => boolean)[] = [
  () => true,
  ({ price }) => price < 10_000,
  ({ price }) => price >= 10_000 && price < 1_000_000,
  ({ price }) => price >= 1_000_000,
]

function countsOf(bids: readonly PlainBid[]): number[] {
  const chosen = ranks.map((isOfRank) => bids.filter(isOfRank))
  return [
    ...chosen.map((own) => own.length),
    ...chosen.map((own) => new Set(own.map(({ bidder }) => bidder)).size),
    ...chosen.map((own) => new Set(own.map(({ auction }) => auction)).size),
  ]
}

export function q15({ bids }: PlainEvents): string[] {
  const days = grouped(bids, ({ time }) => isoDay(time))
  return [...days].map(([day, own]) => line(day, ...countsOf(own)))
}

export function q16({ bids }: PlainEvents): string[] {
  const groups = grouped(bids, ({ channel, time }) => line(channel, isoDay(time)))
  return [...groups].map(([channelAndDay, own]) => {
    const minutes = own.map(({ time }) => new Date(time).toISOString().slice(11, 16))
    return line(channelAndDay, minutes.toSorted().at(-1) ?? '', ...countsOf(own))
  })
}

export function q17({ bids }: PlainEvents): string[] {
  const groups = grouped(bids, ({ auction, time }) => line(auction, isoDay(time)))
  return [...groups].map(([auctionAndDay, own]) => {
    const prices = own.map(({ price }) => price)
    const inOrder = prices.toSorted((a, b) => a - b)
    const sum = prices.reduce((total, price) => total + price, 0)
    const extremes = [inOrder[0] ?? 0, inOrder.at(-1) ?? 0]
    return line(auctionAndDay, ...countsOf(own).slice(0, 4), ...extremes, meanOf(prices), sum)
  })
}

function wholeBid(b: PlainBid): string {
  return line(b.auction, b.bidder, b.price, b.channel, b.url, b.time, b.extra)
}

export function q18({ bids }: PlainEvents): string[] {
  const inOrder = bids.toSorted((a, b) => a.time - b.time || a.line - b.line)
  const last = new Map(inOrder.map((bid) => [line(bid.bidder, bid.auction), bid]))
  return [...last.values()].map(wholeBid)
}

export function q19({ bids }: PlainEvents): string[] {
  return [...grouped(bids, ({ auction }) => auction).values()].flatMap((own) =>
    own
      .toSorted((a, b) => b.price - a.price || a.line - b.line)
      .slice(0, 10)
      .map((bid, index) => line(wholeBid(bid), index + 1)),
  )
}
