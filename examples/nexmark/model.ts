// The three kinds of events of an online auction house. `position` grows along the event file (or
// is the index of a generated event), so that "earlier" has one meaning wherever events are read.
import { type Infer, t } from 'millrace'

const stamped = { position: t.float64, time: t.timestamp, extra: t.string }

export const Person = t.struct({
  kind: t.literal('person'),
  id: t.float64,
  name: t.string,
  email: t.string,
  creditCard: t.string,
  city: t.string,
  state: t.string,
  ...stamped,
})
export type Person = Infer<typeof Person>

export const Auction = t.struct({
  kind: t.literal('auction'),
  id: t.float64,
  itemName: t.string,
  description: t.string,
  initialBid: t.float64,
  reserve: t.float64,
  expires: t.timestamp,
  seller: t.float64,
  category: t.float64,
  ...stamped,
})
export type Auction = Infer<typeof Auction>

export const Bid = t.struct({
  kind: t.literal('bid'),
  auction: t.float64,
  bidder: t.float64,
  price: t.float64,
  channel: t.string,
  url: t.string,
  ...stamped,
})
export type Bid = Infer<typeof Bid>

export const Event = t.union(Bid, Auction, Person)
export type Event = Infer<typeof Event>
