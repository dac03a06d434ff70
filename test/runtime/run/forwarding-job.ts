// Copies numbers to an exactly-once file sink without any exchange, so that at parallelism 2 each
// subtask is a region of its own; once, somewhere in the middle, something strikes. Each subtask
// notes in a file of its own how many records it has seen. A module, for workers in threads.
import { appendFileSync, existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { threadId } from 'node:worker_threads'
import { job, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'

export default job(
  'forwarding',
  {
    params: {
      output: t.string,
      notes: t.string,
      records: t.float64,
      trouble: t.string,
    },
  },
  (env, { output, notes, records, trouble }) => {
    env
      .fromSource(
        'numbers',
        dataGenerator({
          generate: (index) => index,
          count: records,
          splits: 2,
          ratePerSecond: 20_000,
        }),
      )
      .map((index) => {
        appendFileSync(join(notes, `thread-${threadId}`), `${index}\n`)
        const marker = join(notes, 'struck')
        if (index === Math.floor(records / 2) && trouble !== '' && !existsSync(marker)) {
          writeFileSync(marker, '')
          if (trouble === 'exit') process.exit(7)
          throw new TypeError('no such field')
        }
        return `${index}`
      })
      .sinkTo('out', fileSink({ path: output, format: 'text' }))
  },
)
