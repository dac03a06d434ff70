// What is known of a departure, and what is told of an airport's hour: how many flights that were
// due in it have left, how many of these more than a quarter of an hour late, and how late in all.
import { type AggregateFunction, type Infer, t } from 'millrace'

const delayedMinutes = 15

export const Departure = t.struct({
  flight: t.string,
  airport: t.string,
  /** When it was due: the event time. It is heard of when it leaves. */
  due: t.timestamp,
  delayMinutes: t.float64,
})
export type Departure = Infer<typeof Departure>

export const Delays = t.struct({
  flights: t.float64,
  delayed: t.float64,
  sumMinutes: t.float64,
  worstMinutes: t.float64,
})
export type Delays = Infer<typeof Delays>

export const HourOfAirport = t.struct({ airport: t.string, hour: t.timestamp, delays: Delays })
export type HourOfAirport = Infer<typeof HourOfAirport>

export const delays: AggregateFunction<Departure, Delays, Delays> = {
  accumulator: Delays,
  output: Delays,
  createAccumulator: () => ({
    flights: 0,
    delayed: 0,
    sumMinutes: 0,
    worstMinutes: Number.NEGATIVE_INFINITY,
  }),
  add: ({ delayMinutes }, { flights, delayed, sumMinutes, worstMinutes }) => ({
    flights: flights + 1,
    delayed: delayed + (delayMinutes > delayedMinutes ? 1 : 0),
    sumMinutes: sumMinutes + delayMinutes,
    worstMinutes: Math.max(worstMinutes, delayMinutes),
  }),
  getResult: (result) => result,
}
