/** An endless job for the tests of the command line: counts numbers by their remainder. */
import { job, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'

export default job(
  'ticks',
  { params: { output: t.string }, backend: 'hashmap', checkpointing: { interval: '100 ms' } },
  (env, { output }) => {
    env
      .fromSource('ticks', dataGenerator({ generate: (index) => index, ratePerSecond: 500 }))
      .keyBy((tick) => tick % 10)
      .count('counts')
      .sinkTo('out', fileSink({ path: output }))
  },
)
