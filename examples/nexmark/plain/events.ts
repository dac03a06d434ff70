// The plain evaluation: arrays and maps over all events at once, in the order of the file. It
// shares nothing with the jobs it is compared with, so it has its own idea of what an event line
// is.

export interface PlainBid {
  readonly line: number
  readonly auction: number
  readonly bidder: number
  readonly price: number
  readonly channel: string
  readonly url: string
  readonly time: number
  readonly extra: string
}

export interface PlainAuction {
  readonly id: number
  readonly item: readonly string[]
  readonly time: number
  readonly expires: number
  readonly seller: number
  readonly category: number
  readonly extra: string
}

export interface PlainPerson {
  readonly id: number
  readonly name: string
  readonly city: string
  readonly state: string
  readonly time: number
}

export interface PlainEvents {
  readonly bids: readonly PlainBid[]
  readonly auctions: readonly PlainAuction[]
  readonly people: readonly PlainPerson[]
}

export function readPlainEvents(text: string): PlainEvents {
  const bids: PlainBid[] = []
  const auctions: PlainAuction[] = []
  const people: PlainPerson[] = []
  text.split('\n').forEach((content, line) => {
    const [kind, a = '', b = '', c = '', d = '', e = '', f = '', g = '', h, i, j] =
      content.split('|')
    if (kind === 'B') {
      const [auction, bidder, price, time] = [Number(a), Number(b), Number(c), Number(f)]
      bids.push({ line, auction, bidder, price, channel: d, url: e, time, extra: g })
    } else if (kind === 'A') {
      const [time, expires, seller, category] = [Number(f), Number(g), Number(h), Number(i)]
      const item = [b, c, d, e]
      auctions.push({ id: Number(a), item, time, expires, seller, category, extra: j ?? '' })
    } else if (kind === 'P') {
      people.push({ id: Number(a), name: b, city: e, state: f, time: Number(g) })
    }
  })
  return { bids, auctions, people }
}

export function grouped<K, T>(values: readonly T[], key: (value: T) => K): Map<K, T[]> {
  return Map.groupBy(values, key)
}

export function line(...fields: readonly (string | number)[]): string {
  return fields.join('|')
}

export function tenSecondsOf(time: number): number {
  return Math.floor(time / 10_000) * 10_000
}

export function euros(price: number): string {
  return (Number(price * 908) / 1000).toFixed(3)
}

export function isoDay(time: number): string {
  return new Date(time).toISOString().split('T')[0] ?? ''
}

/** Whole numbers, cut. */
export function meanOf(values: readonly number[]): number {
  const sum = values.reduce((total, value) => total + BigInt(value), 0n)
  return Number(sum / BigInt(values.length))
}
