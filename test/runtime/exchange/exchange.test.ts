// The sending side of an exchange, seen from the other one: which subtask gets a record, records
// larger than a frame, and what happens while nobody reads.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { NO_TIMESTAMP } from '../../../src/operators/operator.ts'
import { keyGroupOf, keyGroupRangeOf } from '../../../src/state/key-groups.ts'
import { routeHash } from '../../../src/types/keys.ts'
import { exchangeOf, MAX_PARALLELISM, single } from './exchanges.ts'

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

  it('tells whoever finds the same keys their hashes, and no other', () => {
    const values = [0, 1.5, -7, 'a', 'ü', [1, 'x'], 5n]
    for (const takesHashes of [true, false]) {
      const { output, records, settle } = single({
        partitioning: 'hash',
        key: (value) => value,
        takesHashes,
      })
      for (const [at, value] of values.entries()) {
        output.collect(value, at % 2 === 0 ? at : NO_TIMESTAMP)
      }
      settle()
      assert.deepEqual(records.values, values)
      assert.deepEqual(
        records.timestamps,
        values.map((_, at) => (at % 2 === 0 ? at : NO_TIMESTAMP)),
      )
      assert.deepEqual(records.hashes, takesHashes ? values.map(routeHash) : [])
    }
  })

  it('takes many values at once until there is no room, and goes on where it stopped', () => {
    for (const partitioning of ['hash', 'rebalance', 'broadcast'] as const) {
      const { outputs, gates, settle } = exchangeOf({
        senders: 1,
        receivers: 2,
        partitioning,
        key: (value) => value,
      })
      const [output] = outputs
      assert.ok(output !== undefined)
      const values = Array.from({ length: 30_000 }, (_, at) => at)
      const stops: number[] = []
      for (let at = 10; at < 20_000; stops.push(at)) {
        const timestampOf = at % 2 === 0 ? (value: unknown) => Number(value) + 0.5 : undefined
        at = output.collectSome(values, at, 20_000, timestampOf)
        settle()
      }
      assert.ok(stops.length > 3, `it stopped ${stops.length} times`)
      assert.equal(output.recordsOut, 19_990)
      for (const { records } of gates) {
        for (const [at, value] of records.values.entries()) {
          const timestamp = records.timestamps[at]
          assert.ok(timestamp === NO_TIMESTAMP || timestamp === Number(value) + 0.5)
        }
        assert.deepEqual(
          records.values,
          records.values.toSorted((a, b) => Number(a) - Number(b)),
        )
      }
      const sent = partitioning === 'broadcast' ? 2 * 19_990 : 19_990
      assert.equal(gates.flatMap(({ records }) => records.values).length, sent)
      assert.equal(new Set(gates.flatMap(({ records }) => records.values)).size, 19_990)
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

  it('gives a broadcast record to every subtask, in the order of its sender', () => {
    const { outputs, gates, settle } = exchangeOf({
      senders: 2,
      receivers: 3,
      partitioning: 'broadcast',
      memoryBytesMax: 0,
    })
    const sent = Array.from({ length: 3_000 }, (_, at) => at)
    for (const at of sent) outputs[0]?.collect(at, NO_TIMESTAMP)
    outputs[1]?.collect('b', 7)
    settle()
    for (const { records } of gates) {
      assert.deepEqual(
        records.values.filter((value) => value !== 'b'),
        sent,
      )
      assert.equal(records.timestamps[records.values.indexOf('b')], 7)
    }
    assert.deepEqual(
      outputs.map((output) => output.recordsOut),
      [3_000, 1],
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
