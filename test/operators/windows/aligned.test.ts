// Tumbling, sliding and cumulative windows with exact inputs and outputs.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  cumulativeWindow,
  globalWindow,
  eventTimeTrigger,
  outputTag,
  slidingWindow,
  t,
  tumblingWindow,
} from 'millrace'
import { concat, feed, show, UID, windowHarness } from './harness.ts'

const late = outputTag('late', t.string)
type Text = string

const tumbling = (latenessMs = 0) =>
  windowHarness<Text, Text, Text>(
    (keyed) =>
      keyed
        .window(tumblingWindow(10))
        .allowedLateness(latenessMs)
        .sideOutputLateData(late)
        .reduce(UID, concat, show),
    { input: t.string },
  )

describe('a tumbling window', () => {
  it('fires when the watermark reaches its last moment, with that as timestamp', async () => {
    await using harness = await tumbling()
    feed(harness, 'a', ['x', 3], ['y', 9])
    harness.processWatermark(8)
    assert.deepEqual(harness.output, [])
    harness.processWatermark(9)
    assert.deepEqual(harness.output, ['a [0,10) xy'])
    assert.deepEqual(harness.outputTimestamps, [9])
  })

  it('does not hold an element exactly at its end', async () => {
    await using harness = await tumbling()
    feed(harness, 'a', ['x', 0], ['y', 10])
    harness.processWatermark(9)
    assert.deepEqual(harness.output, ['a [0,10) x'])
    harness.processWatermark(19)
    assert.deepEqual(harness.output, ['a [0,10) x', 'a [10,20) y'])
  })

  it('leaves nothing behind', async () => {
    await using harness = await tumbling(5)
    feed(harness, 'a', ['x', 0])
    feed(harness, 'b', ['y', 12])
    harness.processWatermark(9)
    assert.deepEqual(harness.keys().length, 2)
    assert.equal(harness.nextTimer('event-time'), 14)
    harness.processWatermark(14)
    assert.deepEqual(harness.keys(), ['b'])
    harness.processWatermark(100)
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })

  it('fires in the order of time when the watermark jumps over many', async () => {
    await using harness = await tumbling()
    feed(harness, 'a', ['z', 95], ['x', 5], ['y', 42], ['w', -3])
    harness.processWatermark(1_000)
    assert.deepEqual(harness.output, ['a [-10,0) w', 'a [0,10) x', 'a [40,50) y', 'a [90,100) z'])
    assert.deepEqual(harness.outputTimestamps, [-1, 9, 49, 99])
    assert.deepEqual(harness.keys(), [])
  })

  it('fires nothing for a time without records', async () => {
    await using harness = await tumbling()
    harness.processWatermark(50)
    feed(harness, 'a', ['x', 61])
    harness.processWatermark(500)
    assert.deepEqual(harness.output, ['a [60,70) x'])
  })

  it('fires at the end of input', async () => {
    await using harness = await tumbling(1_000)
    feed(harness, 'a', ['x', 1])
    harness.processWatermark(Infinity)
    assert.deepEqual(harness.output, ['a [0,10) x'])
    assert.deepEqual(harness.keys(), [])
  })
})

describe('a late record', () => {
  it('goes to the side output once its window has passed', async () => {
    await using harness = await tumbling()
    harness.processWatermark(8)
    feed(harness, 'a', ['x', 2]) // behind the watermark, but its window is not
    harness.processWatermark(9)
    feed(harness, 'a', ['y', 9], ['z', 10])
    harness.processWatermark(50)
    assert.deepEqual(harness.output, ['a [0,10) x', 'a [10,20) z'])
    assert.deepEqual(harness.sideOutput(late), ['y'])
  })

  it('fires its window anew up to the allowed lateness, and not after', async () => {
    await using harness = await tumbling(5)
    feed(harness, 'a', ['x', 2])
    harness.processWatermark(9)
    feed(harness, 'a', ['y', 3])
    harness.processWatermark(13)
    feed(harness, 'a', ['z', 4])
    assert.deepEqual(harness.output, ['a [0,10) x', 'a [0,10) xy', 'a [0,10) xyz'])
    assert.deepEqual(harness.outputTimestamps, [9, 9, 9])
    harness.processWatermark(14) // 9 + 5
    feed(harness, 'a', ['!', 9])
    assert.equal(harness.output.length, 3)
    assert.deepEqual(harness.sideOutput(late), ['!'])
    assert.deepEqual(harness.keys(), [])
  })

  it('may be the first of its window', async () => {
    await using harness = await tumbling(5)
    harness.processWatermark(11)
    feed(harness, 'a', ['x', 2])
    assert.deepEqual(harness.output, ['a [0,10) x'])
    harness.processWatermark(14)
    assert.deepEqual([harness.output.length, harness.keys().length], [1, 0])
  })
})

describe('a key', () => {
  it('may be NaN, and 0 and −0 are one', async () => {
    await using harness = await windowHarness<number, string, string>((keyed) =>
      keyed.window(tumblingWindow(10)).reduce(UID, concat, show),
    )
    harness.processElement(Number.NaN, 'a', 1)
    harness.processElement(0, 'x', 1)
    harness.processElement(-0, 'y', 2)
    harness.processElement(Number.NaN, 'b', 3)
    harness.processWatermark(9)
    assert.deepEqual([...harness.output].sort(), ['0 [0,10) xy', 'NaN [0,10) ab'])
    assert.deepEqual(harness.keys(), [])
  })
})

describe('sliding and cumulative windows', () => {
  it('hold a record several times, also before 1970', async () => {
    await using harness = await windowHarness<Text, Text, Text>((keyed) =>
      keyed.window(slidingWindow(10, 5)).reduce(UID, concat, show),
    )
    feed(harness, 'a', ['x', -3], ['y', 4], ['z', 5])
    harness.processWatermark(100)
    assert.deepEqual(harness.output, ['a [-10,0) x', 'a [-5,5) xy', 'a [0,10) yz', 'a [5,15) z'])
    assert.deepEqual(harness.keys(), [])
  })

  it('take a record that is late for some of its windows into the others', async () => {
    await using harness = await windowHarness<Text, Text, Text>(
      (keyed) =>
        keyed.window(slidingWindow(10, 5)).sideOutputLateData(late).reduce(UID, concat, show),
      { input: t.string },
    )
    harness.processWatermark(9)
    feed(harness, 'a', ['x', 7]) // [0,10) has gone, [5,15) has not
    harness.processWatermark(14)
    feed(harness, 'a', ['y', 8])
    assert.deepEqual(harness.output, ['a [5,15) x'])
    assert.deepEqual(harness.sideOutput(late), ['y'])
  })

  it('leave out what lies between windows, which is not late', async () => {
    await using harness = await windowHarness<Text, Text, Text>(
      (keyed) =>
        keyed.window(slidingWindow(4, 10)).sideOutputLateData(late).reduce(UID, concat, show),
      { input: t.string },
    )
    feed(harness, 'a', ['x', 3], ['y', 4], ['z', 10])
    harness.processWatermark(100)
    assert.deepEqual(harness.output, ['a [0,4) x', 'a [10,14) z'])
    assert.deepEqual(harness.sideOutput(late), [])
  })

  it('grow step by step', async () => {
    await using harness = await windowHarness<Text, Text, Text>((keyed) =>
      keyed.window(cumulativeWindow(15, 5, { offset: 1 })).reduce(UID, concat, show),
    )
    feed(harness, 'a', ['x', 1], ['y', 6], ['z', 15], ['!', 16])
    harness.processWatermark(100)
    assert.deepEqual(harness.output, [
      'a [1,6) x',
      'a [1,11) xy',
      'a [1,16) xyz',
      'a [16,21) !',
      'a [16,26) !',
      'a [16,31) !',
    ])
  })
})

describe('the global window', () => {
  it('takes records without timestamp, and may fire at the end of input', async () => {
    await using harness = await windowHarness<Text, Text, Text>((keyed) =>
      keyed.window(globalWindow()).trigger(eventTimeTrigger()).reduce(UID, concat),
    )
    harness.processElement('a', 'x')
    harness.processElement('a', 'y', 5)
    harness.processWatermark(1e15)
    assert.deepEqual(harness.output, [])
    harness.processWatermark(Infinity)
    assert.deepEqual(harness.output, ['xy'])
    assert.deepEqual(harness.outputTimestamps, [undefined])
  })
})

describe('a record without timestamp', () => {
  it('fails the job and names the operator', async () => {
    await using harness = await tumbling()
    assert.throws(() => harness.processElement('a', 'x'), {
      code: 'JOB_GRAPH_INVALID',
      message: /reduce "window" got a record without timestamp/,
      cure: /timestamp: \(record\)/,
    })
  })
})
