// A function over a keyed and a broadcast stream, in one subtask: who may write what, and what is
// kept over a snapshot.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keyedBroadcastProcess, mapState, t, valueState } from 'millrace'
import { broadcastHarness } from 'millrace/testing'
import { backends } from '../windows/harness.ts'

const Rule = t.struct({ name: t.string, limit: t.float64 })

/** Sums per key; tells a key when its sum is over a limit, also over one that comes later. */
const limits = keyedBroadcastProcess({
  key: t.string,
  input: t.float64,
  broadcastInput: Rule,
  broadcast: { rules: mapState(t.string, t.float64) },
  output: t.string,
  state: { sum: valueState(t.float64, { initial: 0 }), last: valueState(t.float64) },
  open: ({ uid }) => uid,
  processElement(amount, ctx, out) {
    const { sum } = ctx.state
    sum.update(sum.value() + amount)
    ctx.timers.registerEventTimeTimer(100)
    for (const [name, limit] of ctx.broadcast.rules) {
      if (sum.value() > limit) out.collect(`${ctx.currentKey} ${sum.value()} over ${name}`)
    }
  },
  processBroadcastElement(rule, ctx, out) {
    ctx.broadcast.rules.set(rule.name, rule.limit)
    ctx.applyToKeyedState('sum', (key, sum) => {
      if (sum.value() > rule.limit) out.collect(`${key} ${sum.value()} over new ${rule.name}`)
      if (rule.limit === 0) sum.update(0)
    })
  },
  onTimer(_time, ctx, out) {
    const { rules } = ctx.broadcast
    out.collect(`${ctx.resources}: ${ctx.currentKey} under ${[...rules.keys()].join()}`)
  },
})

for (const { name, isThere, create } of backends) {
  describe(`a function with broadcast state on ${name}`, { skip: !isThere }, () => {
    it('reads for one stream what the other has written', async () => {
      await using harness = await broadcastHarness(limits, { backend: create() })
      harness.processElement('a', 5)
      harness.processBroadcastElement({ name: 'low', limit: 6 })
      harness.processElement('a', 2)
      harness.processElement('b', 3)
      harness.processBroadcastElement({ name: 'high', limit: 100 })
      harness.processElement('b', 4)
      assert.deepEqual(harness.output, ['a 7 over low', 'b 7 over low'])
    })

    it('changes the state of every key that has any', async () => {
      await using harness = await broadcastHarness(limits, { backend: create(), memory: 1 })
      const keys = Array.from({ length: 1_500 }, (_, at) => `k${at}`)
      for (const key of keys) harness.processElement(key, 1)
      harness.processBroadcastElement({ name: 'all', limit: 0 })
      assert.deepEqual(
        harness.output.toSorted(),
        keys.map((key) => `${key} 1 over new all`).toSorted(),
      )
      for (const key of keys) assert.equal(harness.state(key).sum.value(), 0)
    })

    it('has both states after a snapshot, and its timers', async () => {
      await using harness = await broadcastHarness(limits, { backend: create() })
      harness.processBroadcastElement({ name: 'one', limit: 10 })
      harness.processElement('a', 7)
      const restore = await harness.snapshot()
      harness.processBroadcastElement({ name: 'two', limit: 20 })
      await using restored = await broadcastHarness(limits, { backend: create(), restore })
      restored.processElement('a', 4)
      restored.processWatermark(100)
      assert.deepEqual(restored.output, ['a 11 over one', 'function: a under one'])
    })
  })
}

describe('broadcast state', () => {
  it('is read-only for the records of the other stream, in words', async () => {
    const writer = keyedBroadcastProcess({
      key: t.string,
      input: t.string,
      broadcastInput: t.string,
      broadcast: { rules: mapState(t.string, t.string) },
      processElement(value, ctx) {
        // @ts-expect-error it cannot be written here
        ctx.broadcast.rules.set(value, value)
      },
      processBroadcastElement(value, ctx) {
        // @ts-expect-error there is no key here
        void ctx.currentKey
        // @ts-expect-error and no state of one
        assert.equal(ctx.state, undefined)
        ctx.broadcast.rules.set(value, 'x')
        // @ts-expect-error there is no such state
        ctx.applyToKeyedState('nope', () => undefined)
      },
      onTimer(_time, ctx) {
        // @ts-expect-error nor here
        ctx.broadcast.rules.clear()
      },
    })
    await using harness = await broadcastHarness(writer, { uid: 'writer' })
    assert.throws(() => harness.processElement('a', 'x'), {
      code: 'FUNCTION_FAILED',
      message:
        'writer, key "a": broadcastProcess "writer": broadcast state "rules" is read-only here',
      retryable: false,
    })
    assert.throws(() => harness.processBroadcastElement('x'), {
      code: 'STATE_UNKNOWN',
      message: 'writer: broadcastProcess "writer" declares no state "nope"',
    })
  })

  it('gives what cannot be changed from outside', async () => {
    const List = t.list(t.int32)
    const seen: unknown[] = []
    const keeper = keyedBroadcastProcess({
      key: t.string,
      input: t.int32,
      broadcastInput: List,
      broadcast: { lists: mapState(t.string, List) },
      processElement: (_value, ctx) => void seen.push(ctx.broadcast.lists.get('it')),
      processBroadcastElement(list, ctx) {
        const own = [...list]
        ctx.broadcast.lists.set('it', own)
        own.push(99)
      },
    })
    await using harness = await broadcastHarness(keeper)
    harness.processBroadcastElement([1, 2])
    harness.processElement('a', 1)
    assert.deepEqual(seen, [[1, 2]])
    assert.throws(() => (seen[0] as number[]).push(3), TypeError)
  })

  it('knows the time of its operator', async () => {
    const times: unknown[] = []
    const timed = keyedBroadcastProcess({
      key: t.string,
      broadcast: { any: mapState(t.string, t.string) },
      processElement: () => undefined,
      processBroadcastElement: (_value: unknown, ctx) =>
        void times.push(ctx.currentWatermark, ctx.currentProcessingTime, ctx.timestamp),
    })
    await using harness = await broadcastHarness(timed, { processingTime: 5 })
    harness.processBroadcastElement('x')
    harness.processWatermark(7)
    harness.setProcessingTime(9)
    harness.processBroadcastElement('x', 8)
    assert.deepEqual(times, [Number.NEGATIVE_INFINITY, 5, undefined, 7, 9, 8])
  })
})
