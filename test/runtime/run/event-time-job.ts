// Two sources that are joined by key in event time: a timer per key and window emits what both
// brought; what comes too late goes to a side output. For parallelism above 1 and for restores.
import { job, keyedProcess, mapState, outputTag, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'

const WINDOW_MS = 100
const late = outputTag('late', t.string)

const windows = keyedProcess({
  // By the end of their window.
  state: { left: mapState(t.float64, t.float64), right: mapState(t.float64, t.float64) },
  sideOutputs: [late],
  processElement(value: { readonly side: string; readonly at: number }, ctx) {
    const end = Math.floor(value.at / WINDOW_MS) * WINDOW_MS + WINDOW_MS - 1
    if (ctx.timers.currentWatermark >= end) return ctx.output(late, `late ${value.at}`)
    const counts = value.side === 'left' ? ctx.state.left : ctx.state.right
    counts.set(end, (counts.get(end) ?? 0) + 1)
    return ctx.timers.registerEventTimeTimer(end)
  },
  onTimer(end, ctx, out: { collect(value: string): void }) {
    const { left, right } = ctx.state
    out.collect(`${String(ctx.currentKey)} ${end} ${left.get(end) ?? 0} ${right.get(end) ?? 0}`)
    left.delete(end)
    right.delete(end)
  },
})

export default job(
  'event-time',
  { params: { output: t.string, late: t.string, records: t.float64, rate: t.optional(t.float64) } },
  (env, { output, late: lateOutput, records, rate }) => {
    const source = (side: string) =>
      dataGenerator({
        generate: (at) => ({ side, at }),
        count: records,
        splits: 1,
        ...(rate === undefined ? {} : { ratePerSecond: rate }),
      })
    const time = {
      timestamp: (value: { readonly at: number }) => value.at,
      maxOutOfOrderness: 5_000,
    }
    const left = env.fromSource('left', source('left'), time)
    const right = env.fromSource('right', source('right'), time)
    const results = left
      .union(right)
      .keyBy((value) => value.at % 10)
      .process('windows', windows)
    results.sinkTo('out', fileSink({ path: output, format: 'text' }))
    results.sideOutput(late).sinkTo('late', fileSink({ path: lateOutput, format: 'text' }))
  },
)
