// Both ends of an exchange over real rings: which subtask gets a record, records larger than a
// frame, back-pressure, watermarks, barriers and the end of input, in random schedules.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Edge } from '../../../src/graph/job-graph.ts'
import { NO_TIMESTAMP } from '../../../src/operators/operator.ts'
import type { Aligned } from '../../../src/runtime/exchange/aligner.ts'
import { ExchangeOutput } from '../../../src/runtime/exchange/exchange-output.ts'
import { InputGate } from '../../../src/runtime/exchange/input-gate.ts'
import { createRing, RingReader, RingWriter } from '../../../src/runtime/exchange/ring.ts'
import { keyGroupOf, keyGroupRangeOf } from '../../../src/state/key-groups.ts'
import { MemoryScratch } from '../../../src/storage/scratch-memory.ts'
import { dynamicType } from '../../../src/types/dynamic.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { newSeed, Recorder, silentBell } from '../doubles.ts'

const type = dynamicType<unknown>()
const MAX_PARALLELISM = 128

interface ExchangeSetup {
  readonly senders: number
  readonly receivers: number
  readonly partitioning?: Edge['partitioning']
  readonly key?: (value: unknown) => unknown
  readonly ringBytes?: number
  readonly memoryBytesMax?: number
}

/** All senders and receivers of one edge, joined by rings. */
function exchangeOf(setup: ExchangeSetup) {
  const { senders, receivers, partitioning = 'rebalance', key } = setup
  const { ringBytes = 4096, memoryBytesMax = 1024 } = setup
  const edge: Edge = {
    from: 0,
    tag: undefined,
    partitioning,
    key: key === undefined ? undefined : { select: key, type },
    type,
  }
  const rings = Array.from({ length: senders }, () =>
    Array.from({ length: receivers }, () => createRing(ringBytes)),
  )
  const scratches = rings.map(() => new MemoryScratch())
  const outputs = rings.map(
    (lanes, subtaskIndex) =>
      new ExchangeOutput({
        edge,
        maxParallelism: MAX_PARALLELISM,
        subtaskIndex,
        channels: lanes.map((ring) => new RingWriter(ring, silentBell)),
        scratch: scratches[subtaskIndex] as MemoryScratch,
        name: `edge-${subtaskIndex}`,
        label: 'totals',
        memoryBytesMax,
      }),
  )
  const gates = Array.from({ length: receivers }, (_, receiver) => {
    const records = new Recorder()
    const aligned: Aligned[] = []
    const host = { blocked: false, beforeRecord: () => undefined as void, nowMs: 0 }
    const gate = new InputGate(
      rings
        .filter((_, sender) => partitioning !== 'forward' || sender === receiver)
        .map((lanes) => ({
          reader: new RingReader(lanes[receiver] as SharedArrayBuffer, silentBell),
          type,
          output: records,
        })),
      {
        isBlocked: () => {
          host.beforeRecord()
          return host.blocked
        },
        aligned: (each) => {
          aligned.push(each)
          records.events.push(`barrier ${each.barrier.checkpointId}`)
        },
        monotonic: () => host.nowMs,
      },
    )
    return { gate, records, aligned, host }
  })
  /** Until nothing moves any more. */
  const settle = (): void => {
    for (let moved = true; moved;) {
      moved = false
      for (const output of outputs) if (output.pump()) moved = true
      for (const { gate } of gates) if (gate.step(1_000)) moved = true
    }
  }
  return { outputs, gates, scratches, settle }
}

function single(setup: Partial<ExchangeSetup> = {}) {
  const exchange = exchangeOf({ senders: 1, receivers: 1, ...setup })
  const [output] = exchange.outputs
  const [receiver] = exchange.gates
  const [scratch] = exchange.scratches
  assert.ok(output !== undefined && receiver !== undefined && scratch !== undefined)
  return { ...exchange, output, ...receiver, scratch }
}

describe('an exchange', () => {
  it('sends each key to the subtask that owns its key group', () => {
    for (const receivers of [1, 2, 3, 5, 128]) {
      const { outputs, gates, settle } = exchangeOf({
        senders: 2,
        receivers,
        partitioning: 'hash',
        key: (value) => (value as { key: unknown }).key,
      })
      const keys = [...Array(500).keys(), 'a', 'b', 'ü', 5n, true, [1, 'x'], -0, 1.5]
      for (const [at, key] of keys.entries()) outputs[at % 2]?.collect({ key }, at)
      settle()
      const received = gates.map(({ records }) => records.values as { key: unknown }[])
      assert.equal(received.flat().length, keys.length)
      for (const [subtaskIndex, values] of received.entries()) {
        const { start, end } = keyGroupRangeOf(subtaskIndex, MAX_PARALLELISM, receivers)
        for (const { key } of values) {
          const group = keyGroupOf(routeHash(key), MAX_PARALLELISM)
          assert.ok(group >= start && group <= end, `key ${String(key)} at ${subtaskIndex}`)
        }
      }
    }
  })

  it('spreads records evenly when it rebalances', () => {
    const spread = exchangeOf({ senders: 1, receivers: 3, partitioning: 'rebalance' })
    for (let at = 0; at < 9; at++) spread.outputs[0]?.collect(at, NO_TIMESTAMP)
    spread.settle()
    assert.deepEqual(
      spread.gates.map(({ records }) => records.values.length),
      [3, 3, 3],
    )
  })

  it('forwards everything to the same subtask, and nothing to the others, who do not read', () => {
    const { outputs, gates, settle } = exchangeOf({
      senders: 3,
      receivers: 3,
      partitioning: 'forward',
      memoryBytesMax: 0,
    })
    const barriers = 2_000 // more than a ring holds
    for (let at = 1; at <= barriers; at++) {
      for (const [sender, output] of outputs.entries()) {
        output.collect(`${sender}-${at}`, at)
        output.watermark(at)
        output.barrier({ checkpointId: at, stopAfter: false })
        assert.equal(output.isFull, false, `${at} barriers`)
      }
      settle()
    }
    for (const output of outputs) output.endInput()
    settle()
    for (const [subtaskIndex, { records, gate }] of gates.entries()) {
      assert.equal(records.values.length, barriers)
      assert.ok(records.values.every((value) => String(value).startsWith(`${subtaskIndex}-`)))
      assert.equal(gate.hasEnded, true)
    }
  })

  it('keeps values, timestamps and the lack of one', () => {
    const { output, records, settle } = single()
    const values = [1, 'text', { a: [1, 2, { b: null }] }, new Date(5), undefined, 7n]
    for (const [at, value] of values.entries()) output.collect(value, at - 2.5)
    output.collect('without', NO_TIMESTAMP)
    settle()
    assert.deepEqual(records.values, [...values, 'without'])
    assert.deepEqual(records.timestamps, [...values.map((_, at) => at - 2.5), NO_TIMESTAMP])
  })

  it('does not hand on memory that the sender will write over', () => {
    const { output, records, settle } = single()
    output.collect(new Uint8Array([1, 2, 3]), 1)
    settle()
    const [first] = records.values
    for (let at = 0; at < 300; at++) output.collect(new Uint8Array(30).fill(9), 1)
    settle()
    assert.deepEqual([...(first as Uint8Array)], [1, 2, 3])
  })

  it('takes records larger than a frame, and than the ring, in parts', () => {
    const { output, records, settle, host } = single()
    const texts = [10, 900, 1_016, 4_000, 5_000, 70_000, 3].map((length, at) =>
      String.fromCharCode(97 + at).repeat(length),
    )
    for (const text of texts) output.collect(text, 1)
    output.watermark(5)
    host.blocked = false
    settle()
    assert.deepEqual(records.values, texts)
    assert.deepEqual(records.watermarks, [5])
    assert.equal(records.events.at(-1), 'watermark 5')
  })

  it('is full while frames wait for room, and not once they are gone', () => {
    const { output, records, gate, host } = single()
    host.blocked = true
    let sent = 0
    while (!output.isFull) output.collect({ sent: sent++, text: 'x'.repeat(200) }, sent)
    assert.ok(sent < 200, `${sent} records before it was full`)
    output.pump()
    assert.equal(output.pump(), false, 'nothing moves without a reader')
    assert.equal(output.isFull, true)
    host.blocked = false
    while (gate.step(10)) output.pump()
    assert.equal(output.isFull, false)
    assert.equal(records.values.length, sent)
    assert.deepEqual(
      records.values.map((value) => (value as { sent: number }).sent),
      [...Array(sent).keys()],
    )
  })

  it('spills what one record fans out to while nobody reads, and delivers it in order', () => {
    const { output, records, scratch, settle, host } = single({ memoryBytesMax: 4_096 })
    host.blocked = true
    for (let at = 0; at < 50_000; at++) output.collect(at, 1)
    output.barrier({ checkpointId: 1, stopAfter: false })
    output.endInput()
    assert.ok(output.spilledBytes > 100_000, `spilled ${output.spilledBytes}`)
    assert.equal(scratch.lengthBytes, output.spilledBytes)
    host.blocked = false
    settle()
    assert.equal(scratch.lengthBytes, 0)
    assert.deepEqual(records.values, [...Array(50_000).keys()])
    assert.deepEqual(records.events.slice(-3), ['barrier 1', 'watermark Infinity', 'end'])
  })

  it('deletes what it spilled when it is closed', () => {
    const { output, scratch } = single({ memoryBytesMax: 0 })
    for (let at = 0; at < 50_000; at++) output.collect(at, 1)
    assert.ok(scratch.lengthBytes > 0)
    output.close()
    output.close()
    assert.equal(scratch.lengthBytes, 0)
  })

  it('says for whom a key selector failed', () => {
    const { output } = single({ partitioning: 'hash', key: (value) => (value as []).length })
    assert.throws(() => output.collect(null, 1), {
      code: 'FUNCTION_FAILED',
      message: /^totals: Cannot read/,
    })
  })
})

describe('an input gate', () => {
  it('gives the least watermark of all channels, and never an older one', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 3, receivers: 1 })
    const [receiver] = gates
    const say = (sender: number, watermark: number) => {
      outputs[sender]?.watermark(watermark)
      settle()
      return receiver?.records.watermarks.at(-1)
    }
    assert.equal(say(0, 10), undefined)
    assert.equal(say(1, 20), undefined)
    assert.equal(say(2, 5), 5)
    assert.equal(say(2, 30), 10)
    assert.equal(say(0, 7), 10)
    assert.equal(say(0, 25), 20)
    outputs[1]?.endInput()
    settle()
    assert.equal(receiver?.records.watermarks.at(-1), 25, 'an ended channel holds nothing back')
    assert.deepEqual(receiver?.records.watermarks, [5, 10, 20, 25])
  })

  it('ends once, after the last channel, with the last watermark before it', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 2, receivers: 1 })
    const [receiver] = gates
    outputs[0]?.endInput()
    settle()
    assert.equal(receiver?.gate.hasEnded, false)
    outputs[1]?.collect('last', 1)
    outputs[1]?.endInput()
    settle()
    assert.equal(receiver?.gate.hasEnded, true)
    assert.deepEqual(receiver?.records.events, ['record last', 'watermark Infinity', 'end'])
  })

  it('aligns barriers also of channels that have ended', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 2, receivers: 1 })
    const [receiver] = gates
    outputs[0]?.endInput()
    outputs[0]?.barrier({ checkpointId: 4, stopAfter: false })
    outputs[1]?.collect('before', 1)
    outputs[1]?.barrier({ checkpointId: 4, stopAfter: false })
    outputs[1]?.endInput()
    for (const output of outputs) output.barrier({ checkpointId: 5, stopAfter: true })
    settle()
    assert.deepEqual(receiver?.records.events, [
      'record before',
      'barrier 4',
      'watermark Infinity',
      'end',
      'barrier 5',
    ])
    assert.equal(receiver?.aligned.at(-1)?.barrier.stopAfter, true)
  })

  it('stops after any record of a frame and goes on there', () => {
    const { output, gate, records, host } = single()
    for (let at = 0; at < 20; at++) output.collect(at, at)
    output.pump()
    assert.equal(gate.step(3), true)
    assert.deepEqual(records.values, [0, 1, 2])
    host.beforeRecord = () => void (host.blocked = records.values.length === 7)
    assert.equal(gate.step(100), true)
    assert.deepEqual(records.values, [0, 1, 2, 3, 4, 5, 6])
    assert.equal(gate.step(100), false, 'nothing is done while it is blocked')
    host.beforeRecord = () => undefined
    host.blocked = false
    assert.equal(gate.step(100), true)
    assert.deepEqual(records.values, [...Array(20).keys()])
    assert.equal(gate.recordsIn, 20)
    assert.equal(gate.step(100), false)
  })

  it('measures how long it waited for the last barrier', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 2, receivers: 1 })
    const [receiver] = gates
    outputs[0]?.barrier({ checkpointId: 1, stopAfter: false })
    settle()
    if (receiver !== undefined) receiver.host.nowMs = 30
    outputs[1]?.barrier({ checkpointId: 1, stopAfter: false })
    settle()
    assert.equal(receiver?.aligned[0]?.alignmentMs, 30)
  })

  it('reads on when the checkpoint is aborted, and lets its stragglers pass', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 2, receivers: 1 })
    const [receiver] = gates
    outputs[0]?.barrier({ checkpointId: 1, stopAfter: false })
    outputs[0]?.collect('held', 1)
    settle()
    assert.deepEqual(receiver?.records.values, [])
    receiver?.gate.abort(1)
    settle()
    assert.deepEqual(receiver?.records.values, ['held'])
    outputs[1]?.barrier({ checkpointId: 1, stopAfter: false })
    outputs[1]?.collect('behind a straggler', 1)
    settle()
    assert.deepEqual(receiver?.records.values, ['held', 'behind a straggler'])
    for (const output of outputs) output.barrier({ checkpointId: 2, stopAfter: false })
    settle()
    assert.deepEqual(
      receiver?.aligned.map(({ barrier }) => barrier.checkpointId),
      [2],
    )
  })

  it('takes a newer barrier as the end of an older one that is still awaited', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 3, receivers: 1 })
    const [receiver] = gates
    outputs[0]?.barrier({ checkpointId: 1, stopAfter: false })
    outputs[0]?.collect('a', 1)
    settle()
    outputs[1]?.barrier({ checkpointId: 2, stopAfter: false })
    settle()
    assert.deepEqual(receiver?.records.values, ['a'])
    outputs[2]?.barrier({ checkpointId: 1, stopAfter: false })
    outputs[2]?.collect('c', 1)
    outputs[2]?.barrier({ checkpointId: 2, stopAfter: false })
    outputs[0]?.barrier({ checkpointId: 2, stopAfter: false })
    settle()
    assert.deepEqual(receiver?.records.events, ['record a', 'record c', 'barrier 2'])
  })
})

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
        const id = `${channel}-${records++}${'x'.repeat(random.int(20) === 0 ? 3_000 : random.int(60))}`
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

describe('an input gate, in any schedule', () => {
  for (let channels = 1; channels <= 4; channels++) {
    it(`cuts exactly, keeps order and loses nothing over ${channels} channels`, () => {
      for (let run = 0; run < 150; run++) {
        const seed = newSeed() + run
        const what = `seed ${seed}`
        const random = new SeededRandom(seed, channels)
        const { outputs, gates, settle } = exchangeOf({ senders: channels, receivers: 1 })
        const [receiver] = gates
        assert.ok(receiver !== undefined)
        const { gate, records, host } = receiver
        const scripts = outputs.map((_, channel) => scriptOf(channel, random))
        const next = scripts.map(() => 0)
        /** Given up by the coordinator; the gate hears of it later, in order. */
        const aborted = new Set<number>()
        const inbox: number[] = []
        const isSettled = (id: number): boolean =>
          aborted.has(id) || records.events.includes(`barrier ${id}`)
        /** The coordinator begins a checkpoint when it knows the fate of the one before. */
        const mayBegin = (id: number): boolean =>
          [...Array(id - 1).keys()].every((before) => isSettled(before + 1))
        host.beforeRecord = () => void (host.blocked = random.int(20) === 0)
        const send = (channel: number): void => {
          const output = outputs[channel]
          const action = scripts[channel]?.actions[next[channel] ?? 0]
          if (output === undefined || action === undefined || output.isFull) return
          if (action.kind === 'barrier' && !mayBegin(action.checkpointId)) return
          next[channel] = (next[channel] ?? 0) + 1
          if (action.kind === 'record') output.collect(action.id, action.timestamp)
          else if (action.kind === 'watermark') output.watermark(action.timestamp)
          else if (action.kind === 'end') output.endInput()
          else output.barrier({ checkpointId: action.checkpointId, stopAfter: false })
        }
        const isSent = () => scripts.every(({ actions }, at) => next[at] === actions.length)
        while (!isSent()) {
          const dice = random.int(10)
          if (dice < 5) send(random.int(channels))
          else if (dice < 7) outputs[random.int(channels)]?.pump()
          else gate.step(1 + random.int(5))
          const id = [...ABORTED].find((each) => !aborted.has(each))
          if (id !== undefined && mayBegin(id) && random.int(15) === 0) {
            aborted.add(id)
            inbox.push(id)
          }
          const heard = random.int(15) === 0 ? inbox.shift() : undefined
          if (heard !== undefined) gate.abort(heard)
        }
        for (const id of inbox) gate.abort(id)
        host.beforeRecord = () => void (host.blocked = false)
        settle()
        assert.equal(gate.hasEnded, true, what)
        assert.equal(records.ended, 1, what)
        for (const [channel, { actions }] of scripts.entries()) {
          const sent = actions.filter((action) => action.kind === 'record').map(({ id }) => id)
          const received = records.values.filter((id) => String(id).startsWith(`${channel}-`))
          assert.deepEqual(received, sent, `${what}: channel ${channel}`)
        }
        checkCuts(records.events, scripts, what)
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
    })
  }
})
