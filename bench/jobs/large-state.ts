/**
 * The newest text of 100 characters for each of many keys: state of 100 bytes an entry. All keys
 * are loaded, then records come as fast as they are taken, all of them for the few keys of a turn.
 * A probe behind the state counts records and notes the longest time in which it saw none. The
 * program outside says when a turn ends.
 */
import { Buffer } from 'node:buffer'
import { BroadcastChannel } from 'node:worker_threads'
import { job, keyedProcess, t, valueState } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { SeededRandom } from '../../src/util/random.ts'
import { moment, tell } from './probe.ts'

/** A checkpoint every three turns holds the changes of one key in a hundred. */
export const SHARE_OF_TURN = 1 / 300
const BATCH_RECORDS = 1_000
const TEXT_BYTES = 100
/** Reading CPU time costs more than a record. */
const RECORDS_PER_LOOK = 64

/** What the job says when all keys are loaded (turn 0), and at the end of each turn. */
export interface TurnReport {
  readonly turn: number
  readonly records: number
  readonly elapsedMs: number
  /** The longest time between records, and how long the thread was busy in it. */
  readonly gapMs: number
  readonly gapCpuMs: number
}

const Change = t.struct({ key: t.float64, text: t.string })

const newest = keyedProcess({
  key: t.float64,
  input: Change,
  output: t.float64,
  state: { text: valueState(t.string) },
  processElement({ key, text }: { key: number; text: string }, ctx, out) {
    ctx.state.text.update(text)
    out.collect(key)
  },
})

function turnProbe() {
  let seen = 0
  let atStart = 0
  let start = moment()
  let last = start
  let gapMs = 0
  let gapCpuMs = 0
  return {
    see(key: number): number {
      if (++seen % RECORDS_PER_LOOK !== 0) return key
      const now = moment()
      gapMs = Math.max(gapMs, now.atMs - last.atMs)
      gapCpuMs = Math.max(gapCpuMs, now.cpuMs - last.cpuMs)
      last = now
      return key
    },
    report(turn: number): void {
      const now = moment()
      const elapsedMs = now.atMs - start.atMs
      tell('large-state', { turn, records: seen - atStart, elapsedMs, gapMs, gapCpuMs })
      start = now
      atStart = seen
      gapMs = 0
      gapCpuMs = 0
    },
  }
}

/** Texts that do not compress to nothing; each a string of its own. */
function textMaker(random: SeededRandom): () => string {
  const letters = Buffer.alloc(1024 ** 2)
  for (let at = 0; at < letters.length; at++) letters[at] = 48 + random.int(64)
  return () => {
    const from = random.int(letters.length - TEXT_BYTES)
    return letters.toString('latin1', from, from + TEXT_BYTES)
  }
}

function changes(keys: number, probe: ReturnType<typeof turnProbe>) {
  // Neighbours of a turn are strewn over all keys.
  const keyOf = (index: number): number => (index * 7_368_787) % keys
  return source({
    name: 'changes',
    type: Change,
    position: t.float64,
    async *read(_split, from: number | undefined, { signal }) {
      const random = new SeededRandom(1)
      const text = textMaker(random)
      const batch = (at: number, end: number) => {
        const values = []
        for (let index = at; index < end; index++) {
          values.push({ key: keyOf(index % keys), text: text() })
        }
        return values
      }
      let wanted = 0
      const orders = new BroadcastChannel('large-state-orders')
      orders.onmessage = () => wanted++
      let position = from ?? 0
      for (let at = position === 0 ? 0 : keys; at < keys; at += BATCH_RECORDS) {
        yield { values: batch(at, Math.min(at + BATCH_RECORDS, keys)), position: ++position }
      }
      const perTurn = Math.max(BATCH_RECORDS, Math.round(keys * SHARE_OF_TURN))
      probe.report(0)
      for (let turn = 0; !signal.aborted; turn = wanted) {
        const first = turn * perTurn
        for (let at = first; at < first + perTurn && wanted === turn; at += BATCH_RECORDS) {
          yield { values: batch(at, at + BATCH_RECORDS), position: ++position }
        }
        if (wanted !== turn) probe.report(turn + 1)
      }
      orders.close()
    },
  })
}

export default job('large-state', { params: { keys: t.int32 } }, (env, { keys }) => {
  const probe = turnProbe()
  env
    .fromSource('changes', changes(keys, probe))
    .keyBy((change) => change.key, t.float64)
    .process('newest', newest)
    .map((key) => probe.see(key))
    .sinkTo('drop', sink({ write() {} }))
})
