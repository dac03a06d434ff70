/**
 * The job of the takeover tests: running counts by remainder, each a line `key count time` of an
 * exactly-once file sink. The time is that of the machine; nothing depends on it.
 */
import { job, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'

const KEYS = 7

export default job(
  'watched',
  { params: { output: t.string, rate: t.float64 } },
  (env, { output, rate }) => {
    env
      .fromSource('ticks', dataGenerator({ generate: (at) => at, ratePerSecond: rate }))
      .keyBy((tick) => tick % KEYS)
      .count('counts')
      .map(({ key, value }) => `${key} ${value} ${Date.now()}`)
      .sinkTo('out', fileSink({ path: output, format: 'text' }))
  },
)
