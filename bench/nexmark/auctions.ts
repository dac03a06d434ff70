/**
 * q3, q4, q9 and q20: queries that bring auctions together with people or bids. Both sides are one
 * stream here, by the number that they share, so that they come in the order of the file.
 */
import { keyedProcess, listState, t, valueState } from 'millrace'
import { Auction, Bid, Event } from './events.ts'
import { type Fields, query } from './query.ts'

const CATEGORY = 10
const STATES = ['OR', 'ID', 'CA']

const Seller = t.struct({ name: t.string, city: t.string, state: t.string })
const Item = t.struct({ name: t.string, city: t.string, state: t.string, auction: t.float64 })

const sellersAndItems = keyedProcess({
  key: t.float64,
  input: Event,
  output: Item,
  state: { sellers: listState(Seller), auctions: listState(t.float64) },
  processElement(event, { state: { sellers, auctions } }, out) {
    if (event.kind === 'person') {
      const { name, city, state } = event
      sellers.add({ name, city, state })
      for (const auction of auctions) out.collect({ name, city, state, auction })
    } else if (event.kind === 'auction') {
      auctions.add(event.id)
      for (const seller of sellers) out.collect({ ...seller, auction: event.id })
    }
  },
})

/** Local items: who sells in category 10 in Oregon, Idaho or California? */
export const q3 = query({
  rows: (events) =>
    events
      .filter((event) => {
        if (event.kind === 'person') return STATES.includes(event.state)
        return event.kind === 'auction' && event.category === CATEGORY
      })
      .keyBy((event) => (event.kind === 'auction' ? event.seller : idOf(event)))
      .process('q3-local-items', sellersAndItems),
  fields({ name, city, state, auction }, into) {
    into.text(name).text(city).text(state).number(auction)
  },
})

const idOf = (event: Event): number => (event.kind === 'bid' ? event.auction : event.id)

const isOfAuction = (event: Event): boolean => event.kind !== 'person'

const Lead = t.struct({
  category: t.float64,
  price: t.float64,
  /** Of the bid that led before; 0 if there was none. */
  before: t.float64,
})

const leadingPrices = keyedProcess({
  key: t.float64,
  input: Event,
  output: Lead,
  state: {
    category: valueState(t.float64, { initial: -1 }),
    begins: valueState(t.float64, { initial: 0 }),
    expires: valueState(t.float64, { initial: 0 }),
    price: valueState(t.float64, { initial: 0 }),
    early: listState(t.struct({ price: t.float64, time: t.timestamp })),
  },
  processElement(event, { state }, out) {
    if (event.kind === 'bid') {
      const { price, time } = event
      const category = state.category.value()
      if (category < 0) state.early.add({ price, time })
      else take(category, price, time)
    } else if (event.kind === 'auction') {
      state.category.update(event.category)
      state.begins.update(event.time)
      state.expires.update(event.expires)
      for (const { price, time } of state.early) take(event.category, price, time)
      state.early.clear()
    }
    function take(category: number, price: number, time: number): void {
      const before = state.price.value()
      if (price <= before) return
      if (time < state.begins.value() || time > state.expires.value()) return
      state.price.update(price)
      out.collect({ category, price, before })
    }
  },
})

const Mean = t.struct({ category: t.float64, mean: t.float64 })

const meanOfCategory = keyedProcess({
  key: t.float64,
  input: Lead,
  output: Mean,
  state: {
    sum: valueState(t.float64, { initial: 0 }),
    auctions: valueState(t.float64, { initial: 0 }),
  },
  processElement({ category, price, before }, { state }, out) {
    const sum = state.sum.value() + price - before
    const auctions = state.auctions.value() + (before === 0 ? 1 : 0)
    state.sum.update(sum)
    state.auctions.update(auctions)
    out.collect({ category, mean: Math.trunc(sum / auctions) })
  },
})

/** Average price per category, of the bids that lead so far. */
export const q4 = query({
  key: [0],
  rows: (events) =>
    events
      .filter(isOfAuction)
      .keyBy(idOf)
      .process('q4-leading-prices', leadingPrices)
      .keyBy(({ category }) => category)
      .process('q4-mean-of-category', meanOfCategory),
  fields: ({ category, mean }, into) => void into.number(category).number(mean),
})

const leadingBids = keyedProcess({
  key: t.float64,
  input: Event,
  output: t.struct({ auction: Auction, bid: Bid }),
  state: {
    auction: valueState(Auction),
    leader: valueState(Bid),
    early: listState(Bid),
  },
  processElement(event, { state }, out) {
    if (event.kind === 'bid') {
      const auction = state.auction.value()
      if (auction === undefined) state.early.add(event)
      else take(auction, event)
    } else if (event.kind === 'auction') {
      state.auction.update(event)
      for (const bid of state.early) take(event, bid)
      state.early.clear()
    }
    function take(auction: Auction, bid: Bid): void {
      if (bid.time < auction.time || bid.time > auction.expires) return
      // Of equal prices the earlier, and that is here already.
      if (bid.price <= (state.leader.value()?.price ?? 0)) return
      state.leader.update(bid)
      out.collect({ auction, bid })
    }
  },
})

/** Winning bids: every auction with the bid that leads so far. */
export const q9 = query({
  key: [0],
  rows: (events) => events.filter(isOfAuction).keyBy(idOf).process('q9-leading-bids', leadingBids),
  fields({ auction, bid }, into) {
    into.number(auction.id)
    itemFields(auction, into)
    into.number(bid.auction).number(bid.bidder).number(bid.price)
    into.number(bid.time).text(bid.extra)
  },
})

const bidsAndItems = keyedProcess({
  key: t.float64,
  input: Event,
  output: t.struct({ auction: Auction, bid: Bid }),
  state: { bids: listState(Bid), items: listState(Auction) },
  processElement(event, { state: { bids, items } }, out) {
    if (event.kind === 'bid') {
      bids.add(event)
      for (const auction of items) out.collect({ auction, bid: event })
    } else if (event.kind === 'auction') {
      items.add(event)
      for (const bid of bids) out.collect({ auction: event, bid })
    }
  },
})

/** Expanded bids: every bid for an item of category 10, with what is known of the item. */
export const q20 = query({
  rows: (events) =>
    events
      .filter((event) => {
        if (event.kind === 'auction') return event.category === CATEGORY
        return event.kind === 'bid'
      })
      .keyBy(idOf)
      .process('q20-expanded-bids', bidsAndItems),
  fields({ auction, bid }, into) {
    into.number(bid.auction).number(bid.bidder).number(bid.price).text(bid.channel)
    into.text(bid.url).number(bid.time).text(bid.extra)
    itemFields(auction, into)
  },
})

function itemFields(item: Auction, into: Fields): void {
  into.text(item.itemName).text(item.description).number(item.initialBid).number(item.reserve)
  into.number(item.time).number(item.expires).number(item.seller).number(item.category)
  into.text(item.extra)
}
