/** A query of Nexmark over a file of events, in the ordinary API; `bench/flink` has the same. */
import { job, t } from 'millrace'
import { fileSource, lines } from 'millrace/connectors'
import { timed } from '../jobs/told.ts'
import { isNexmark } from '../suite/contract.ts'
import { QUERIES } from './queries.ts'
import { eventsOf } from './query.ts'

const params = { query: t.string, input: t.string }

export default job('nexmark', { params }, (env, { query: name, input }) => {
  if (!isNexmark(name)) throw new Error(`there is no query ${name}`)
  const query = QUERIES[name]
  const source = timed(fileSource({ path: input, format: lines() }))
  query.check('out', eventsOf(env.fromSource('lines', source), query))
})
