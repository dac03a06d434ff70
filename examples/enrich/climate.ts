// Enriches each measurement with what its station has measured so far: the extremes are a reducing
// state (values of one type folded into one), the mean an aggregating one (an accumulator of
// another type).
import { aggregatingState, type Infer, keyedProcess, reducingState, t } from 'millrace'

export const Reading = t.struct({ station: t.string, celsius: t.float64 })
export type Reading = Infer<typeof Reading>

export const Enriched = t.struct({
  station: t.string,
  celsius: t.float64,
  coldest: t.float64,
  warmest: t.float64,
  mean: t.float64,
  readings: t.float64,
})
export type Enriched = Infer<typeof Enriched>

const Mean = t.struct({ sum: t.float64, count: t.float64 })

export const enrich = keyedProcess({
  key: t.string,
  input: Reading,
  output: Enriched,
  state: {
    coldest: reducingState(Math.min, t.float64),
    warmest: reducingState(Math.max, t.float64),
    mean: aggregatingState(
      {
        createAccumulator: () => ({ sum: 0, count: 0 }),
        add: (celsius: number, { sum, count }) => ({ sum: sum + celsius, count: count + 1 }),
        getResult: ({ sum, count }) => ({ mean: sum / count, readings: count }),
      },
      Mean,
    ),
  },
  processElement(reading, ctx, out) {
    const { celsius } = reading
    const { coldest, warmest, mean } = ctx.state
    coldest.add(celsius)
    warmest.add(celsius)
    mean.add(celsius)
    out.collect({
      ...reading,
      coldest: coldest.get() ?? celsius,
      warmest: warmest.get() ?? celsius,
      ...(mean.get() ?? { mean: celsius, readings: 1 }),
    })
  },
})
