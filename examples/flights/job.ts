// Hourly delays per airport. Departures come in the order in which aircraft leave; the hours are
// those in which they were due, so a delayed flight comes late. An hour is told when no flight of
// it is expected any more, and again for each that leaves after all; those that are later still go
// to a file of their own.
import { job, outputTag, t, tumblingWindow } from 'millrace'
import { csv, fileSink, fileSource } from 'millrace/connectors'
import { delays, Departure, HourOfAirport } from './departures.ts'

export const tooLate = outputTag('too-late', Departure)

const Hour = t.tuple(t.string, t.timestamp)

export default job(
  'flights',
  { params: { departures: t.string, hours: t.string, late: t.string } },
  (env, params) => {
    const hours = env
      .fromSource('departures', fileSource({ path: params.departures, format: csv(Departure) }), {
        timestamp: ({ due }) => due,
        maxOutOfOrderness: '15 min',
      })
      .keyBy(({ airport }) => airport)
      .window(tumblingWindow('1 h'))
      .allowedLateness('30 min')
      .sideOutputLateData(tooLate)
      .aggregate('delays', delays, (result, { key, window }) => ({
        airport: key,
        hour: window.start,
        delays: result,
      }))
    hours
      .returns(HourOfAirport)
      .keyBy(({ airport, hour }) => [airport, hour], Hour)
      .latest('final-delays')
      .sinkTo('hours', fileSink({ path: params.hours, format: 'json-lines' }))
    hours.sideOutput(tooLate).sinkTo('late', fileSink({ path: params.late, format: 'json-lines' }))
  },
)
