// Counts visits per user with a keyed process function and takes a checkpoint each second. The
// visits are generated: the same ones for the same seed, also after a restart.
import { job, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'
import { milestones, Visit } from './visits.ts'

const users = 1_000
const pages = ['home', 'search', 'item', 'basket', 'checkout']

export default job(
  'stateful-count',
  {
    params: {
      output: t.string,
      visits: t.optional(t.int32),
      perSecond: t.optional(t.int32),
    },
    checkpointing: { interval: '1 s' },
  },
  (env, { output, visits = 100_000, perSecond = 20_000 }) => {
    env
      .fromSource(
        'visits',
        dataGenerator<Visit>({
          type: Visit,
          count: visits,
          ratePerSecond: perSecond,
          seed: 7,
          generate: (_index, random) => ({
            user: `user-${random.int(users)}`,
            page: pages[random.int(pages.length)] ?? 'home',
          }),
        }),
      )
      .keyBy((visit) => visit.user)
      .process('milestones', milestones)
      .sinkTo('output', fileSink({ path: output, format: 'json-lines' }))
  },
)
