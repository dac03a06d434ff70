/** Counts words and keeps the last count of each, which a file gets at the end of the input. */
import { job, t } from 'millrace'
import { fileSink, fileSource, lines } from 'millrace/connectors'
import { measured } from './probe.ts'

const params = { input: t.string, output: t.string }

export default job('word-totals', { params }, (env, { input, output }) => {
  env
    .fromSource('lines', measured(fileSource({ path: input, format: lines() }), 'word-count'))
    .flatMap((line) => line.split(' '))
    .keyBy((word) => word)
    .count('counts')
    .latest('totals')
    .sinkTo('output', fileSink({ path: output, format: 'json-lines' }))
})
