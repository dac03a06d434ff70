import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  continuousEventTimeTrigger,
  countTrigger,
  globalWindow,
  neverTrigger,
  processingTimeTrigger,
  purgingTrigger,
  t,
  type Trigger,
  tumblingWindow,
  type WindowAssigner,
} from 'millrace'
import { concat, feed, show, UID, windowHarness } from './harness.ts'

type Text = string

const triggered = (
  trigger: Trigger<Text>,
  options: { readonly assigner?: WindowAssigner; readonly latenessMs?: number } = {},
) =>
  windowHarness<Text, Text, Text>((keyed) =>
    keyed
      .window(options.assigner ?? tumblingWindow(10))
      .allowedLateness(options.latenessMs ?? 0)
      .trigger(trigger)
      .reduce(UID, concat, show),
  )

describe('the trigger by count', () => {
  it('fires at each nth record, with all so far, and not at the end', async () => {
    await using harness = await triggered(countTrigger(2))
    feed(harness, 'a', ['x', 1], ['y', 2], ['z', 3], ['w', 12], ['v', 4])
    feed(harness, 'a', ['u', 5])
    assert.deepEqual(harness.output, ['a [0,10) xy', 'a [0,10) xyzv'])
    harness.processWatermark(100)
    assert.equal(harness.output.length, 2)
    assert.deepEqual(harness.keys(), [])
  })

  it('makes disjoint groups when it purges', async () => {
    const trigger = purgingTrigger(countTrigger(2))
    await using harness = await triggered(trigger, { assigner: globalWindow() })
    for (const value of ['v', 'w', 'x', 'y', 'z']) harness.processElement('a', value)
    assert.deepEqual(harness.output, ['a [-Infinity,Infinity) vw', 'a [-Infinity,Infinity) xy'])
    assert.deepEqual(harness.keys(), ['a'])
    harness.processElement('a', '!')
    assert.deepEqual(harness.output.at(-1), 'a [-Infinity,Infinity) z!')
    assert.deepEqual(harness.keys(), [], 'nothing is kept of a purged global window')
  })

  it('refuses what is no number of records', () => {
    for (const n of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => countTrigger(n), { code: 'JOB_GRAPH_INVALID' })
    }
  })
})

describe('a purged window', () => {
  it('fires nothing at its end, and is removed', async () => {
    const atTwo: Trigger<Text, number> = {
      ...countTrigger(2),
      onElement: (value, timestamp, window, ctx) => {
        ctx.registerEventTimeTimer(window.end - 1)
        return countTrigger(2).onElement(value, timestamp, window, ctx)
      },
      onEventTime: () => 'fire',
    }
    await using harness = await triggered(purgingTrigger(atTwo), { latenessMs: 5 })
    feed(harness, 'a', ['x', 1], ['y', 2])
    feed(harness, 'b', ['z', 1])
    harness.processWatermark(9)
    assert.deepEqual(harness.output, ['a [0,10) xy', 'b [0,10) z'])
    assert.deepEqual(harness.keys(), ['b'], 'its count')
    harness.processWatermark(14)
    assert.deepEqual(harness.output.length, 2)
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })
})

describe('the trigger of processing time', () => {
  it('fires when the clock passes the end, and the watermark only cleans up', async () => {
    await using harness = await triggered(processingTimeTrigger())
    feed(harness, 'a', ['x', 1])
    harness.setProcessingTime(8)
    assert.deepEqual(harness.output, [])
    harness.setProcessingTime(9)
    assert.deepEqual(harness.output, ['a [0,10) x'])
    feed(harness, 'a', ['y', 11])
    harness.processWatermark(19)
    assert.equal(harness.output.length, 1)
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('processing-time'), undefined)
  })
})

describe('the continuous trigger', () => {
  it('fires at each interval while there are records, and at the end', async () => {
    await using harness = await triggered(continuousEventTimeTrigger(4))
    feed(harness, 'a', ['x', 1])
    harness.processWatermark(3)
    assert.deepEqual(harness.output, [])
    harness.processWatermark(4)
    feed(harness, 'a', ['y', 5])
    harness.processWatermark(20)
    assert.deepEqual(harness.output, ['a [0,10) x', 'a [0,10) xy', 'a [0,10) xy'])
    assert.deepEqual(harness.outputTimestamps, [9, 9, 9])
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })

  it('counts its intervals evenly also before 1970', async () => {
    await using harness = await triggered(continuousEventTimeTrigger(4))
    feed(harness, 'a', ['x', -9])
    assert.equal(harness.nextTimer('event-time'), -8)
    harness.processWatermark(-8)
    assert.deepEqual(harness.output, ['a [-10,0) x'])
  })

  it('fires late records at once, and refuses an interval of 0', async () => {
    await using harness = await triggered(continuousEventTimeTrigger(4), { latenessMs: 5 })
    harness.processWatermark(10)
    feed(harness, 'a', ['x', 1])
    assert.deepEqual(harness.output, ['a [0,10) x'])
    assert.throws(() => continuousEventTimeTrigger(0), { code: 'JOB_GRAPH_INVALID' })
  })
})

describe('no trigger', () => {
  it('keeps a window from being removed, nor do its own timers', async () => {
    const greedy: Trigger<Text, number> = {
      state: t.float64,
      onElement(_value, _timestamp, window, ctx) {
        ctx.state.update(1)
        ctx.registerEventTimeTimer(window.end + 100)
        ctx.registerProcessingTimeTimer(50)
        ctx.deleteEventTimeTimer(window.end - 1) // that of the engine, which stays
        return 'continue'
      },
      onEventTime(_time, window, ctx) {
        ctx.registerEventTimeTimer(window.end + 200)
        return 'fire'
      },
      onProcessingTime: () => 'fire',
      clear: () => undefined,
    }
    await using harness = await triggered(greedy)
    feed(harness, 'a', ['x', 1])
    harness.processWatermark(9)
    assert.deepEqual(harness.output, ['a [0,10) x'])
    assert.deepEqual(harness.keys(), [])
    harness.setProcessingTime(50)
    harness.processWatermark(1_000)
    assert.equal(harness.output.length, 1)
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })

  // In Flink a trigger that clears on a timeout takes the clean-up timer with it: the state stays.
  it('takes the clean-up timer away by clearing at another time', async () => {
    const timeout: Trigger<Text> = {
      ...neverTrigger(),
      onElement(_value, _timestamp, window, ctx) {
        ctx.registerEventTimeTimer(window.end - 1)
        ctx.registerProcessingTimeTimer(ctx.currentProcessingTime + 5)
        return 'continue'
      },
      onProcessingTime(_time, window, ctx) {
        ctx.deleteEventTimeTimer(window.end - 1)
        return 'fire-and-purge'
      },
    }
    await using harness = await triggered(timeout)
    harness.setProcessingTime(100)
    feed(harness, 'a', ['x', 1])
    harness.setProcessingTime(105)
    feed(harness, 'a', ['y', 2])
    assert.equal(harness.nextTimer('event-time'), 9)
    harness.processWatermark(9)
    assert.deepEqual(harness.output, ['a [0,10) x'])
    assert.deepEqual(harness.keys(), [])
  })

  it('fires by itself: never does not', async () => {
    await using harness = await triggered(neverTrigger())
    feed(harness, 'a', ['x', 1])
    harness.processWatermark(100)
    assert.deepEqual([harness.output, harness.keys()], [[], []])
  })

  it('may set a timer at what is no time', async () => {
    const wrong: Trigger<Text> = {
      ...neverTrigger(),
      onElement(_value, _timestamp, _window, ctx) {
        ctx.registerEventTimeTimer(Number.NaN)
        return 'continue'
      },
    }
    await using harness = await triggered(wrong)
    assert.throws(() => harness.processElement('a', 'x', 1), {
      code: 'TYPE_MISMATCH',
      message: /trigger of reduce "window": NaN is no time/,
    })
  })
})
