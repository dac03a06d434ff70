// Counts the words of text files. Input and output are parameters, so the same job runs over one
// file in a test and over many in `npm start`. Each word's final count is a line of JSON.
import { job, t } from 'millrace'
import { fileSink, fileSource } from 'millrace/connectors'
import { wordsOf } from './words.ts'

export default job(
  'word-count',
  { params: { input: t.string, output: t.string } },
  (env, { input, output }) => {
    env
      .fromSource('lines', fileSource({ path: input }))
      .flatMap(wordsOf)
      .keyBy((word) => word)
      .count('counts')
      .latest('totals')
      .sinkTo('output', fileSink({ path: output, format: 'json-lines' }))
  },
)
