// CSV in, CSV out: measurements of weather stations, each enriched with the history of its station.
import { job, t } from 'millrace'
import { csv, fileSink, fileSource } from 'millrace/connectors'
import { enrich, Enriched, Reading } from './climate.ts'

export default job(
  'enrich',
  { params: { readings: t.string, output: t.string } },
  (env, { readings, output }) => {
    env
      .fromSource('readings', fileSource({ path: readings, format: csv(Reading) }))
      .keyBy((reading) => reading.station)
      .process('enrich', enrich)
      .sinkTo('output', fileSink({ path: output, format: csv(Enriched) }))
  },
)
