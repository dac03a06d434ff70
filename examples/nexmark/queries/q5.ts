// q5, hot items: in each window of ten seconds, begun every two, the auctions with the most bids.
// First each auction is counted per window; the counts of a window then meet under its start.
import { keyedProcess, slidingWindow, t, valueState } from 'millrace'
import { row } from '../format.ts'
import { bidsOf, type Query } from '../streams.ts'

const Count = t.struct({ auction: t.float64, bids: t.float64, start: t.timestamp })

const hottest = keyedProcess({
  key: t.float64,
  input: Count,
  output: Count,
  state: { leaders: valueState(t.list(Count), { initial: [] }) },
  processElement(count, { state, timers, timestamp = 0 }) {
    const leaders = state.leaders.value()
    const most = leaders[0]?.bids ?? 0
    if (count.bids < most) return
    state.leaders.update(count.bids === most ? [...leaders, count] : [count])
    timers.registerEventTimeTimer(timestamp)
  },
  onTimer(_time, { state }, out) {
    for (const leader of state.leaders.value()) out.collect(leader)
    state.leaders.clear()
  },
})

export const q5: Query = (events) =>
  bidsOf(events)
    .keyBy(({ auction }) => auction)
    .window(slidingWindow('10 s', '2 s'))
    .count('q5-bids-per-auction', (bids, { key, window }) => ({
      auction: key,
      bids,
      start: window.start,
    }))
    .returns(Count)
    .keyBy(({ start }) => start)
    .process('q5-hottest', hottest)
    .map(({ auction, bids, start }) => row(auction, bids, start))
