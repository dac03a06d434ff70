// Calls between what may overrun them: a fan-out before, timers that fire in a burst before and
// after. For threads, and for restores.
import { job, keyedProcess, t, valueState } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'

const burst = keyedProcess({
  key: t.float64,
  input: t.float64,
  output: t.float64,
  state: { value: valueState(t.float64, { initial: 0 }) },
  processElement(value, { state, timers }) {
    state.value.update(value)
    timers.registerEventTimeTimer(1_000_000)
  },
  onTimer(_time, { state }, out) {
    out.collect(state.value.value())
  },
})

export default job(
  'calls',
  { params: { output: t.string, records: t.float64, rate: t.optional(t.float64) } },
  (env, { output, records, rate }) => {
    const generate = (at: number) => at
    const pace = rate === undefined ? {} : { ratePerSecond: rate }
    env
      .fromSource('numbers', dataGenerator({ generate, count: records, splits: 2, ...pace }), {
        timestamp: (at) => at,
        maxOutOfOrderness: 1_000_000,
      })
      .flatMap((value) => [value * 2, value * 2 + 1])
      .asyncMap('first', { timeout: '1 min', capacity: 7 }, async (value) => {
        if (value % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 1))
        return value
      })
      .keyBy((value) => value)
      .process('burst', burst)
      .asyncMap('second', { timeout: '1 min', capacity: 5, ordered: false }, async (value) => value)
      .keyBy((value) => value)
      .process('again', burst)
      .map(String)
      .sinkTo('out', fileSink({ path: output, format: 'text' }))
  },
)
