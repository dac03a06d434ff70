// Functions over all values of a window, results of counts and aggregates, and their state.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  countTrigger,
  outputTag,
  purgingTrigger,
  sessionWindow,
  slidingWindow,
  t,
  tumblingWindow,
  valueState,
} from 'millrace'
import { feed, UID, windowHarness } from './harness.ts'

type Text = string
const notes = outputTag('notes', t.string)

describe('a window process function', () => {
  it('gets the values in order of arrival, frozen, with key and window', async () => {
    await using harness = await windowHarness<Text, { at: number }, unknown>((keyed) =>
      keyed.window(tumblingWindow(10)).process(UID, {
        output: t.dynamic<unknown>(),
        process(key, window, values, out, ctx) {
          assert.ok(Object.isFrozen(values) && values.every((value) => Object.isFrozen(value)))
          out.collect({ key, window, ats: values.map(({ at }) => at) })
          out.collect('at another time', 3)
          ctx.output(notes, `watermark ${ctx.currentWatermark}, now ${ctx.currentProcessingTime}`)
        },
      }),
    )
    feed(harness, 'a', [{ at: 5 }, 5], [{ at: 1 }, 1], [{ at: 9 }, 9], [{ at: 12 }, 12])
    harness.setProcessingTime(77)
    harness.processWatermark(11)
    const window = { start: 0, end: 10 }
    assert.deepEqual(harness.output, [{ key: 'a', window, ats: [5, 1, 9] }, 'at another time'])
    assert.deepEqual(harness.outputTimestamps, [9, 3])
    assert.deepEqual(harness.sideOutput(notes), ['watermark 11, now 77'])
    harness.processWatermark(100)
    assert.deepEqual(harness.keys(), [])
  })

  it('gets the values of each sliding window, and none twice after a purge', async () => {
    await using harness = await windowHarness<Text, number, readonly number[]>((keyed) =>
      keyed
        .window(slidingWindow(20, 10))
        .trigger(purgingTrigger(countTrigger(2)))
        .process(UID, { process: (_key, _window, values, out) => out.collect(values) }),
    )
    feed(harness, 'a', [5, 5], [12, 12], [13, 13], [15, 15], [25, 25])
    assert.deepEqual(harness.output, [
      [5, 12],
      [12, 13],
      [13, 15],
      [15, 25],
    ])
    harness.processWatermark(100)
    assert.deepEqual(harness.keys(), [])
  })

  it('keeps many values of merged sessions', async () => {
    await using harness = await windowHarness<Text, number, number>((keyed) =>
      keyed.window(sessionWindow(10)).process(UID, {
        process(_key, _window, values, out) {
          out.collect(values.length)
          assert.equal(new Set(values).size, values.length)
        },
      }),
    )
    for (let at = 0; at < 300; at++) {
      const where = at * 7919 // a prime: in no order
      feed(harness, 'a', [where % 300, (where % 300) * 4])
    }
    harness.processWatermark(10_000)
    assert.deepEqual([harness.output, harness.keys()], [[300], []])
  })

  it('has state per window, which goes with it, and per key, which stays', async () => {
    await using harness = await windowHarness<Text, number, string>((keyed) =>
      keyed
        .window(tumblingWindow(10))
        .allowedLateness(5)
        .process(UID, {
          state: { fired: valueState(t.int32, { initial: 0 }) },
          windowState: {
            fired: valueState(t.int32, { initial: 0 }),
            last: valueState(t.int32),
          },
          process(_key, window, values, out, { state, windowState }) {
            state.fired.update(state.fired.value() + 1)
            windowState.fired.update(windowState.fired.value() + 1)
            const { length } = values
            const before: number | undefined = windowState.last.value()
            windowState.last.update(length)
            const counts = [windowState.fired.value(), state.fired.value()].join('/')
            out.collect(`${window.start}: ${counts}, ${String(before)} → ${length}`)
          },
        }),
    )
    feed(harness, 'a', [1, 1], [2, 12])
    harness.processWatermark(9)
    feed(harness, 'a', [3, 3])
    harness.processWatermark(20)
    feed(harness, 'a', [4, 14])
    assert.deepEqual(harness.output, [
      '0: 1/1, undefined → 1',
      '0: 2/2, 1 → 2',
      '10: 1/3, undefined → 1',
      '10: 2/4, 1 → 2',
    ])
    harness.processWatermark(100)
    assert.deepEqual(harness.keys(), ['a'], 'the state of the key')
    feed(harness, 'a', [5, 201])
    harness.processWatermark(300)
    assert.deepEqual(harness.output.at(-1), '200: 1/5, undefined → 1')
  })

  it('may not be asynchronous, nor return a promise', async () => {
    const late = (() => Promise.resolve()) as unknown as () => undefined
    await using harness = await windowHarness<Text, number, string>((keyed) =>
      keyed.window(tumblingWindow(10)).process(UID, { process: late }),
    )
    feed(harness, 'a', [1, 1])
    assert.throws(() => harness.processWatermark(9), {
      code: 'JOB_ASYNC_FUNCTION',
      message: /process "window"/,
    })
  })

  it('names its key when it throws', async () => {
    await using harness = await windowHarness<Text, number, string>((keyed) =>
      keyed.window(tumblingWindow(10)).process(UID, {
        process() {
          throw new Error('oh')
        },
      }),
    )
    feed(harness, 'a', [1, 1])
    assert.throws(() => harness.processWatermark(9), {
      code: 'FUNCTION_FAILED',
      message: 'window, key "a": oh',
    })
  })
})

describe('count and aggregate of a window', () => {
  it('emit the count with key and window, or what is made of it', async () => {
    await using plain = await windowHarness<Text, number, unknown>(
      (keyed) => keyed.window(tumblingWindow(10)).count(UID),
      { key: t.string },
    )
    feed(plain, 'a', [1, 1], [2, 2])
    plain.processWatermark(9)
    assert.deepEqual(plain.output, [{ key: 'a', window: { start: 0, end: 10 }, value: 2 }])
    await using made = await windowHarness<Text, number, string>((keyed) =>
      keyed.window(sessionWindow(10)).count(UID, (count, { key }) => `${key}: ${count}`),
    )
    feed(made, 'a', [1, 1], [2, 19], [3, 10])
    made.processWatermark(100)
    assert.deepEqual(made.output, ['a: 3'])
  })

  it('hand out no accumulator that they still change', async () => {
    await using harness = await windowHarness<Text, number, readonly number[]>((keyed) =>
      keyed
        .window(tumblingWindow(10))
        .trigger(countTrigger(1))
        .aggregate(UID, {
          createAccumulator: (): number[] => [],
          add(value, list) {
            list.push(value)
            return list
          },
          getResult: (list) => list,
        }),
    )
    feed(harness, 'a', [1, 1], [2, 2])
    assert.deepEqual(harness.output, [[1], [1, 2]])
  })

  it('refuse a value that does not fit the declared accumulator', async () => {
    await using harness = await windowHarness<Text, number, number>((keyed) =>
      keyed.window(tumblingWindow(10)).aggregate(UID, {
        accumulator: t.int32,
        createAccumulator: () => 0,
        add: (value, sum) => sum + value,
        getResult: (sum) => sum,
      }),
    )
    assert.throws(() => harness.processElement('a', 0.5, 1), { code: 'TYPE_MISMATCH' })
  })
})
