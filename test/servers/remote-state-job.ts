/**
 * A job whose state does not fit in the memory that it is given: running counts of many keys, each
 * with some weight beside it. Lines are those of the watched job: `key count time`.
 */
import { job, t, valueState } from 'millrace'
import { cassandra } from 'millrace/cassandra'
import { dataGenerator, fileSink } from 'millrace/connectors'
import { hbase } from 'millrace/hbase'
import { objectStore } from 'millrace/object-store'
import { remoteBackend } from '../../src/state/remote/remote-backend.ts'
import { MODULE } from '../state/remote/open.ts'

const WEIGHT = 200

/** Where the rows are: a server, beside the checkpoints, or the memory of the helper thread. */
const { MILLRACE_TEST_STATE: place = '' } = process.env
const inHelper = { name: 'remote', module: MODULE, options: {}, silenceMsMax: 10_000 }

export default job(
  'watched',
  {
    params: { output: t.string, rate: t.float64, keys: t.float64 },
    backend: backendAt(place),
  },
  (env, { output, rate, keys }) => {
    env
      .fromSource('ticks', dataGenerator({ generate: (at) => at, ratePerSecond: rate }))
      .keyBy((tick) => (tick * 7_919) % keys)
      .process('counts', {
        state: {
          count: valueState(t.float64, { initial: 0 }),
          weight: valueState(t.string, { initial: '' }),
        },
        processElement(_tick, { state, currentKey }, out) {
          const count = state.count.value() + 1
          // A weight that is not what it was would show as a count that is none.
          const isSound = count === 1 || state.weight.value() === weightOf(currentKey, count - 1)
          state.count.update(count)
          state.weight.update(weightOf(currentKey, count))
          out.collect(`${currentKey} ${isSound ? count : -count} ${Date.now()}`)
        },
      })
      .sinkTo('out', fileSink({ path: output, format: 'text' }))
  },
)

function backendAt(url: string) {
  if (url === '') return remoteBackend(inHelper)
  if (url.startsWith('hbase:')) return hbase(url)
  if (url.startsWith('cassandra:')) return cassandra(url)
  const sizes = { writeBufferSize: '64 KB', cacheSize: '1 MB' } as const
  return objectStore(url === 'beside' ? sizes : { location: url, ...sizes })
}

function weightOf(key: number, count: number): string {
  return `${key}/${count} `.repeat(WEIGHT).slice(0, WEIGHT)
}
