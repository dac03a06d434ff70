/**
 * State whose size on disk is watched over many checkpoints: texts of 100 bytes by key (`value`),
 * or counts in sliding windows of an hour every five minutes (`windows`). Each turn brings changes
 * of one key in a hundred; the program outside says when.
 */
import { Buffer } from 'node:buffer'
import { BroadcastChannel } from 'node:worker_threads'
import { job, keyedProcess, slidingWindow, t, valueState } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { SeededRandom } from '../../src/util/random.ts'
import { tell } from './probe.ts'

export const KEYS = 100_000
const TEXT_BYTES = 100
/** In event time: windows end every fifty turns. */
const TURN_MS = 6_000

const Change = t.struct({ key: t.float64, at: t.float64, text: t.string })
interface Change {
  readonly key: number
  readonly at: number
  readonly text: string
}

const newest = keyedProcess({
  key: t.float64,
  input: Change,
  output: t.float64,
  state: { text: valueState(t.string) },
  processElement({ key, text }: Change, ctx, out) {
    ctx.state.text.update(text)
    out.collect(key)
  },
})

const changes = source({
  name: 'changes',
  type: Change,
  position: t.float64,
  async *read(_split, _from: number | undefined, { signal }) {
    const random = new SeededRandom(1)
    const letters = Buffer.from(Array.from({ length: 1 << 16 }, () => 48 + random.int(64)))
    const change = (key: number, at: number): Change => {
      const from = random.int(letters.length - TEXT_BYTES)
      return { key, at, text: letters.toString('latin1', from, from + TEXT_BYTES) }
    }
    const orders = new BroadcastChannel('disk-use-orders')
    let wake = () => {}
    let wanted = 0
    orders.onmessage = () => {
      wanted++
      wake()
    }
    signal.addEventListener('abort', () => wake())
    let position = 0
    for (let key = 0; key < KEYS; key += 1_000) {
      const values = Array.from({ length: 1_000 }, (_, index) => change(key + index, 0))
      yield { values, position: ++position }
    }
    for (let turn = 0; !signal.aborted; turn++) {
      tell('disk-use', turn)
      while (wanted === turn && !signal.aborted) {
        await new Promise<void>((resolve) => (wake = resolve))
      }
      const at = turn * TURN_MS
      const values = Array.from({ length: KEYS / 100 }, () => change(random.int(KEYS), at))
      yield { values, position: ++position }
    }
    orders.close()
  },
})

export default job('disk-use', { params: { state: t.string } }, (env, { state }) => {
  const stream = env.fromSource('changes', changes, { timestamp: (change) => change.at })
  const drop = sink<unknown>({ write() {} })
  if (state === 'value') {
    stream
      .keyBy((change) => change.key, t.float64)
      .process('newest', newest)
      .sinkTo('drop', drop)
  } else {
    stream
      .keyBy((change) => change.key, t.float64)
      .window(slidingWindow('1 h', '5 min'))
      .count('visits')
      .sinkTo('drop', drop)
  }
})
