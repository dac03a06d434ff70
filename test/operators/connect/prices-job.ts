// Records that wait, per key, for a broadcast factor: a module, for workers in threads. Whichever
// comes first, each record is told once with its factor. It throws once in the middle; `marker` is
// a file that says that it has.
import { existsSync, writeFileSync } from 'node:fs'
import { job, listState, mapState, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'

const KEYS = 50
const FACTORS = 10

export function expectedPrices(records: number): string[] {
  const lines = Array.from({ length: records }, (_, at) => `${at} × ${100 + (at % FACTORS)}`)
  return lines.toSorted()
}

export default job(
  'prices',
  { params: { output: t.string, records: t.int32, marker: t.string } },
  (env, { output, records, marker }) => {
    const numbers = (uid: string, count: number, splits: number) =>
      env.fromSource(uid, dataGenerator({ generate: (at) => at, count, splits }))
    const factors = numbers('factors', FACTORS, 1)
      .map((at) => ({ at, factor: 100 + at }))
      .broadcast({ factors: mapState(t.int32, t.int32) })
    numbers('records', records, 2)
      .map((at) => {
        if (at === Math.floor(records / 2) && !existsSync(marker)) {
          writeFileSync(marker, 'thrown')
          throw new Error('once')
        }
        return at
      })
      .keyBy((at) => at % KEYS, t.int32)
      .connect(factors)
      .process('priced', {
        state: { waiting: listState(t.int32) },
        processElement(at, ctx, out: { collect(line: string): void }) {
          const factor = ctx.broadcast.factors.get(at % FACTORS)
          if (factor === undefined) ctx.state.waiting.add(at)
          else out.collect(`${at} × ${factor}`)
        },
        processBroadcastElement({ at, factor }, ctx, out) {
          ctx.broadcast.factors.set(at, factor)
          ctx.applyToKeyedState('waiting', (_key, waiting) => {
            const known = waiting.get().filter((each) => each % FACTORS === at)
            if (known.length === 0) return
            for (const each of known) out.collect(`${each} × ${factor}`)
            waiting.update(waiting.get().filter((each) => each % FACTORS !== at))
          })
        },
      })
      .sinkTo('lines', fileSink({ path: output }))
  },
)
