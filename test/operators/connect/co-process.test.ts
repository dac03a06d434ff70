// Functions over two keyed streams: both entrances see the state of the key, time is the lesser of
// both inputs, timers belong to the key whichever entrance set them.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keyedCoProcess, outputTag, t, valueState } from 'millrace'
import { twoInputHarness } from 'millrace/testing'
import { twoInputNode } from '../../../src/testing/harness-node.ts'
import { twoInputHarnessOf } from '../../../src/testing/two-input-harness.ts'
import { backends } from '../windows/harness.ts'

const unmatched = outputTag('unmatched', t.string)

/** Joins an order with its payment; what has no partner after ten is unmatched. */
const match = keyedCoProcess({
  key: t.string,
  input1: t.int32,
  input2: t.string,
  output: t.string,
  state: { order: valueState(t.int32), payment: valueState(t.string) },
  sideOutputs: [unmatched],
  open: ({ uid }) => ({ uid }),
  processElement1(order, { state, currentKey, timers, timestamp = 0 }, out) {
    const payment = state.payment.value()
    if (payment === undefined) {
      state.order.update(order)
      timers.registerEventTimeTimer(timestamp + 10, 'order')
    } else out.collect(`${currentKey} ${order} ${payment}`)
  },
  processElement2(payment, { state, currentKey, timers, timestamp = 0, resources }, out) {
    if (payment === 'throw') throw new RangeError(`thrown in ${resources.uid}`)
    const order = state.order.value()
    if (order === undefined) {
      state.payment.update(payment)
      timers.registerEventTimeTimer(timestamp + 10, 'payment')
    } else out.collect(`${currentKey} ${order} ${payment}`)
  },
  onTimer(_time, ctx) {
    ctx.output(unmatched, `${ctx.currentKey} ${ctx.timerName}`)
    ctx.state.order.clear()
    ctx.state.payment.clear()
  },
})

for (const { name, isThere, create } of backends) {
  describe(`a co-process function on ${name}`, { skip: !isThere }, () => {
    it('joins records of one key, whichever comes first', async () => {
      await using harness = await twoInputHarness(match, { backend: create() })
      harness.processElement1('a', 1, 0)
      harness.processElement2('b', 'x', 1)
      harness.processElement2('a', 'y', 2)
      harness.processElement1('b', 2, 3)
      assert.deepEqual(harness.output, ['a 1 y', 'b 2 x'])
      assert.deepEqual(harness.outputTimestamps, [2, 3])
      assert.equal(harness.state('b').payment.value(), 'x')
    })

    it('goes on after a snapshot, on either backend', async () => {
      await using harness = await twoInputHarness(match, { backend: create() })
      harness.processElement1('a', 1, 0)
      harness.processWatermark1(20)
      const restore = await harness.snapshot()
      for (const other of backends) {
        if (!other.isThere) continue
        await using restored = await twoInputHarness(match, { backend: other.create(), restore })
        restored.processElement2('a', 'y', 5)
        assert.deepEqual(restored.output, ['a 1 y'])
        restored.processWatermark(10)
        assert.deepEqual(restored.sideOutput(unmatched), ['a order'])
      }
    })
  })
}

describe('a co-process function in place', () => {
  it('runs in a harness, too', async () => {
    const node = twoInputNode<string, number, number, number>('diff', t.string, (first, second) =>
      first.connect(second).process('diff', {
        state: { last: valueState(t.int32, { initial: 0 }) },
        processElement1: (value, { state }) => state.last.update(value),
        processElement2: (value, { state }, out) => out.collect(value - state.last.value()),
      }),
    )
    const harness = await twoInputHarnessOf<string, number, number, number, {}>(node, {
      uid: 'diff',
    })
    harness.processElement1('a', 3)
    harness.processElement2('a', 10)
    harness.processElement2('b', 10)
    assert.deepEqual(harness.output, [7, 10])
    await harness[Symbol.asyncDispose]()
  })
})

describe('the time of a co-process function', () => {
  it('is the lesser of both inputs', async () => {
    await using harness = await twoInputHarness(match)
    harness.processElement1('a', 1, 0)
    harness.processElement2('b', 'x', 0)
    harness.processWatermark1(50)
    assert.deepEqual(harness.sideOutput(unmatched), [])
    harness.processWatermark2(9)
    assert.deepEqual(harness.sideOutput(unmatched), [])
    harness.processWatermark2(10)
    assert.deepEqual(harness.sideOutput(unmatched).toSorted(), ['a order', 'b payment'])
    harness.processWatermark2(8) // nothing goes back
    assert.deepEqual(harness.keys(), [])
  })
})

describe('a failure in a co-process function', () => {
  it('names the operator and the key', async () => {
    await using harness = await twoInputHarness(match, { uid: 'match' })
    assert.throws(() => harness.processElement2('a', 'throw'), {
      code: 'FUNCTION_FAILED',
      message: 'match, key "a": thrown in match',
    })
  })
})
