// q13, bounded side input: every bid, joined with a table that does not change. The table is opened
// once per subtask, beside the stream.
import { processFunction, t } from 'millrace'
import { row } from '../format.ts'
import { Bid } from '../model.ts'
import { sideInput, sideInputRows } from '../side-input.ts'
import { bidsOf, type Query } from '../streams.ts'

const withSideInput = processFunction({
  input: Bid,
  output: t.string,
  open: () => sideInput(),
  processElement({ auction, bidder, price, time }, { resources }, out) {
    const value = resources.get(auction % sideInputRows)
    if (value !== undefined) out.collect(row(auction, bidder, price, time, value))
  },
})

export const q13: Query = (events) => bidsOf(events).process('q13-side-input', withSideInput)
