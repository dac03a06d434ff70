/** q5, q7, q8, q11 and q12: queries over windows of time. */
import {
  type Infer,
  keyedProcess,
  listState,
  sessionWindow,
  slidingWindow,
  t,
  tumblingWindow,
  valueState,
} from 'millrace'
import { Bid, type Event } from './events.ts'
import { bidsOf, type Fields, query } from './query.ts'

const WINDOW_MS = 10_000
/** A bid exactly ten seconds later belongs to the session, as in Flink. */
const BEYOND_MS = 1

const Count = t.struct({ auction: t.float64, bids: t.float64, start: t.timestamp })

const hottest = keyedProcess({
  key: t.float64,
  input: Count,
  output: Count,
  state: { most: valueState(t.float64, { initial: 0 }), leaders: listState(t.float64) },
  processElement({ auction, bids }, { state: { most, leaders }, timers, timestamp = 0 }) {
    const before = most.value()
    if (bids < before) return
    if (before === 0) timers.registerEventTimeTimer(timestamp)
    if (bids > before) {
      most.update(bids)
      leaders.clear()
    }
    leaders.add(auction)
  },
  onTimer(_time, { state: { most, leaders }, currentKey: start }, out) {
    const bids = most.value()
    for (const auction of leaders) out.collect({ auction, bids, start })
    most.clear()
    leaders.clear()
  },
})

/** Hot items: in each window of ten seconds, begun every two, the auctions with the most bids. */
export const q5 = query({
  isTimed: true,
  rows: (events) =>
    bidsOf(events)
      .keyBy(({ auction }) => auction)
      .window(slidingWindow(WINDOW_MS, '2 s'))
      .count('q5-bids-per-auction', (bids, { key, window }) => {
        return { auction: key, bids, start: window.start }
      })
      .keyBy(({ start }) => start)
      .process('q5-hottest', hottest),
  fields({ auction, bids, start }, into) {
    into.number(auction).number(bids).number(start)
  },
})

const Offer = t.struct({
  window: t.float64,
  /** False of a bid at the end of the window: it may be shown there but does not count. */
  counts: t.boolean,
  bid: Bid,
})
type Offer = Infer<typeof Offer>

/** The public query compares the time with both ends: at an end a bid is looked at twice. */
function offersOf(bid: Bid): readonly Offer[] {
  const window = Math.floor(bid.time / WINDOW_MS)
  const own = { window, counts: true, bid }
  return bid.time % WINDOW_MS === 0 ? [own, { window: window - 1, counts: false, bid }] : [own]
}

const highest = keyedProcess({
  key: t.float64,
  input: Offer,
  output: Bid,
  state: {
    price: valueState(t.float64, { initial: 0 }),
    bids: listState(Bid),
    bidsAtEnd: listState(Bid),
  },
  processElement({ window, counts, bid }, { state: { price, bids, bidsAtEnd }, timers }) {
    if (!counts) return bidsAtEnd.add(bid)
    const before = price.value()
    if (bid.price < before) return
    // At the end itself, not a millisecond before: bids with this time must have come.
    if (before === 0) timers.registerEventTimeTimer((window + 1) * WINDOW_MS)
    if (bid.price > before) {
      price.update(bid.price)
      bids.clear()
    }
    bids.add(bid)
  },
  onTimer(_time, { state: { price, bids, bidsAtEnd } }, out) {
    for (const bid of bids) out.collect(bid)
    for (const bid of bidsAtEnd) if (bid.price === price.value()) out.collect(bid)
    price.clear()
    bids.clear()
    bidsAtEnd.clear()
  },
})

/** Highest bid: the bids of the highest price of each ten seconds. */
export const q7 = query({
  isTimed: true,
  rows: (events) =>
    bidsOf(events)
      .flatMap(offersOf)
      .keyBy(({ window }) => window)
      .process('q7-highest', highest),
  fields({ auction, price, bidder, time, extra }, into) {
    into.number(auction).number(price).number(bidder).number(time).text(extra)
  },
})

const Sign = t.struct({ name: t.string, sells: t.boolean })

const idOf = (event: Event): number => {
  if (event.kind === 'bid') return event.bidder
  return event.kind === 'person' ? event.id : event.seller
}

/** New users: who came and put something up for sale in the same ten seconds? */
export const q8 = query({
  isTimed: true,
  rows: (events) =>
    events
      .filter((event) => event.kind !== 'bid')
      .keyBy(idOf)
      .window(tumblingWindow(WINDOW_MS))
      .aggregate(
        'q8-new-sellers',
        {
          accumulator: Sign,
          createAccumulator: () => ({ name: '', sells: false }),
          add: (event, sign) => {
            if (event.kind === 'person') return { name: event.name, sells: sign.sells }
            return { name: sign.name, sells: true }
          },
          getResult: (sign) => sign,
        },
        ({ name, sells }, { key, window }) => ({ id: key, name, sells, start: window.start }),
      )
      .filter(({ name, sells }) => sells && name !== ''),
  fields: ({ id, name, start }, into) => void into.number(id).text(name).number(start),
})

interface Period {
  readonly bidder: number
  readonly bids: number
  readonly start: number
  readonly end: number
}

function periodFields({ bidder, bids, start, end }: Period, into: Fields): void {
  into.number(bidder).number(bids).number(start).number(end)
}

/** User sessions: how many bids does a bidder make without a pause of more than ten seconds? */
export const q11 = query({
  isTimed: true,
  rows: (events) =>
    bidsOf(events)
      .keyBy(({ bidder }) => bidder)
      .window(sessionWindow(WINDOW_MS + BEYOND_MS))
      .count('q11-bids-per-session', (bids, { key, window: { start, end } }): Period => {
        return { bidder: key, bids, start, end: end - BEYOND_MS }
      }),
  fields: periodFields,
})

/** How many bids does a bidder make in ten seconds? By the time of the bids, not of the machine. */
export const q12 = query({
  isTimed: true,
  rows: (events) =>
    bidsOf(events)
      .keyBy(({ bidder }) => bidder)
      .window(tumblingWindow(WINDOW_MS))
      .count('q12-bids-per-window', (bids, { key, window: { start, end } }): Period => {
        return { bidder: key, bids, start, end }
      }),
  fields: periodFields,
})
