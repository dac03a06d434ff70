// q13, bounded side input: every bid, joined with the row of a table beside the stream, as it is
// when the bid comes. Here the table is in memory; a look-up may as well ask a service.
import { t } from 'millrace'
import { row } from '../format.ts'
import { sideInput, sideInputRows } from '../side-input.ts'
import { bidsOf, type Query } from '../streams.ts'

export const q13: Query = (events) => {
  const table = sideInput()
  return bidsOf(events).lookupJoin('q13-side-input', {
    kind: 'inner',
    key: ({ auction }) => auction % sideInputRows,
    lookup: (key) => table.get(key),
    join: ({ auction, bidder, price, time }, value) => row(auction, bidder, price, time, value),
    output: t.string,
    timeout: '10 s',
    cache: { entries: sideInputRows, ttl: '1 h' },
  })
}
