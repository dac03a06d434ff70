// Counts records per key and writes every count to an exactly-once file sink; on the way it can be
// made to fail in many ways, once or always. A module, for workers in threads.
import { existsSync, writeFileSync } from 'node:fs'
import { job, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'

/** What happens at the record in the middle; `marker` is a file that says that it has happened. */
function strike(trouble: string, marker: string): void {
  const [what = '', how] = trouble.split(' ')
  if (how === 'once' && existsSync(marker)) return
  writeFileSync(marker, 'struck')
  switch (what) {
    case 'throw':
      throw new TypeError('no such field')
    case 'exit':
      return process.exit(7)
    case 'late-throw':
      setTimeout(() => {
        throw new Error('thrown outside of everything')
      }, 0)
      return
    case 'rejection':
      void Promise.reject(new Error('nobody awaits this'))
      return
    default:
      throw new Error(`no such trouble: ${trouble}`)
  }
}

export default job(
  'counting',
  {
    params: {
      output: t.string,
      records: t.float64,
      keys: t.float64,
      rate: t.optional(t.float64),
      trouble: t.optional(t.string),
      marker: t.optional(t.string),
    },
  },
  (env, { output, records, keys, rate, trouble, marker }) => {
    env
      .fromSource(
        'numbers',
        dataGenerator({
          generate: (index) => index,
          count: records,
          splits: 4,
          ...(rate === undefined ? {} : { ratePerSecond: rate }),
        }),
      )
      .map((index): number => {
        // What the types refuse, and plain JavaScript does not.
        if (trouble === 'promise') return Promise.resolve(index) as unknown as number
        if (index === Math.floor(records / 2) && trouble !== undefined)
          strike(trouble, marker ?? '')
        return index
      })
      .keyBy((index) => index % keys)
      .count('counts')
      .map(({ key, value }) => `${key} ${value}`)
      .sinkTo('out', fileSink({ path: output, format: 'text' }))
  },
)
