// Process functions over what was folded before: one result instead of all values, with the state
// of window and key; and windows over all records, without keys.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  countEvictor,
  type DataStream,
  type KeyedStream,
  type MergingWindowProcessFunction,
  sessionWindow,
  slidingWindow,
  t,
  tumblingWindow,
  valueState,
  type WindowProcessFunction,
} from 'millrace'
import { harnessNode } from '../../../src/testing/harness-node.ts'
import { backends, feed, show, sum, UID, windowHarness } from './harness.ts'

type Keyed = KeyedStream<string, number>
const types = { key: t.string, input: t.float64 }

const mean = {
  createAccumulator: () => ({ sum: 0, n: 0 }),
  add: (value: number, held: { sum: number; n: number }) => ({
    sum: held.sum + value,
    n: held.n + 1,
  }),
  getResult: (held: { readonly sum: number; readonly n: number }) => held.sum / held.n,
  merge: (a: { sum: number; n: number }, b: { sum: number; n: number }) => ({
    sum: a.sum + b.sum,
    n: a.n + b.n,
  }),
}

const fired = { fired: valueState(t.int32, { initial: 0 }) }
/** Tells how often the window, and the key, fired. */
const counting: WindowProcessFunction<string, number, string, typeof fired, typeof fired> = {
  output: t.string,
  state: fired,
  windowState: fired,
  process(key, window, values, out, { state, windowState }) {
    assert.ok(Object.isFrozen(values))
    state.fired.update(state.fired.value() + 1)
    windowState.fired.update(windowState.fired.value() + 1)
    const text = `${values.join(' ')} (${windowState.fired.value()} of ${state.fired.value()})`
    out.collect(show(text, { key, window }))
  },
}
/** Without state of the window, so that windows may merge or be sliced. */
const plain: MergingWindowProcessFunction<string, number, string, typeof fired> = {
  state: fired,
  process(key, window, values, out, { state }) {
    state.fired.update(state.fired.value() + 1)
    out.collect(show(`${values.join(' ')} (${state.fired.value()})`, { key, window }))
  },
}

describe('a process function over a folded window', () => {
  for (const { name, isThere, create } of backends) {
    it(
      `has one result and both states, over a snapshot, on ${name}`,
      {
        skip: !isThere,
      },
      async () => {
        const chain = (keyed: Keyed): DataStream<string> =>
          keyed.window(tumblingWindow(10)).allowedLateness(10).reduce(UID, sum, counting)
        const options = { ...types, memory: 1 }
        await using before = await windowHarness(chain, { ...options, backend: create() })
        feed(before, 'a', [1, 0], [2, 5], [4, 10])
        before.processWatermark(9)
        const restore = await before.snapshot()
        await using harness = await windowHarness(chain, { ...options, backend: create(), restore })
        feed(harness, 'a', [8, 9])
        harness.processWatermark(100)
        assert.deepEqual(before.output, ['a [0,10) 3 (1 of 1)'])
        assert.deepEqual(harness.output, ['a [0,10) 11 (2 of 2)', 'a [10,20) 4 (1 of 3)'])
        assert.deepEqual(harness.keys(), ['a'], 'the state of the key stays')
        assert.equal(harness.nextTimer('event-time'), undefined)
      },
    )
  }

  it('follows an aggregate, in sliding windows too, with state of the window', async () => {
    await using harness = await windowHarness<string, number, string>(
      (keyed) => keyed.window(slidingWindow(10, 5)).aggregate(UID, mean, counting),
      types,
    )
    feed(harness, 'a', [1, 0], [3, 7])
    harness.processWatermark(100)
    assert.deepEqual(harness.output, [
      'a [-5,5) 1 (1 of 1)',
      'a [0,10) 2 (1 of 2)',
      'a [5,15) 3 (1 of 3)',
    ])
  })

  it('works on slices and on sessions', async () => {
    await using sliced = await windowHarness<string, number, string>(
      (keyed) => keyed.window(slidingWindow(10, 5)).aggregate(UID, mean, plain),
      types,
    )
    feed(sliced, 'a', [1, 0], [3, 7])
    sliced.processWatermark(100)
    assert.deepEqual(sliced.output, ['a [-5,5) 1 (1)', 'a [0,10) 2 (2)', 'a [5,15) 3 (3)'])
    await using session = await windowHarness<string, number, string>(
      (keyed) => keyed.window(sessionWindow(10)).aggregate(UID, mean, plain),
      types,
    )
    feed(session, 'a', [1, 0], [3, 18], [5, 9])
    session.processWatermark(100)
    assert.deepEqual(session.output, ['a [0,28) 3 (1)'])
  })

  it('gets the fold of what an evictor leaves', async () => {
    await using harness = await windowHarness<string, number, string>(
      (keyed) =>
        keyed.window(tumblingWindow(10)).evictor(countEvictor(2)).aggregate(UID, mean, counting),
      types,
    )
    feed(harness, 'a', [100, 0], [1, 1], [3, 2])
    harness.processWatermark(9)
    assert.deepEqual(harness.output, ['a [0,10) 2 (1 of 1)'])
  })
})

describe('windows of all records', () => {
  it('are windows of the key "all"', () => {
    const { node } = harnessNode<'all', number, string>(UID, t.literal('all'), (keyed) =>
      // What is chained on the records themselves, whatever their key.
      keyed.latest('before').windowAll(tumblingWindow(10)).reduce(UID, sum, show),
    )
    assert.equal(node.key?.select(5), 'all')
    assert.deepEqual(node.key?.type.schema, { kind: 'literal', value: 'all' })
  })
})
