// A barrier that overtakes: every record is on one side of it, with the receiver or the sender.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CapturedChannel, encodeInFlight } from '../../../src/runtime/exchange/in-flight.ts'
import { dynamicType } from '../../../src/types/dynamic.ts'
import { ByteReader } from '../../../src/util/bytes.ts'
import { SeededRandom } from '../../../src/util/random.ts'
import { newSeed } from '../doubles.ts'
import { exchangeOf, single } from './exchanges.ts'

const type = dynamicType<unknown>()

/** The values among captured elements, as another process would read them. */
async function valuesOf(captured: readonly CapturedChannel[]): Promise<readonly unknown[]> {
  const { entries } = await encodeInFlight(captured, async () => undefined)
  const seen = new Set<string>()
  return entries.flatMap(({ name, value }) => {
    if (!seen.has(name)) {
      seen.add(name)
      return []
    }
    const elements = new ByteReader(value)
    const values: unknown[] = []
    while (elements.remaining > 0) {
      const input = new ByteReader(elements.block())
      const kind = input.uint8()
      if (kind > 1) continue
      if (kind === 1) input.float64LE()
      input.block()
      values.push(type.read(input))
    }
    return values
  })
}

describe('a barrier that overtakes', () => {
  it('leaves keyed records without their hashes, which are found anew', async () => {
    const keyed = { partitioning: 'hash', key: (value: unknown) => value } as const
    const { output, gate, records } = single(keyed)
    const sent = Array.from({ length: 400 }, (_, at) => (at % 3 === 0 ? `word ${at}` : at))
    for (const [at, value] of sent.entries()) {
      output.collect(value, at % 2 === 0 ? at : Number.NEGATIVE_INFINITY)
      if (at % 40 === 39) output.pump()
    }
    output.pump()
    gate.step(7)
    assert.deepEqual(records.values, sent.slice(0, 7))
    output.barrier({ checkpointId: 7, stopAfter: false })
    const left = output.overtake(7)
    const cut = gate.cut({ checkpointId: 7, stopAfter: false })
    const captured = [...(cut.recording?.captured ?? []), ...left]
    assert.deepEqual(await valuesOf(captured), sent.slice(7))
  })

  it('leaves each record with receiver or sender, also parts of large batches', async () => {
    const seed = newSeed()
    for (let round = 0; round < 60; round++) {
      const random = new SeededRandom(seed + round)
      const { output, gate, records } = single()
      const sent: string[] = []
      const send = (): void => {
        for (let left = random.int(40); left > 0; left--) {
          const size = random.int(8) === 0 ? random.int(9_000) : random.int(60)
          sent.push(`${sent.length} ${'x'.repeat(size)}`)
          output.collect(sent.at(-1), random.int(2) === 0 ? 5 : Number.NEGATIVE_INFINITY)
        }
        output.pump()
      }
      send()
      gate.step(random.int(30))
      send()
      const before = sent.length
      output.barrier({ checkpointId: 7, stopAfter: false })
      const left = output.overtake(7)
      assert.equal(output.holds(7), false)
      assert.equal(gate.seesBarrier(7), true)
      const taken = records.values.length
      const cut = gate.cut({ checkpointId: 7, stopAfter: false })
      assert.equal(cut.recording?.look(), true)
      const captured = [...(cut.recording?.captured ?? []), ...left]
      const expected = sent.slice(taken, before)
      assert.deepEqual(await valuesOf(captured), expected, `seed ${seed + round}`)
      send()
      for (let moved = true; moved;) moved = gate.step(1_000) || output.pump()
      assert.deepEqual(records.values, sent, 'what was captured is read all the same')
    }
  })

  it('is waited for on channels that have not seen it', async () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 2, receivers: 1 })
    const [receiver] = gates
    const barrier = { checkpointId: 3, stopAfter: false }
    outputs[0]?.barrier(barrier)
    outputs[1]?.collect('early', 1)
    for (const output of outputs) output.pump()
    const cut = receiver?.gate.cut(barrier)
    assert.equal(cut?.recording?.look(), false)
    outputs[1]?.collect('late', 1)
    settle()
    assert.deepEqual(receiver?.records.values, ['early', 'late'])
    assert.equal(cut?.recording?.look(), false)
    outputs[1]?.barrier(barrier)
    outputs[1]?.collect('after', 1)
    settle()
    assert.equal(cut?.recording?.look(), true)
    assert.deepEqual(await valuesOf(cut?.recording?.captured ?? []), ['early', 'late'])
    assert.deepEqual(receiver?.aligned, [], 'it counts no more')
  })

  it('is seen by an aligned reader in its place', () => {
    const { output, gate, records } = single({ ringBytes: 4096 })
    for (let at = 0; at < 400; at++) {
      output.collect(`record ${at}`, at)
      if (at % 20 === 0) output.pump()
    }
    output.pump()
    output.barrier({ checkpointId: 2, stopAfter: false })
    assert.equal(output.holds(2), true)
    assert.ok(output.overtake(2).length > 0)
    for (let moved = true; moved;) moved = gate.step(1_000) || output.pump()
    const at = records.events.indexOf('barrier 2')
    assert.ok(at > 0 && at < 400, `after ${at} records`)
    assert.equal(records.values.length, 400)
  })
})

describe('at least once', () => {
  it('reads on where the barrier has come, and cuts at the last one', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 2, receivers: 1 })
    const [receiver] = gates
    if (receiver !== undefined) receiver.host.aligns = false
    const barrier = { checkpointId: 3, stopAfter: false }
    outputs[0]?.barrier(barrier)
    outputs[0]?.collect('read on', 1)
    settle()
    assert.deepEqual(receiver?.records.events, ['record read on'])
    outputs[1]?.barrier(barrier)
    settle()
    assert.deepEqual(receiver?.records.events, ['record read on', 'barrier 3'])
  })
})
