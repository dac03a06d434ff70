// q16, channel statistics: as q15 for each channel and day, with the last minute in which a bid
// came.
import { keyedProcess, t, valueState } from 'millrace'
import { dayOf, minuteOf, row } from '../format.ts'
import { Bid } from '../model.ts'
import { addBid, dayMs, statisticsState } from '../statistics.ts'
import { bidsOf, type Query } from '../streams.ts'

const Key = t.tuple(t.string, t.float64)
const ChannelDay = t.struct({ key: Key, last: t.timestamp, counts: t.list(t.float64) })

const statistics = keyedProcess({
  key: Key,
  input: Bid,
  output: ChannelDay,
  state: { ...statisticsState, last: valueState(t.timestamp) },
  processElement(bid, { state, currentKey }, out) {
    const last = Math.max(bid.time, state.last.value() ?? bid.time)
    state.last.update(last)
    out.collect({ key: currentKey, last, counts: addBid(state, bid) })
  },
})

export const q16: Query = (events) =>
  bidsOf(events)
    .keyBy(({ channel, time }): [string, number] => [channel, Math.floor(time / dayMs)], Key)
    .process('q16-statistics', statistics)
    .keyBy(({ key }) => key, Key)
    .latest('q16-final-statistics')
    .map(({ key: [channel, day], last, counts }) =>
      row(channel, dayOf(day * dayMs), minuteOf(last), ...counts),
    )
