/** Counts words, splitting lines as a user would; every update goes to a sink that drops it. */
import { job, t } from 'millrace'
import { fileSource, lines, sink } from 'millrace/connectors'
import { measured } from './probe.ts'

export default job('word-count', { params: { input: t.string } }, (env, { input }) => {
  env
    .fromSource('lines', measured(fileSource({ path: input, format: lines() }), 'word-count'))
    .flatMap((line) => line.split(' '))
    .keyBy((word) => word)
    .count('counts')
    .sinkTo('drop', sink({ write() {} }))
})
