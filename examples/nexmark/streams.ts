// What the queries share: a query is a function from events to rows; and the streams of one kind.
import type { DataStream } from 'millrace'
import { Auction, Bid, type Event, Person } from './model.ts'

/** Makes the rows of a query, as text; see README.md for their fields. */
export type Query = (events: DataStream<Event>) => DataStream<string>

export function bidsOf(events: DataStream<Event>): DataStream<Bid> {
  return events.filter((event) => event.kind === 'bid').returns(Bid)
}

export function auctionsOf(events: DataStream<Event>): DataStream<Auction> {
  return events.filter((event) => event.kind === 'auction').returns(Auction)
}

export function peopleOf(events: DataStream<Event>): DataStream<Person> {
  return events.filter((event) => event.kind === 'person').returns(Person)
}
