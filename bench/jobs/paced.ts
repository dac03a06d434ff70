/**
 * Sums by account of records that are due so many a second, however far behind the job is; or, to
 * know what it can do, of as many as it takes. The sink counts how long after its due time each
 * result was written.
 */
import { job, keyedProcess, t, valueState } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { Checksum, type Tally } from '../suite/checksum.ts'
import { payment } from '../suite/draws.ts'
import { Histogram } from '../suite/histogram.ts'
import { tell } from './probe.ts'

export const CHANNEL = 'paced'

/** What the sink says at its end. */
export interface PacedReport {
  readonly tally: Tally
  /** Of the time after the warm-up. */
  readonly recordsPerMs: number
  /** In milliseconds, by share; of records that were due after the warm-up. */
  readonly latencies: Readonly<Record<'p50' | 'p99' | 'p99.99' | 'max', number>>
}

/** Of these no latency counts: the code is new. */
export const WARM_UP_MS = 5_000
/** So long it takes what it can, warm-up included. */
const FREE_MS = 10_000
const BATCH_RECORDS = 1_000

const RECORD = t.struct({ account: t.float64, amount: t.float64, number: t.float64 })
const RESULT = t.struct({ account: t.float64, sum: t.float64, number: t.float64 })

interface PacedRecord {
  readonly account: number
  readonly amount: number
  readonly number: number
}

const sums = keyedProcess({
  key: t.float64,
  input: RECORD,
  output: RESULT,
  state: { sum: valueState(t.float64, { initial: 0 }) },
  processElement({ account, amount, number }: PacedRecord, { state }, out) {
    const sum = state.sum.value() + amount
    state.sum.update(sum)
    out.collect({ account, sum, number })
  },
})

/** When the job began: source and sink are in one thread. */
class Schedule {
  beganMs = 0
  readonly perMs: number

  /** @param perMs 0: nothing is due at any time. */
  constructor(perMs: number) {
    this.perMs = perMs
  }

  /** How many records are due by now; undefined when the time is over that has no schedule. */
  due(): number | undefined {
    const sinceMs = performance.now() - this.beganMs
    if (this.perMs > 0) return Math.floor(sinceMs * this.perMs)
    return sinceMs < FREE_MS ? Infinity : undefined
  }
}

function records(keys: number, count: number, schedule: Schedule) {
  const draw = payment(keys)
  return source({
    name: 'records',
    type: RECORD,
    position: t.float64,
    async *read() {
      schedule.beganMs = performance.now()
      for (let number = 0; number < count;) {
        const due = schedule.due()
        if (due === undefined) return
        const end = Math.min(due, number + BATCH_RECORDS, count)
        const values: PacedRecord[] = []
        for (; number < end; number++) {
          const { account, amount } = draw(number)
          values.push({ account, amount, number })
        }
        if (values.length > 0) yield { values, position: number }
        else await new Promise<void>((resolve) => void setTimeout(resolve, 1))
      }
    },
  })
}

class Results {
  readonly #schedule: Schedule
  readonly #checksum = new Checksum()
  readonly #latencies = new Histogram()
  #warm = { count: 0, atMs: Number.NaN }
  #lastMs = 0
  #maxMs = 0

  constructor(schedule: Schedule) {
    this.#schedule = schedule
  }

  write(values: readonly { account: number; sum: number; number: number }[]): void {
    for (const { account, sum } of values) this.#checksum.add(account, sum)
    const { perMs, beganMs } = this.#schedule
    const sinceMs = performance.now() - beganMs
    this.#lastMs = sinceMs
    if (sinceMs < WARM_UP_MS) this.#warm = { count: this.#checksum.count, atMs: sinceMs }
    if (perMs === 0) return
    for (const { number } of values) {
      const dueMs = number / perMs
      if (dueMs < WARM_UP_MS) continue
      this.#latencies.add((sinceMs - dueMs) * 1000)
      this.#maxMs = Math.max(this.#maxMs, sinceMs - dueMs)
    }
  }

  report(): PacedReport {
    const { count, sum, xor } = this.#checksum
    const ms = (share: number) => this.#latencies.quantile(share) / 1000
    return {
      tally: { count, sum, xor },
      recordsPerMs: (count - this.#warm.count) / (this.#lastMs - this.#warm.atMs),
      latencies: { p50: ms(0.5), p99: ms(0.99), 'p99.99': ms(0.9999), max: this.#maxMs },
    }
  }
}

const params = { keys: t.float64, records: t.float64, perMs: t.float64 }

export default job('paced', { params }, (env, given) => {
  const schedule = new Schedule(given.perMs)
  const out = sink<{ account: number; sum: number; number: number }, Results>({
    open: () => new Results(schedule),
    write: (values, results) => results.write(values),
    close: (results) => tell(CHANNEL, results.report()),
  })
  env
    .fromSource('records', records(given.keys, given.records, schedule))
    .keyBy(({ account }) => account, t.float64)
    .process('sums', sums)
    .sinkTo('results', out)
})
