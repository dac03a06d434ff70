// The receiving side of an exchange: watermarks, barriers, aborted checkpoints, the end of input.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { exchangeOf, single } from './exchanges.ts'

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

  it('does not wait for the watermark of an idle channel until it is heard of again', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 3, receivers: 1 })
    const [receiver] = gates
    const watermark = () => {
      settle()
      return receiver?.records.watermarks.at(-1)
    }
    outputs[0]?.watermark(10)
    outputs[1]?.idle(true)
    outputs[2]?.idle(true)
    assert.equal(watermark(), 10)
    assert.equal(receiver?.gate.isIdle, false)
    outputs[0]?.watermark(20)
    assert.equal(watermark(), 20)
    outputs[1]?.idle(false)
    outputs[1]?.watermark(15)
    outputs[0]?.watermark(30)
    assert.equal(watermark(), 20, 'never back')
    outputs[1]?.watermark(25)
    assert.equal(watermark(), 25)
    outputs[0]?.endInput()
    outputs[1]?.endInput()
    assert.equal(watermark(), 25, 'one is left, and it is idle: time stands')
    assert.equal(receiver?.gate.isIdle, true)
    outputs[2]?.idle(false)
    outputs[2]?.watermark(40)
    assert.equal(watermark(), 40)
    outputs[2]?.idle(true)
    outputs[2]?.endInput()
    assert.equal(watermark(), Number.POSITIVE_INFINITY)
    assert.equal(receiver?.gate.isIdle, false)
  })

  it('asks before each record whether it may be handed on, unless it is only gathered', () => {
    for (const room of [undefined, 0, 1, 3]) {
      const { output, gate, records, host } = single()
      for (let value = 0; value < 10; value++) output.collect(value, 0)
      output.pump()
      Object.assign(records, { room })
      let asked = 0
      host.beforeRecord = () => void (host.blocked = ++asked > 3)
      gate.step(100)
      // Before the frame is read, after that, and before the first record: more is too much.
      const taken = Math.max(1, room ?? 0)
      assert.deepEqual(
        records.values,
        Array.from({ length: taken }, (_, at) => at),
      )
      host.beforeRecord = () => undefined
      host.blocked = false
      Object.assign(records, { room: 100 })
      gate.step(4)
      assert.equal(records.values.length, taken + 4, 'never more than it was told to')
      gate.step(100)
      assert.deepEqual(
        records.values,
        Array.from({ length: 10 }, (_, at) => at),
      )
    }
  })

  it('lets its task tell of the end of idleness before any record', () => {
    const { output, gate, records } = single()
    output.idle(true)
    output.idle(false)
    output.collect('first', 1)
    output.pump()
    gate.step(10)
    assert.equal(gate.isIdle, true)
    gate.step(10)
    assert.deepEqual([gate.isIdle, records.values], [false, []])
    gate.step(10)
    assert.deepEqual(records.values, ['first'])
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

  it('goes on awaiting a checkpoint when one that was begun after it is aborted', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 2, receivers: 1 })
    const [receiver] = gates
    outputs[0]?.barrier({ checkpointId: 1, stopAfter: false })
    outputs[0]?.collect('behind the barrier', 1)
    settle()
    receiver?.gate.abort(2)
    outputs[1]?.collect('before the barrier', 1)
    settle()
    assert.deepEqual(receiver?.records.values, ['before the barrier'])
    assert.deepEqual(receiver?.gate.awaited.length, 1)
    outputs[1]?.barrier({ checkpointId: 1, stopAfter: false })
    outputs[1]?.barrier({ checkpointId: 2, stopAfter: false, after: 1 })
    settle()
    const cut = () => receiver?.aligned.map(({ barrier }) => barrier.checkpointId)
    assert.deepEqual(cut(), [1])
    assert.deepEqual(receiver?.records.values, ['before the barrier', 'behind the barrier'])
    for (const output of outputs) output.barrier({ checkpointId: 3, stopAfter: false })
    settle()
    assert.deepEqual(cut(), [1, 3], 'a straggler of the aborted one holds nothing up')
  })

  it('saves what is before a barrier though one that was begun after it is aborted', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 2, receivers: 1 })
    const [receiver] = gates
    outputs[0]?.collect('before the barrier', 1)
    for (const output of outputs) output.pump()
    for (const output of outputs) output.barrier({ checkpointId: 1, stopAfter: false })
    receiver?.gate.abort(2)
    const aligned = receiver?.gate.cut({ checkpointId: 1, stopAfter: false })
    assert.equal(aligned?.recording?.look(), true)
    assert.equal(aligned?.recording?.captured.flatMap(({ frames }) => frames).length, 1)
    settle()
    assert.deepEqual(receiver?.records.values, ['before the barrier'])
  })

  it('cuts for one after the other at least once, too, though one channel is far ahead', () => {
    const { outputs, gates, settle } = exchangeOf({ senders: 3, receivers: 1 })
    const [receiver] = gates
    assert.ok(receiver !== undefined)
    receiver.host.aligns = false
    const both = (sender: number) => {
      outputs[sender]?.barrier({ checkpointId: 1, stopAfter: false })
      outputs[sender]?.collect(`${sender} between`, 1)
      outputs[sender]?.barrier({ checkpointId: 2, stopAfter: false, after: 1 })
      outputs[sender]?.collect(`${sender} behind`, 1)
      settle()
    }
    const cuts = () => receiver.aligned.map(({ barrier }) => barrier.checkpointId)
    both(0)
    both(1)
    assert.deepEqual(cuts(), [])
    assert.deepEqual(receiver.records.values, ['0 between', '1 between'])
    both(2)
    assert.deepEqual(cuts(), [1, 2])
    const behind = receiver.records.values.filter((value) => String(value).includes('behind'))
    assert.equal(behind.length, 3)
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
