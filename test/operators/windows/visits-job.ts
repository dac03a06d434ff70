// Visits per page in tumbling and sliding windows, per user in sessions, all together in cumulative
// windows, and the late ones: a module, for workers in threads. It may throw once in the middle;
// `marker` is a file that says that it has.
import { existsSync, writeFileSync } from 'node:fs'
import {
  cumulativeWindow,
  job,
  outputTag,
  sessionWindow,
  slidingWindow,
  t,
  tumblingWindow,
} from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'
import { JITTER_MS, type Visit, visitAt } from './visits.ts'

const late = outputTag('late', t.dynamic<Visit>())

export default job(
  'visits',
  {
    params: {
      output: t.string,
      records: t.float64,
      marker: t.string,
      fails: t.boolean,
      withLate: t.boolean,
    },
  },
  (env, { output, records, marker, fails, withLate }) => {
    const generate = (index: number): Visit => visitAt(index, withLate)
    const visits = env
      .fromSource('visits', dataGenerator({ generate, count: records }), {
        timestamp: (visit) => visit.at,
        maxOutOfOrderness: JITTER_MS,
      })
      .map((visit) => {
        if (fails && visit.index === Math.floor(records / 2) && !existsSync(marker)) {
          writeFileSync(marker, 'thrown')
          throw new Error('once')
        }
        return visit
      })
    const perPage = visits
      .keyBy((visit) => visit.page)
      .window(tumblingWindow(500))
      .sideOutputLateData(late)
      .count('per-page', (count, { key, window }) => `page ${key} ${window.start} ${count}`)
    const perUser = visits
      .keyBy((visit) => visit.user)
      .window(sessionWindow(300))
      .aggregate(
        'per-user',
        {
          accumulator: t.struct({ visits: t.int32, pages: t.map(t.int32, t.int32) }),
          createAccumulator: () => ({ visits: 0, pages: new Map<number, number>() }),
          add(visit, held) {
            held.visits++
            held.pages.set(visit.page, (held.pages.get(visit.page) ?? 0) + 1)
            return held
          },
          getResult: (held) => `${held.visits} of ${held.pages.size}`,
          merge: (a, b) => ({
            visits: a.visits + b.visits,
            pages: new Map([...a.pages, ...b.pages]),
          }),
        },
        (result, { key, window }) => `user ${key} ${window.start}-${window.end} ${result}`,
      )
    const sliding = visits
      .keyBy((visit) => visit.page)
      .window(slidingWindow(900, 200))
      .count('sliding', (count, { key, window }) => `sliding ${key} ${window.start} ${count}`)
    const soFar = visits
      .windowAll(cumulativeWindow(2_000, 500))
      .count('so-far', (count, { key, window }) => `so far ${key} ${window.end} ${count}`)
    const lateLines = perPage.sideOutput(late).map(({ page, at }) => `late ${page} ${at}`)
    perPage.union(perUser, sliding, soFar, lateLines).sinkTo('lines', fileSink({ path: output }))
  },
)
