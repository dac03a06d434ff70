// An exchange in random schedules: cuts are exact, order is kept, nothing is lost or made late,
// whatever the order of sending, reading, blocking and giving checkpoints up.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '../../../src/util/random.ts'
import { newSeed, type Recorder } from '../doubles.ts'
import { exchangeOf } from './exchanges.ts'

interface Script {
  /** What is sent, in order. */
  readonly actions: readonly (
    | { readonly kind: 'record'; readonly id: string; readonly timestamp: number }
    | { readonly kind: 'watermark'; readonly timestamp: number }
    | { readonly kind: 'barrier'; readonly checkpointId: number }
    | { readonly kind: 'end' }
  )[]
}

const CHECKPOINTS = 6
const ABORTED = new Set([2, 4, 5])

/** Records, watermarks and barriers; aborted checkpoints may lack their barrier on a channel. */
function scriptOf(channel: number, random: SeededRandom): Script {
  const actions: Script['actions'][number][] = []
  let watermark = Number.NEGATIVE_INFINITY
  let records = 0
  const some = (): void => {
    for (let left = random.int(12); left > 0; left--) {
      if (random.int(4) > 0) {
        const timestamp =
          (watermark === Number.NEGATIVE_INFINITY ? 0 : watermark) + 1 + random.int(20)
        const padding = 'x'.repeat(random.int(20) === 0 ? 3_000 : random.int(60))
        const id = `${channel}-${records++}${padding}`
        actions.push({ kind: 'record', id, timestamp })
      } else {
        watermark = (watermark === Number.NEGATIVE_INFINITY ? 0 : watermark) + random.int(15)
        actions.push({ kind: 'watermark', timestamp: watermark })
      }
    }
  }
  const endsBefore = random.int(CHECKPOINTS * 2)
  let ended = false
  for (let checkpointId = 1; checkpointId <= CHECKPOINTS; checkpointId++) {
    if (!ended) some()
    if (!ended && checkpointId === endsBefore) {
      ended = true
      actions.push({ kind: 'end' })
    }
    if (ABORTED.has(checkpointId) && random.int(2) === 0) continue
    actions.push({ kind: 'barrier', checkpointId })
  }
  if (!ended) {
    some()
    actions.push({ kind: 'end' })
  }
  return { actions }
}

const isRecord = (event: string): boolean => event.startsWith('record')

function checkCuts(events: readonly string[], scripts: readonly Script[], what: string): void {
  for (const [at, event] of events.entries()) {
    if (!event.startsWith('barrier')) continue
    const checkpointId = Number(event.slice('barrier '.length))
    const before = new Set(events.slice(0, at).filter(isRecord))
    for (const { actions } of scripts) {
      const barrier = actions.findIndex(
        (action) => action.kind === 'barrier' && action.checkpointId === checkpointId,
      )
      assert.ok(barrier >= 0, `${what}: aligned without a barrier on each channel`)
      for (const [index, action] of actions.entries()) {
        if (action.kind !== 'record') continue
        const isBefore = before.has(`record ${action.id}`)
        assert.equal(isBefore, index < barrier, `${what}: ${action.id} and barrier ${checkpointId}`)
      }
    }
  }
}

/** Checks order and completeness per channel, watermarks, and which checkpoints were cut. */
function checkResult(records: Recorder, scripts: readonly Script[], what: string): void {
  assert.equal(records.ended, 1, what)
  for (const [channel, { actions }] of scripts.entries()) {
    const sent = actions.filter((action) => action.kind === 'record').map(({ id }) => id)
    const received = records.values.filter((id) => String(id).startsWith(`${channel}-`))
    assert.deepEqual(received, sent, `${what}: channel ${channel}`)
  }
  const cuts = records.events.filter((event) => event.startsWith('barrier'))
  for (let id = 1; id <= CHECKPOINTS; id++) {
    const count = cuts.filter((event) => event === `barrier ${id}`).length
    if (ABORTED.has(id)) assert.ok(count <= 1, what)
    else assert.equal(count, 1, `${what}: checkpoint ${id}`)
  }
  let watermark = Number.NEGATIVE_INFINITY
  let record = 0
  for (const event of records.events) {
    if (isRecord(event)) {
      assert.ok((records.timestamps[record++] ?? 0) > watermark, `${what}: made late`)
    } else if (event.startsWith('watermark')) {
      const now = Number(event.slice('watermark '.length))
      assert.ok(now > watermark, what)
      watermark = now
    }
  }
  assert.equal(watermark, Number.POSITIVE_INFINITY, what)
}

/** Senders that follow their scripts, and the part of a coordinator that they obey. */
class Schedule {
  readonly exchange: ReturnType<typeof exchangeOf>
  readonly scripts: readonly Script[]
  readonly #random: SeededRandom
  readonly #next: number[]
  /** Given up by the coordinator; the gate hears of it later, in order. */
  readonly #aborted = new Set<number>()
  readonly #inbox: number[] = []

  constructor(channels: number, random: SeededRandom) {
    this.#random = random
    this.exchange = exchangeOf({ senders: channels, receivers: 1 })
    this.scripts = Array.from({ length: channels }, (_, channel) => scriptOf(channel, random))
    this.#next = this.scripts.map(() => 0)
  }

  get receiver() {
    const [receiver] = this.exchange.gates
    assert.ok(receiver !== undefined)
    return receiver
  }

  run(): void {
    const random = this.#random
    const { gate, host } = this.receiver
    const channels = this.scripts.length
    host.beforeRecord = () => void (host.blocked = random.int(20) === 0)
    while (!this.scripts.every(({ actions }, at) => this.#next[at] === actions.length)) {
      const dice = random.int(10)
      if (dice < 5) this.#send(random.int(channels))
      else if (dice < 7) this.exchange.outputs[random.int(channels)]?.pump()
      else gate.step(1 + random.int(5))
      this.#abortSome()
    }
    for (const id of this.#inbox) gate.abort(id)
    host.beforeRecord = () => void (host.blocked = false)
    this.exchange.settle()
    assert.equal(gate.hasEnded, true)
  }

  /** The coordinator begins a checkpoint when it knows the fate of those before. */
  #mayBegin(checkpointId: number): boolean {
    const { events } = this.receiver.records
    return [...Array(checkpointId - 1).keys()].every(
      (before) => this.#aborted.has(before + 1) || events.includes(`barrier ${before + 1}`),
    )
  }

  #send(channel: number): void {
    const output = this.exchange.outputs[channel]
    const at = this.#next[channel] ?? 0
    const action = this.scripts[channel]?.actions[at]
    if (output === undefined || action === undefined || output.isFull) return
    if (action.kind === 'barrier' && !this.#mayBegin(action.checkpointId)) return
    this.#next[channel] = at + 1
    if (action.kind === 'record') output.collect(action.id, action.timestamp)
    else if (action.kind === 'watermark') output.watermark(action.timestamp)
    else if (action.kind === 'end') output.endInput()
    else output.barrier({ checkpointId: action.checkpointId, stopAfter: false })
  }

  #abortSome(): void {
    const id = [...ABORTED].find((each) => !this.#aborted.has(each))
    if (id !== undefined && this.#mayBegin(id) && this.#random.int(15) === 0) {
      this.#aborted.add(id)
      this.#inbox.push(id)
    }
    const heard = this.#random.int(15) === 0 ? this.#inbox.shift() : undefined
    if (heard !== undefined) this.receiver.gate.abort(heard)
  }
}

describe('an input gate, in any schedule', () => {
  for (let channels = 1; channels <= 4; channels++) {
    it(`cuts exactly, keeps order and loses nothing over ${channels} channels`, () => {
      for (let run = 0; run < 150; run++) {
        const seed = newSeed() + run
        const schedule = new Schedule(channels, new SeededRandom(seed, channels))
        schedule.run()
        const { records } = schedule.receiver
        checkCuts(records.events, schedule.scripts, `seed ${seed}`)
        checkResult(records, schedule.scripts, `seed ${seed}`)
      }
    })
  }
})
