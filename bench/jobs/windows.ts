/**
 * Counts records per user in windows. At first each user comes once a minute, for as long as the
 * longest window; what is measured follows: ten times as many records, in order of time. For
 * sessions a part of the users is active at a time, and silent for a while afterwards.
 */
import { job, sessionWindow, slidingWindow, t, tumblingWindow } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { SeededRandom } from '../../src/util/random.ts'
import { moment, spanSince, tell } from './probe.ts'

export const USERS = 100_000
const MINUTE_MS = 60_000
const LOADED_MINUTES = 60
const BATCH_RECORDS = 1_000
/** Users are divided in so many parts, of which one is active in each minute. */
const PARTS = 5

interface Visit {
  readonly user: number
  readonly at: number
}

/** Tells on the channel of the span `load`, and of `read`. */
function visits(perMinute: number, minutes: number, isBursty: boolean) {
  return source<Visit, number>({
    name: 'visits',
    position: t.float64,
    splits: () => ['all'],
    async *read() {
      const random = new SeededRandom(1)
      const active = isBursty ? USERS / PARTS : USERS
      const batchOf = (from: number, everyMs: number): Visit[] =>
        Array.from({ length: BATCH_RECORDS }, (_, index) => {
          const at = Math.floor(from + index * everyMs)
          const first = isBursty ? (Math.floor(at / MINUTE_MS) % PARTS) * active : 0
          return { user: first + random.int(active), at }
        })
      let position = 0
      const spans = [
        ['load', USERS, LOADED_MINUTES],
        ['read', perMinute, minutes],
      ] as const
      let at = 0
      for (const [name, records, lasting] of spans) {
        const start = moment()
        const everyMs = MINUTE_MS / records
        const end = at + lasting * MINUTE_MS
        for (; at < end; at += everyMs * BATCH_RECORDS) {
          yield { values: batchOf(at, everyMs), position: ++position }
        }
        tell('windows', spanSince(start, name, records * lasting))
      }
    },
  })
}

const params = { window: t.string, perMinute: t.float64, minutes: t.float64 }

export default job('windows', { params }, (env, { window, perMinute, minutes }) => {
  const isBursty = window === 'session'
  const keyed = env
    .fromSource('visits', visits(perMinute, minutes, isBursty), { timestamp: (visit) => visit.at })
    .keyBy((visit) => visit.user, t.float64)
  const counts = {
    'tumbling-minute': () => keyed.window(tumblingWindow('1 min')).count('counts'),
    'tumbling-hour': () => keyed.window(tumblingWindow('1 h')).count('counts'),
    sliding: () => keyed.window(slidingWindow('1 h', '1 min')).count('counts'),
    session: () => keyed.window(sessionWindow('1 min')).count('counts'),
  }[window]
  counts?.().sinkTo('drop', sink({ write() {} }))
})
