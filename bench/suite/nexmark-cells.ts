/** The cells of W5: the queries of Nexmark over five million events of a file, in memory. */
import { type Cell, type Contender, NEXMARK_QUERIES, type NexmarkQuery } from './contract.ts'

const EVENTS = 5_000_000

const TITLES: Readonly<Record<NexmarkQuery, string>> = {
  q0: 'pass through',
  q1: 'currency',
  q2: 'selection',
  q3: 'local items',
  q4: 'average price per category',
  q5: 'hot items',
  q7: 'highest bid',
  q8: 'new users',
  q9: 'winning bids',
  q11: 'user sessions',
  q12: 'windows of bidders',
  q14: 'calculation',
  q15: 'statistics of days',
  q16: 'statistics of channels',
  q17: 'statistics of auctions',
  q18: 'last bid',
  q19: 'top ten bids',
  q20: 'expanded bids',
}

export function nexmarkCells(contenders: readonly Contender[]): readonly Cell[] {
  return NEXMARK_QUERIES.map((work) => {
    return { name: `w5/${work}`, title: TITLES[work], work, records: EVENTS, keys: 0, contenders }
  })
}
