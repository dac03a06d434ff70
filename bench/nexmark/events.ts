/**
 * The events of Nexmark as the comparison reads them: lines as `examples/nexmark` writes them, made
 * into objects with all their fields. `bench/flink/Event.java` does the same.
 */
import { fields, type Infer, t } from 'millrace'

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

/** The event of a line, whose first field says what it is. */
export const eventOf = fields('|', { B: Bid, A: Auction, P: Person })
