// The public Nexmark rules: of 50 events one is a person, three are auctions and 46 are bids. Half
// of the bids go to a hot auction, three quarters come from a hot bidder, three quarters of the
// auctions from a hot seller; the hot ones change every hundred. Prices are spread evenly over six
// powers of ten. Event times follow from the index. Some bids and auctions name ids that come a
// little later.
import type { Auction, Bid, Event, Person } from './model.ts'
import { EventRandom } from './random.ts'
import { channelOf, creditCard, email, extra, pick, places, priceOf, words } from './words.ts'

export interface GeneratorOptions {
  readonly seed: number
  readonly eventsPerSecond: number
  /** Time of the first event, in milliseconds since 1970. */
  readonly startTime: number
}

/** From 2024-01-01 on; at this rate, 100,000 events reach over ten windows of ten seconds. */
export const generatorDefaults: GeneratorOptions = {
  seed: 1,
  eventsPerSecond: 1_000,
  startTime: Date.UTC(2024, 0, 1),
}

const perRound = { person: 1, auction: 3, all: 50 }
const firstId = 1_000
const firstCategory = 10
const categories = 5
/** The hot one is one of so many. */
const hotEvery = 100
/** Of so many bids (auctions), all but one are by a hot bidder (seller), or for a hot auction. */
const oneColdOf = { auction: 2, bidder: 4, seller: 4 }
const auctionsInFlight = 100
const activePeople = 1_000
/** So many ids that do not exist yet may be named. */
const idLead = 10
const bytesOf = { person: 200, auction: 500, bid: 100 }

/** The event of an index; the same each time. */
export function nexmarkEvent(index: number, options: GeneratorOptions): Event {
  const random = new EventRandom(options.seed, index)
  const inRound = index % perRound.all
  if (inRound < perRound.person) return person(index, random, options)
  if (inRound < perRound.person + perRound.auction) return auction(index, random, options)
  return bid(index, random, options)
}

function timeOf(index: number, { startTime, eventsPerSecond }: GeneratorOptions): number {
  return startTime + Math.floor((index * 1_000) / eventsPerSecond)
}

/** How many people there are before or with this event, less one. */
function lastPerson(index: number): number {
  return Math.floor(index / perRound.all)
}

/** The number of the newest auction at this event; −1 before the first. */
function lastAuction(index: number): number {
  const round = Math.floor(index / perRound.all)
  const before = (index % perRound.all) - perRound.person
  return round * perRound.auction + Math.min(before, perRound.auction - 1)
}

function somePerson(index: number, random: EventRandom): number {
  const people = lastPerson(index) + 1
  const active = Math.min(people, activePeople)
  return people - active + random.int(active + idLead)
}

function someAuction(index: number, random: EventRandom): number {
  const last = lastAuction(index)
  const least = Math.max(last - auctionsInFlight, 0)
  return least + random.int(last - least + 1 + idLead)
}

function hot(number: number): number {
  return Math.floor(number / hotEvery) * hotEvery
}

function person(index: number, random: EventRandom, options: GeneratorOptions): Person {
  const name = `${pick(random, places.firstNames)} ${pick(random, places.lastNames)}`
  const address = email(random)
  const card = creditCard(random)
  const city = pick(random, places.cities)
  const state = pick(random, places.states)
  const used = 8 + name.length + address.length + card.length + city.length + state.length
  return {
    kind: 'person',
    id: firstId + lastPerson(index),
    name,
    email: address,
    creditCard: card,
    city,
    state,
    position: index,
    time: timeOf(index, options),
    extra: extra(random, used, bytesOf.person),
  }
}

function auction(index: number, random: EventRandom, options: GeneratorOptions): Auction {
  const time = timeOf(index, options)
  const isHot = random.int(oneColdOf.seller) > 0
  const seller = firstId + (isHot ? hot(lastPerson(index)) : somePerson(index, random))
  const category = firstCategory + random.int(categories)
  const initialBid = priceOf(random)
  // On average an auction is open until as many others as may be in flight have begun.
  const ahead = Math.floor((auctionsInFlight * perRound.all) / perRound.auction)
  const horizon = timeOf(index + ahead, options) - time
  const expires = time + 1 + random.int(Math.max(horizon * 2, 1))
  const itemName = words(random, 20)
  const description = words(random, 100)
  const used = 48 + itemName.length + description.length
  return {
    kind: 'auction',
    id: firstId + lastAuction(index),
    itemName,
    description,
    initialBid,
    reserve: initialBid + priceOf(random),
    expires,
    seller,
    category,
    position: index,
    time,
    extra: extra(random, used, bytesOf.auction),
  }
}

function bid(index: number, random: EventRandom, options: GeneratorOptions): Bid {
  const forHot = random.int(oneColdOf.auction) > 0
  const auctionNumber = forHot ? hot(lastAuction(index)) : someAuction(index, random)
  const byHot = random.int(oneColdOf.bidder) > 0
  // The one after the hot seller, so that hot sellers do not bid for what they sell.
  const bidder = byHot ? hot(lastPerson(index)) + 1 : somePerson(index, random)
  const price = priceOf(random)
  const { channel, url } = channelOf(random, options.seed)
  return {
    kind: 'bid',
    auction: firstId + auctionNumber,
    bidder: firstId + bidder,
    price,
    channel,
    url,
    position: index,
    time: timeOf(index, options),
    extra: extra(random, 32, bytesOf.bid),
  }
}
