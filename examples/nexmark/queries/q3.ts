// q3, local items: who sells in category 10 in Oregon, Idaho or California? A join of people and
// auctions without a window: either side waits for the other as long as the job runs.
import { row } from '../format.ts'
import { innerJoin } from '../join.ts'
import { Auction, Person } from '../model.ts'
import { auctionsOf, peopleOf, type Query } from '../streams.ts'

const states = ['OR', 'ID', 'CA']

export const q3: Query = (events) => {
  const sellers = peopleOf(events).filter(({ state }) => states.includes(state))
  const items = auctionsOf(events).filter(({ category }) => category === 10)
  return innerJoin('q3-local-items', {
    left: { stream: sellers, type: Person, key: ({ id }) => id },
    right: { stream: items, type: Auction, key: ({ seller }) => seller },
    result: ({ name, city, state }, { id }) => row(name, city, state, id),
  })
}
