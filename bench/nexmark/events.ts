/**
 * The events of Nexmark as the comparison reads them: lines as `examples/nexmark` writes them, made
 * into objects with all their fields. `bench/flink/Event.java` does the same.
 */
import { type Infer, t } from 'millrace'

const Person = t.struct({
  kind: t.literal('person'),
  id: t.float64,
  name: t.string,
  email: t.string,
  creditCard: t.string,
  city: t.string,
  state: t.string,
  time: t.timestamp,
  extra: t.string,
})
type Person = Infer<typeof Person>

export const Auction = t.struct({
  kind: t.literal('auction'),
  id: t.float64,
  itemName: t.string,
  description: t.string,
  initialBid: t.float64,
  reserve: t.float64,
  time: t.timestamp,
  expires: t.timestamp,
  seller: t.float64,
  category: t.float64,
  extra: t.string,
})
export type Auction = Infer<typeof Auction>

export const Bid = t.struct({
  kind: t.literal('bid'),
  auction: t.float64,
  bidder: t.float64,
  price: t.float64,
  channel: t.string,
  url: t.string,
  time: t.timestamp,
  extra: t.string,
})
export type Bid = Infer<typeof Bid>

export const Event = t.union(Bid, Auction, Person)
export type Event = Infer<typeof Event>

const BAR = 0x7c
const ZERO = 0x30

/** The line that is being read, and how far. */
let line = ''
let at = 0

/** The field up to the next bar, or to the end. */
function text(): string {
  const start = at
  const end = line.indexOf('|', start)
  if (end < 0) return line.slice(start)
  at = end + 1
  return line.slice(start, end)
}

/** A whole number above zero; the files have no others. */
function whole(): number {
  // Copies: what a function has of its own lies in registers.
  const digits = line
  let value = 0
  let next = at
  for (; next < digits.length; next++) {
    const code = digits.charCodeAt(next)
    if (code === BAR) break
    value = value * 10 + (code - ZERO)
  }
  at = next + 1
  return value
}

/** The event of a line. */
export function eventOf(of: string): Event {
  line = of
  at = 2
  const kind = of[0]
  if (kind === 'B') return bid()
  if (kind === 'A') return auction()
  if (kind === 'P') return person()
  throw new Error(`no event: ${of}`)
}

// The fields of an object literal are evaluated in their order, which is that of the line.
function bid(): Bid {
  return {
    kind: 'bid',
    auction: whole(),
    bidder: whole(),
    price: whole(),
    channel: text(),
    url: text(),
    time: whole(),
    extra: text(),
  }
}

function auction(): Auction {
  return {
    kind: 'auction',
    id: whole(),
    itemName: text(),
    description: text(),
    initialBid: whole(),
    reserve: whole(),
    time: whole(),
    expires: whole(),
    seller: whole(),
    category: whole(),
    extra: text(),
  }
}

function person(): Person {
  return {
    kind: 'person',
    id: whole(),
    name: text(),
    email: text(),
    creditCard: text(),
    city: text(),
    state: text(),
    time: whole(),
    extra: text(),
  }
}
