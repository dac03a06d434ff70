// A keyed process function with timers in a whole job: records in any order within the bound, and
// checkpoints, crashes and rescales at any point, change nothing of what comes out.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { eventTimer, job, keyedProcess, mapState, t } from 'millrace'
import { collection } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { print } from '../../src/connectors/print.ts'
import { SeededRandom } from '../../src/util/random.ts'

const SEED = Number(process.env['MILLRACE_SEED'] ?? 20_261_121)
const ROUNDS = Number(process.env['MILLRACE_ROUNDS'] ?? 2)
const BOUND_MS = 500
const BUCKET_MS = 100
const RECORDS = 240

const Reading = t.struct({ sensor: t.string, at: t.timestamp, value: t.int32 })
interface Reading {
  readonly sensor: string
  readonly at: number
  readonly value: number
}

/** Sums by bucket; a sum that is even is told again, ten buckets later, unless that is cleared. */
const sums = keyedProcess({
  key: t.string,
  input: Reading,
  output: t.string,
  state: { sums: mapState(t.float64, t.int32) },
  timers: {
    close: eventTimer(t.struct({ bucket: t.float64 }), { coalesce: BUCKET_MS }),
    again: eventTimer(t.tuple(t.float64, t.int32)),
  },
  processElement({ at, value }, { state, timers }) {
    const bucket = Math.ceil(at / BUCKET_MS) * BUCKET_MS
    state.sums.set(bucket, (state.sums.get(bucket) ?? 0) + value)
    timers.close.set(at, { bucket })
  },
  onTimer(at, { timerName, payload, currentKey, state, timers }, out) {
    if (timerName === 'close') {
      const sum = state.sums.get(payload.bucket) ?? 0
      state.sums.delete(payload.bucket)
      out.collect(`${currentKey} ${payload.bucket} ${at} ${sum}`)
      if (sum % 2 === 0) timers.again.set(at + 10 * BUCKET_MS, [payload.bucket, sum])
      if (sum % 7 === 0) timers.again.clear()
    } else if (timerName === 'again') {
      out.collect(`${currentKey} again ${payload.join(' ')}, then ${timers.again.list().length}`)
    }
  },
})

const sensors = job('sensors', (env) => {
  const time = { timestamp: (reading: Reading) => reading.at, maxOutOfOrderness: BOUND_MS }
  env
    .fromSource('readings', collection<Reading>([], { type: Reading }), time)
    .keyBy((reading) => reading.sensor, t.string)
    .process('sums', sums)
    .sinkTo('out', print())
})

function readings(random: SeededRandom): readonly Reading[] {
  return Array.from({ length: RECORDS }, () => ({
    sensor: `s${random.int(9)}`,
    at: random.int(6_000) - 1_000,
    value: random.int(50),
  }))
}

/** Each record may be overtaken by what is no more than the bound later. */
function shuffled(all: readonly Reading[], random: SeededRandom): readonly Reading[] {
  return all
    .map((reading) => ({ reading, arrives: reading.at + random.next() * BOUND_MS }))
    .toSorted((a, b) => a.arrives - b.arrives)
    .map(({ reading }) => reading)
}

async function outcome(
  all: readonly Reading[],
  backend: 'hashmap' | 'rocksdb',
  disturb: SeededRandom | undefined,
): Promise<readonly string[]> {
  await using harness = await jobHarness(sensors, { backend })
  const source = harness.source<Reading>('readings')
  for (let from = 0; from < all.length;) {
    const count = 1 + (disturb?.int(40) ?? 20)
    await source.send(...all.slice(from, from + count))
    from += count
    const dice = disturb?.int(10) ?? 9
    if (dice < 2) await harness.checkpoint()
    else if (dice < 4) await harness.crash()
    else if (dice < 5) await harness.rescale(1 + (disturb?.int(3) ?? 0))
  }
  await harness.finish()
  const output = harness.output<string>('out')
  assert.deepEqual(harness.committed('out'), output)
  return output.toSorted((a, b) => (a < b ? -1 : 1))
}

describe(`timers in a job (seed ${SEED})`, () => {
  for (const backend of ['hashmap', 'rocksdb'] as const) {
    it(`give the same in any order, whatever happens, on ${backend}`, async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const random = new SeededRandom(SEED + round)
        const all = readings(random)
        const expected = await outcome(shuffled(all, random), backend, undefined)
        assert.ok(expected.some((line) => line.includes('again')))
        assert.deepEqual(await outcome(shuffled(all, random), backend, random), expected)
      }
    })
  }
})
