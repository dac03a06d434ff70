// Break-ins and silence per user, and the late records: a module, for workers in threads. It may
// throw once in the middle; `marker` is a file that says that it has.
import { existsSync, writeFileSync } from 'node:fs'
import { job, outputTag, pattern, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'
import { BREAK_IN_MS, JITTER_MS, type Login, loginAt, SILENCE_MS } from './logins.ts'

const late = outputTag('late', t.dynamic<Login>())

const breakIn = pattern<Login>()
  .begin('fail', (login) => !login.ok)
  .times(2)
  .consecutive()
  .next('ok', (login, { match }) => login.ok && login.user === match.fail[0].user)
  .within(BREAK_IN_MS)

const silence = pattern<Login>()
  .begin('ok', (login) => login.ok)
  .notFollowedBy('ok again', (login) => login.ok)
  .within(SILENCE_MS)

export default job(
  'logins',
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
    const generate = (index: number): Login => loginAt(index, withLate)
    const logins = env
      .fromSource('logins', dataGenerator({ generate, count: records }), {
        timestamp: (login) => login.at,
        maxOutOfOrderness: JITTER_MS,
      })
      .map((login) => {
        if (fails && login.index === Math.floor(records / 2) && !existsSync(marker)) {
          writeFileSync(marker, 'thrown')
          throw new Error('once')
        }
        return login
      })
      .keyBy((login) => login.user)
    const breakIns = logins
      .pattern(breakIn)
      .sideOutputLateData(late)
      .process<string>('break-ins', {
        processMatch({ fail, ok }, { key }, out) {
          out.collect(`break-in ${key} ${[...fail, ...ok].map(({ index }) => index).join(' ')}`)
        },
      })
    const silences = logins
      .pattern(silence)
      .select('silences', ({ ok }, { key }) => `silence ${key} ${ok[0].index}`)
    const lateLines = breakIns.sideOutput(late).map(({ index }) => `late ${index}`)
    breakIns.union(silences, lateLines).sinkTo('lines', fileSink({ path: output }))
  },
)
