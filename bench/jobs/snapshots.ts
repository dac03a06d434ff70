/**
 * Much state, of which snapshots are taken: a text for each key. All keys are loaded, then those of
 * a turn are changed, over and over again, so many a second; the program outside says when a turn
 * ends, and asks for the longest time in which no record came. A run that restores a checkpoint
 * asks for texts instead, as fast as answers come.
 */
import { BroadcastChannel, threadId } from 'node:worker_threads'
import { job, keyedProcess, t, valueState } from 'millrace'
import { sink, source } from 'millrace/connectors'
import { Checksum, textHash, type Tally } from '../suite/checksum.ts'
import { askedKey, changedKey, changedPerTurn, keyOf, questionsOf, textOf } from '../suite/texts.ts'
import { tell } from './probe.ts'

export const CHANNEL = 'snapshots'
export const ORDERS = 'snapshots-orders'
/** `next`: the next turn begins. `gap`: the longest one since the last such order is told. */
export type Order = 'next' | 'gap'

/** What the job says. */
export type Told =
  /** All records of the turn have come once. */
  | { readonly kind: 'passed'; readonly turn: number }
  | { readonly kind: 'gap'; readonly ms: number }
  /** All answers of a thread until then; times are milliseconds since 1970. */
  | {
      readonly kind: 'answers'
      readonly thread: number
      readonly tally: Tally
      readonly firstAtMs: number
      readonly lastAtMs: number
    }

const BATCH_RECORDS = 1_000
/** After loading. The same for all contenders. */
const RECORDS_PER_MS = 50
const IDLE_MS = 100

/** Of a version, or, below 0, a question. */
const RECORD = t.struct({ key: t.float64, version: t.float64 })
const QUESTION = -1

const now = (): number => performance.timeOrigin + performance.now()
const say = (told: Told): void => tell(CHANNEL, told)
const sleep = (ms: number) => new Promise<void>((resolve) => void setTimeout(resolve, ms))

/** What the function has seen, in this thread. */
class Probe {
  firstAtMs = 0
  lastAtMs = 0
  readonly #keys: number
  #turn = 0
  #seen = 0
  #lastMs = now()
  #gapMs = 0

  constructor(keys: number) {
    this.#keys = keys
  }

  change(turn: number): void {
    const at = now()
    this.#gapMs = Math.max(this.#gapMs, at - this.#lastMs)
    this.#lastMs = at
    if (turn !== this.#turn) {
      this.#turn = turn
      this.#seen = 0
    }
    this.#seen++
    const wanted = turn === 0 ? this.#keys : changedPerTurn(this.#keys)
    if (this.#seen === wanted) say({ kind: 'passed', turn })
  }

  answer(): void {
    this.lastAtMs = now()
    if (this.firstAtMs === 0) this.firstAtMs = this.lastAtMs
  }

  takeGap(): number {
    const ms = Math.max(this.#gapMs, now() - this.#lastMs)
    this.#gapMs = 0
    return ms
  }
}

function texts(probe: Probe) {
  return keyedProcess({
    key: t.float64,
    input: RECORD,
    output: t.struct({ key: t.float64, hash: t.float64 }),
    state: { text: valueState(t.string) },
    processElement({ key, version }: { key: number; version: number }, { state }, out) {
      if (version !== QUESTION) {
        state.text.update(textOf(key, version))
        probe.change(version)
        return
      }
      out.collect({ key, hash: textHash(state.text.value() ?? '') })
      probe.answer()
    },
  })
}

function records(keys: number, probe: Probe) {
  return source({
    name: 'records',
    type: RECORD,
    position: t.float64,
    bounded: false,
    async *read(_split, from: number | undefined, { signal }) {
      if (from !== undefined) {
        yield* questions(keys, from)
        while (!signal.aborted) {
          await sleep(IDLE_MS)
          yield { values: [], position: from }
        }
        return
      }
      yield* loading(keys)
      let turn = 0
      const orders = new BroadcastChannel(ORDERS)
      orders.onmessage = (event) => {
        // Only the measuring program sends, and only these.
        if ((event as { data: Order }).data === 'next') turn++
        else say({ kind: 'gap', ms: probe.takeGap() })
      }
      const beganMs = performance.now()
      for (let sent = 0, position = keys; !signal.aborted;) {
        const due = Math.floor((performance.now() - beganMs) * RECORDS_PER_MS)
        const values = []
        for (; sent < due && values.length < BATCH_RECORDS; sent++) {
          values.push({ key: changedKey(turn, sent, keys), version: turn })
        }
        position += values.length
        if (values.length > 0) yield { values, position }
        else await sleep(1)
      }
      orders.close()
    },
  })
}

function* loading(keys: number) {
  for (let first = 0; first < keys; first += BATCH_RECORDS) {
    const last = Math.min(first + BATCH_RECORDS, keys)
    const values = []
    for (let index = first; index < last; index++) {
      values.push({ key: keyOf(index, keys), version: 0 })
    }
    yield { values, position: last }
  }
}

function* questions(keys: number, position: number) {
  const count = questionsOf(keys)
  for (let first = 0; first < count; first += BATCH_RECORDS) {
    const values = []
    for (let number = first; number < Math.min(first + BATCH_RECORDS, count); number++) {
      values.push({ key: askedKey(number, keys), version: QUESTION })
    }
    yield { values, position }
  }
}

function answers(probe: Probe) {
  return sink<{ readonly key: number; readonly hash: number }, Checksum>({
    open: () => new Checksum(),
    write(values, checksum) {
      for (const { key, hash } of values) checksum.add(key, hash)
      const { firstAtMs, lastAtMs } = probe
      const { count, sum, xor } = checksum
      const tally = { count, sum, xor }
      say({ kind: 'answers', thread: threadId, tally, firstAtMs, lastAtMs })
    },
  })
}

export default job('snapshots', { params: { keys: t.float64 } }, (env, { keys }) => {
  const probe = new Probe(keys)
  env
    .fromSource('records', records(keys, probe))
    .keyBy(({ key }) => key, t.float64)
    .process('texts', texts(probe))
    .sinkTo('answers', answers(probe))
})
