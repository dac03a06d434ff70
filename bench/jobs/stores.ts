/**
 * Texts of a thousand characters for many keys, 200 MB of them: stored by the first run. A later
 * one finds them in its checkpoint and is given nothing more.
 */
import { Buffer } from 'node:buffer'
import { job, keyedProcess, t, valueState } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { SeededRandom } from '../../src/util/random.ts'
import { tell } from './probe.ts'

export const KEYS = 200_000
export const CHANNEL = 'stores'
const TEXT_BYTES = 1_000
const BATCH_RECORDS = 200

const letters = Buffer.alloc(1 << 22)
const random = new SeededRandom(1)
for (let at = 0; at < letters.length; at++) letters[at] = 48 + random.int(64)

function textOf(key: number): string {
  const from = (key * 7_919) % (letters.length - TEXT_BYTES)
  return letters.toString('latin1', from, from + TEXT_BYTES)
}

const texts = keyedProcess({
  key: t.float64,
  input: t.float64,
  output: t.float64,
  state: { text: valueState(t.string) },
  processElement(key: number, { state }, out) {
    state.text.update(textOf(key))
    out.collect(key)
  },
})

const keys = source({
  name: 'keys',
  type: t.float64,
  position: t.float64,
  bounded: false,
  splits: () => ['all'],
  async *read(_split, from: number | undefined, { signal }) {
    for (let first = from ?? 0; first < KEYS; first += BATCH_RECORDS) {
      const values = Array.from({ length: BATCH_RECORDS }, (_, at) => first + at)
      yield { values, position: first + BATCH_RECORDS }
    }
    tell(CHANNEL, 'read')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  },
})

export default job('stores', (env) => {
  env
    .fromSource('keys', keys)
    .keyBy((key) => key, t.float64)
    .process('texts', texts)
    .sinkTo('drop', sink({ write() {} }))
})
