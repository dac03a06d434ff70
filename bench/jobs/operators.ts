/** A map, and a function with a value, a map and a list in state and a timer now and then. */
import { job, listState, mapState, t, valueState } from 'millrace'
import { dataGenerator, sink } from 'millrace/connectors'
import { measured } from './probe.ts'

const KEYS = 100_000

export default job(
  'operators',
  { params: { records: t.int32 }, checkpointing: { interval: '1 h' } },
  (env, { records }) => {
    const numbers = dataGenerator({ generate: (index) => index, count: records })
    env
      .fromSource('numbers', measured(numbers, 'operators'))
      .map((value) => value + 1)
      .keyBy((value) => value % KEYS, t.float64)
      .process('states', {
        state: {
          total: valueState(t.float64, { initial: 0 }),
          byUser: mapState(t.float64, t.float64),
          last: listState(t.float64),
        },
        processElement(value, { state, timers }, out) {
          const total = state.total.value() + value
          state.total.update(total)
          const user = value % 7
          state.byUser.set(user, (state.byUser.get(user) ?? 0) + 1)
          if (value % 16 === 0) state.last.add(value)
          if (value % 64 === 0) timers.registerEventTimeTimer(value)
          if (value % 1_000 === 0) out.collect(total)
        },
      })
      .sinkTo('out', sink<unknown>({ write: () => undefined }))
  },
)
