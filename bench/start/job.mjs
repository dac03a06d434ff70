// A trivial job as a user has it: plain JavaScript, against the built package.
import { writeSync } from 'node:fs'
import { job } from 'millrace'
import { sink } from 'millrace/connectors'

const WORDS = 'to be or not to be that is the question'.split(' ')

export default job('start', (env) => {
  env
    .fromElements('words', WORDS)
    .keyBy((word) => word)
    .count('counts')
    .sinkTo(
      'out',
      sink({
        write(updates) {
          writeSync(1, updates.map(({ key, value }) => `${key} ${value}\n`).join(''))
        },
      }),
    )
})
