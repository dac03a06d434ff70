/**
 * Operators without state, one after the other, between a source that hands over what it has and a
 * sink that drops it; once, or several such chains in one worker, each of functions of its own.
 */
import { job, type StreamEnvironment, t } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { measured } from './probe.ts'

export interface Reading {
  readonly sensor: number
  readonly value: number
  readonly at: number
}

const BATCH_RECORDS = 1_000
const BATCHES = 64
const SENSORS = 1_000

function readings(records: number, first: number) {
  return source<Reading, number>({
    name: 'readings',
    position: t.float64,
    splits: () => ['all'],
    async *read(_split, from) {
      const batches = Array.from({ length: BATCHES }, (_, batch) =>
        Array.from({ length: BATCH_RECORDS }, (_value, index): Reading => {
          const number = first + batch * BATCH_RECORDS + index
          return { sensor: number % SENSORS, value: (number % 977) / 7, at: 1.7e12 + number }
        }),
      )
      for (let done = from ?? 0; done < records; done += BATCH_RECORDS) {
        const values = batches[(done / BATCH_RECORDS) % BATCHES] ?? []
        yield { values, position: done + BATCH_RECORDS }
      }
    },
  })
}

/** Each call makes functions that no other chain has. */
function chain(env: StreamEnvironment, records: number, index: number, hasTime: boolean): void {
  const of = measured(readings(records, index), 'chains')
  const stream = hasTime
    ? env.fromSource(`readings-${index}`, of, {
        timestamp: ({ at }) => at,
        maxOutOfOrderness: 0,
      })
    : env.fromSource(`readings-${index}`, of)
  stream
    .map(({ sensor, value, at }) => ({ sensor, value: value * 1.8 + 32 + index, at }))
    .filter(({ value }) => value < 280)
    .map(({ sensor, value }) => ({ sensor, value }))
    .flatMap((each) => [each])
    .filter(({ sensor }) => sensor !== index)
    .sinkTo(`out-${index}`, sink<unknown>({ write: () => undefined }))
}

export default job(
  'chains',
  { params: { records: t.float64, chains: t.int32, timed: t.boolean } },
  (env, { records, chains, timed }) => {
    for (let index = 0; index < chains; index++) chain(env, records, index, timed)
  },
)
