// The job inside the service: counts requests per path from access logs that appear in a folder. It
// has no end, and makes its results visible with a checkpoint each second.
import { job, t } from 'millrace'
import { fileSink, fileSource } from 'millrace/connectors'

export default job(
  'embed',
  { params: { logs: t.string, output: t.string }, checkpointing: { interval: '1 s' } },
  (env, { logs, output }) => {
    env
      .fromSource('logs', fileSource({ path: logs, watch: '250 ms' }))
      .map((line) => line.split(' ')[1] ?? '')
      .filter((path) => path.startsWith('/'))
      .keyBy((path) => path)
      .count('requests')
      .sinkTo('output', fileSink({ path: output, format: 'json-lines' }))
  },
)
