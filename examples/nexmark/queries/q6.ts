// q6, average price per seller: for each auction the mean of its winning bid and of those of up to
// ten auctions of the same seller that were won before, in the order of the winning bids. While
// bids still come, winners change, and with them the means of the auctions that follow.
import { type Infer, keyedProcess, mapState, t } from 'millrace'
import { row } from '../format.ts'
import { LeadingBid, leadingBids } from '../leading-bids.ts'
import { type Query } from '../streams.ts'

const before = 10

const Win = t.struct({ time: t.timestamp, position: t.float64, price: t.float64 })
type Win = Infer<typeof Win>
const Mean = t.struct({ seller: t.float64, auction: t.float64, mean: t.float64 })

const meansOfSeller = keyedProcess({
  key: t.float64,
  input: LeadingBid,
  output: Mean,
  state: { wins: mapState(t.float64, Win) },
  processElement({ auction, bid }, { state: { wins }, currentKey }, out) {
    const former = wins.get(auction.id)
    const { time, position, price } = bid
    wins.set(auction.id, { time, position, price })
    const inOrder = [...wins].toSorted(([, a], [, b]) => compare(a, b))
    const at = inOrder.findIndex(([id]) => id === auction.id)
    // The winner may have moved: what follows its old place changes, too.
    const oldPlace = inOrder.filter(([, win]) => former && compare(win, former) < 0).length
    const first = former === undefined ? at : Math.min(at, oldPlace)
    const last = Math.max(at, oldPlace) + before
    for (let index = first; index <= last && index < inOrder.length; index++) {
      const counted = inOrder.slice(Math.max(0, index - before), index + 1)
      const sum = counted.reduce((total, [, win]) => total + win.price, 0)
      const id = inOrder[index]?.[0] ?? 0
      out.collect({ seller: currentKey, auction: id, mean: Math.trunc(sum / counted.length) })
    }
  },
})

function compare(a: Win, b: Win): number {
  return a.time - b.time || a.position - b.position
}

export const q6: Query = (events) =>
  leadingBids('q6-leading-bids', events)
    .keyBy(({ auction }) => auction.seller)
    .process('q6-means-of-seller', meansOfSeller)
    .keyBy(({ auction }) => auction)
    .latest('q6-final-means')
    .map(({ seller, mean }) => row(seller, mean))
