/**
 * A text of 100 characters for each of many keys, each text made of its key. The first run stores
 * them all. Every later one asks for them in an order of its own as fast as it can, checks what it
 * gets, and tells when the first came, the longest time without any, and how the rate grew.
 */
import { Buffer } from 'node:buffer'
import { job, keyedProcess, t, valueState } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { SeededRandom } from '../../src/util/random.ts'
import { moment, tell } from './probe.ts'

const BATCH_RECORDS = 200
const TEXT_BYTES = 100
const REPORT_MS = 100

/** What a worker says ten times a second. */
export interface RestoreReport {
  /** The function was opened, and the first text was right: milliseconds since 1970. */
  readonly openedAtMs: number
  readonly firstAtMs: number
  readonly atMs: number
  /** Since the report before. */
  readonly records: number
  readonly gapMs: number
  readonly gapCpuMs: number
}

const letters = Buffer.alloc(1 << 20)
const random = new SeededRandom(1)
for (let at = 0; at < letters.length; at++) letters[at] = 48 + random.int(64)

function textOf(key: number): string {
  const from = (key * 7_919) % (letters.length - TEXT_BYTES)
  return letters.toString('latin1', from, from + TEXT_BYTES)
}

let openedAtMs = 0
let firstAtMs = 0
let records = 0
let last = moment()
let reportedAtMs = last.atMs
let gapMs = 0
let gapCpuMs = 0

function see(): void {
  const now = moment()
  if (firstAtMs === 0) firstAtMs = now.atMs
  else {
    gapMs = Math.max(gapMs, now.atMs - last.atMs)
    gapCpuMs = Math.max(gapCpuMs, now.cpuMs - last.cpuMs)
  }
  last = now
  records++
  if (now.atMs - reportedAtMs < REPORT_MS) return
  tell('restore', { openedAtMs, firstAtMs, atMs: now.atMs, records, gapMs, gapCpuMs })
  records = 0
  gapMs = 0
  gapCpuMs = 0
  reportedAtMs = now.atMs
}

const texts = keyedProcess({
  key: t.float64,
  input: t.float64,
  output: t.float64,
  state: { text: valueState(t.string) },
  open() {
    openedAtMs = moment().atMs
  },
  processElement(key: number, ctx, out) {
    const held = ctx.state.text.value()
    if (held === undefined) ctx.state.text.update(textOf(key))
    else if (held !== textOf(key)) throw new Error(`key ${key} has the text of another`)
    else see()
    out.collect(key)
  },
})

function questions(keys: number) {
  const keyOf = (index: number): number => (index * 7_368_787) % keys
  const half = Math.ceil(keys / 2 / BATCH_RECORDS) * BATCH_RECORDS
  return source({
    name: 'questions',
    type: t.float64,
    position: t.float64,
    bounded: false,
    splits: () => ['0', '1'],
    async *read(split, from: number | undefined, { signal }) {
      const offset = Number(split.id) * half
      let position = from ?? 0
      for (; position < half; position += BATCH_RECORDS) {
        const values = Array.from({ length: BATCH_RECORDS }, (_, at) => {
          return keyOf((offset + position + at) % keys)
        })
        yield { values, position: position + BATCH_RECORDS }
      }
      if (from === undefined) tell('restore-stored', split.id)
      const draw = new SeededRandom(Number(split.id) + 2)
      while (!signal.aborted) {
        const isAgain = from !== undefined
        const values = isAgain
          ? Array.from({ length: BATCH_RECORDS }, () => draw.int(keys))
          : await new Promise<number[]>((resolve) => setTimeout(() => resolve([]), 100))
        yield { values, position }
      }
    },
  })
}

export default job('restore', { params: { keys: t.int32 } }, (env, { keys }) => {
  env
    .fromSource('questions', questions(keys))
    .keyBy((key) => key, t.float64)
    .process('texts', texts)
    .sinkTo('drop', sink({ write() {} }))
})
