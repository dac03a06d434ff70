// A query (or several, as q1,q2) over a file of events, or over generated ones. The rows of each go
// into a folder of its name, exactly once; `rows.ts` gathers them.
import { join } from 'node:path'
import { job, t } from 'millrace'
import { fileSink } from 'millrace/connectors'
import { eventFile, eventTime, generatedEvents } from './event-file.ts'
import { generatorDefaults } from './generator.ts'
import { queries } from './queries.ts'

export default job(
  'nexmark',
  {
    params: {
      query: t.string,
      input: t.optional(t.string),
      events: t.optional(t.float64),
      seed: t.optional(t.float64),
      rate: t.optional(t.float64),
      splitBytes: t.optional(t.float64),
      output: t.string,
    },
  },
  (env, { query: names, input, events: count = 0, seed, rate, splitBytes, output }) => {
    const generated = {
      ...generatorDefaults,
      ...(seed === undefined ? {} : { seed }),
      ...(rate === undefined ? {} : { eventsPerSecond: rate }),
    }
    const source =
      input === undefined ? generatedEvents(count, generated) : eventFile(input, splitBytes)
    const events = env.fromSource('events', source, eventTime)
    for (const name of names.split(',')) {
      const query = queries.get(name)
      if (query === undefined) {
        throw new Error(`there is no query ${name}; there are ${[...queries.keys()].join(', ')}`)
      }
      query(events).sinkTo(`${name}-rows`, fileSink({ path: join(output, name) }))
    }
  },
)
