// The harnesses as a user's tests call them, under a runner that defines test() as a global.
import assert from 'node:assert/strict'
import { job, keyedProcess, t, tumblingWindow, valueState } from 'millrace'
import { collection, print } from 'millrace/connectors'
import { jobHarness, keyedHarness } from 'millrace/testing'

const counter = keyedProcess({
  key: t.string,
  input: t.float64,
  output: t.float64,
  state: { sum: valueState(t.float64, { initial: 0 }) },
  processElement(value, { state }, out) {
    state.sum.update(state.sum.value() + value)
    out.collect(state.sum.value())
  },
})

test('a function is run, saved and restored', async () => {
  const harness = await keyedHarness(counter)
  harness.processElement('ann', 3)
  const snapshot = await harness.snapshot()
  await harness[Symbol.asyncDispose]()
  const restored = await keyedHarness(counter, { restore: snapshot })
  restored.processElement('ann', 4)
  assert.deepEqual([...restored.output], [7])
  await restored[Symbol.asyncDispose]()
})

const Order = t.struct({ customer: t.string, tags: t.list(t.string), at: t.timestamp })

const perMinute = job('per-minute', (env) => {
  env
    .fromSource('orders', collection([], { type: Order }), { timestamp: (order) => order.at })
    .keyBy((order) => order.customer)
    .window(tumblingWindow('1 min'))
    .count('counts', (count, { key }) => ({ key, count }))
    .sinkTo('out', print())
})

test('a job is killed, rescaled and finished', async () => {
  const harness = await jobHarness(perMinute, { parallelism: 2 })
  const orders = harness.source('orders')
  await orders.send({ customer: 'ann', tags: ['new'], at: 1_000 })
  await harness.checkpoint()
  await orders.send({ customer: 'bob', tags: [], at: 2_000 })
  await harness.crash()
  await harness.rescale(1)
  await harness.finish()
  const rows = harness.output('out').map(({ key, count }) => `${key} ${count}`)
  assert.deepEqual(rows.toSorted(), ['ann 1', 'bob 1'])
  await harness[Symbol.asyncDispose]()
})
