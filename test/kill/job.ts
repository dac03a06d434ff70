/** The job that is killed: running word counts, each update a line of an exactly-once file sink. */
import { job, t } from 'millrace'
import { fileSink, fileSource } from 'millrace/connectors'

export default job(
  'killed',
  { params: { input: t.string, output: t.string } },
  (env, { input, output }) => {
    env
      .fromSource('lines', fileSource({ path: input, splitBytes: '256 kB' }))
      .flatMap((line) => line.split(' '))
      .keyBy((word) => word)
      .count('counts')
      .map((update) => `${update.key} ${update.value}`)
      .sinkTo('out', fileSink({ path: output, format: 'text' }))
  },
)
