/**
 * Sums by key, each held with a text of a hundred bytes that changes with it, so that state is much
 * larger than memory. Each key comes once; only what comes after that is timed.
 */
import { job, keyedProcess, t, valueState } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { Checksum, type Tally } from '../suite/checksum.ts'
import { amountOf, DrawnKeys, lettersTaken } from '../suite/drawn-keys.ts'
import { textOf } from '../suite/texts.ts'
import { tell } from './probe.ts'

export const CHANNEL = 'text-sums'

/** An instant: milliseconds since 1970, and the processor's time of the process until then. */
interface Instant {
  readonly atMs: number
  readonly cpuMs: number
}

/** All keys have come, or, with what came out, all records have. */
export type Told =
  | { readonly kind: 'loaded'; readonly instant: Instant }
  | { readonly kind: 'end'; readonly instant: Instant; readonly tally: Tally }

const BATCH_RECORDS = 1_000

const HELD = t.struct({ sum: t.float64, text: t.string })
const RESULT = t.struct({ key: t.float64, letter: t.float64, sum: t.float64 })

interface Result {
  readonly key: number
  readonly letter: number
  readonly sum: number
}

function instant(): Instant {
  const { user, system } = process.cpuUsage()
  return { atMs: performance.timeOrigin + performance.now(), cpuMs: (user + system) / 1000 }
}

const sums = keyedProcess({
  key: t.float64,
  input: t.float64,
  output: RESULT,
  state: { held: valueState(HELD) },
  processElement(key: number, { state }, out) {
    const held = state.held.value()
    const sum = (held?.sum ?? 0) + amountOf(key)
    state.held.update({ sum, text: textOf(key, sum) })
    out.collect({ key, letter: held === undefined ? 0 : lettersTaken(held.text, sum), sum })
  },
})

function records(path: string) {
  return source({
    name: 'records',
    type: t.float64,
    position: t.float64,
    async *read() {
      const drawn = new DrawnKeys(path)
      let isLoaded = false
      for (let first = 0; first < drawn.count; first += BATCH_RECORDS) {
        if (!isLoaded && first >= drawn.keys) {
          isLoaded = true
          tell(CHANNEL, { kind: 'loaded', instant: instant() } satisfies Told)
        }
        const last = Math.min(first + BATCH_RECORDS, drawn.count)
        const values: number[] = []
        for (let number = first; number < last; number++) values.push(drawn.key(number))
        yield { values, position: last }
      }
    },
  })
}

const results = sink<Result, Checksum>({
  open: () => new Checksum(),
  write(values, checksum) {
    for (const { key, letter, sum } of values) checksum.add((key + letter) | 0, sum)
  },
  close({ count, sum, xor }) {
    tell(CHANNEL, { kind: 'end', instant: instant(), tally: { count, sum, xor } } satisfies Told)
  },
})

export default job('text-sums', { params: { path: t.string } }, (env, { path }) => {
  env
    .fromSource('records', records(path))
    .keyBy((key) => key, t.float64)
    .process('sums', sums)
    .sinkTo('results', results)
})
