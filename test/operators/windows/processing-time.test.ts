// Windows by the time at which records are processed: what they hold, when they fire, that nothing
// stays, and that nothing is lost when the input ends.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  cumulativeWindow,
  type DataStream,
  type KeyedStream,
  outputTag,
  purgingTrigger,
  processingTimeTrigger,
  continuousProcessingTimeTrigger,
  sessionWindow,
  slidingWindow,
  t,
  tumblingWindow,
} from 'millrace'
import type { KeyedHarness } from 'millrace/testing'
import { concat, show, UID, windowHarness } from './harness.ts'

type Keyed = KeyedStream<string, string>
type Harness = KeyedHarness<string, string, string, {}>

const time = 'processing'
const open = (chain: (keyed: Keyed) => DataStream<string>): Promise<Harness> =>
  windowHarness(chain, { key: t.string, input: t.string })

/** Records without timestamps, each at its time. */
function at(harness: Harness, key: string, ...records: readonly [value: string, at: number][]) {
  for (const [value, timestamp] of records) {
    harness.setProcessingTime(timestamp)
    harness.processElement(key, value)
  }
}

function assertEmpty(harness: Harness): void {
  assert.deepEqual(harness.keys(), [])
  assert.equal(harness.nextTimer('event-time'), undefined)
  assert.equal(harness.nextTimer('processing-time'), undefined)
}

describe('a window in processing time', () => {
  it('holds what comes in its time, and fires at its end, whatever the watermark', async () => {
    await using harness = await open((keyed) =>
      keyed.window(tumblingWindow(10, { time })).reduce(UID, concat, show),
    )
    at(harness, 'a', ['v', 1], ['w', 8])
    harness.processWatermark(1_000)
    assert.deepEqual(harness.output, [])
    harness.setProcessingTime(9)
    assert.deepEqual(harness.output, ['a [0,10) vw'])
    assert.deepEqual(harness.outputTimestamps, [9])
    assertEmpty(harness)
    at(harness, 'a', ['x', 10], ['y', 42])
    harness.setProcessingTime(49)
    assert.deepEqual(harness.output.slice(1), ['a [10,20) x', 'a [40,50) y'])
    assertEmpty(harness)
  })

  it('may slide, with an offset', async () => {
    await using harness = await open((keyed) =>
      keyed.window(slidingWindow(10, 5, { time, offset: 1 })).reduce(UID, concat, show),
    )
    at(harness, 'a', ['x', 5], ['y', 6])
    harness.setProcessingTime(100)
    assert.deepEqual(harness.output, ['a [-4,6) x', 'a [1,11) xy', 'a [6,16) y'])
    assertEmpty(harness)
  })

  it('may grow by steps', async () => {
    await using harness = await open((keyed) =>
      keyed.window(cumulativeWindow(10, 5, { time })).reduce(UID, concat, show),
    )
    at(harness, 'a', ['x', 1], ['y', 7])
    harness.setProcessingTime(100)
    assert.deepEqual(harness.output, ['a [0,5) x', 'a [0,10) xy'])
    assertEmpty(harness)
  })

  it('may be a session', async () => {
    await using harness = await open((keyed) =>
      keyed.window(sessionWindow(10, { time })).reduce(UID, concat, show),
    )
    at(harness, 'a', ['x', 1], ['y', 9], ['z', 30])
    assert.deepEqual(harness.output, ['a [1,19) xy'])
    harness.setProcessingTime(39)
    assert.deepEqual(harness.output, ['a [1,19) xy', 'a [30,40) z'])
    assertEmpty(harness)
  })

  it('is complete when the input ends', async () => {
    await using harness = await open((keyed) =>
      keyed.window(tumblingWindow(10, { time })).reduce(UID, concat, show),
    )
    at(harness, 'a', ['x', 3])
    at(harness, 'b', ['y', 5])
    harness.processWatermark(Infinity)
    assert.deepEqual([...harness.output].sort(), ['a [0,10) x', 'b [0,10) y'])
    assertEmpty(harness)
  })

  it('is complete when the input ends, sessions too', async () => {
    await using harness = await open((keyed) =>
      keyed.window(sessionWindow(10, { time })).reduce(UID, concat, show),
    )
    at(harness, 'a', ['x', 3], ['y', 5])
    harness.processWatermark(Infinity)
    assert.deepEqual(harness.output, ['a [3,15) xy'])
    assertEmpty(harness)
  })

  it('goes on after a restore', async () => {
    const chain = (keyed: Keyed): DataStream<string> =>
      keyed.window(tumblingWindow(10, { time })).reduce(UID, concat, show)
    await using before = await open(chain)
    at(before, 'a', ['x', 3])
    const restore = await before.snapshot()
    const types = { key: t.string, input: t.string }
    await using harness = await windowHarness(chain, { ...types, restore, processingTime: 4 })
    at(harness, 'a', ['y', 5])
    harness.setProcessingTime(9)
    assert.deepEqual(harness.output, ['a [0,10) xy'])
    assertEmpty(harness)
  })

  it('may fire at each interval', async () => {
    await using harness = await open((keyed) =>
      keyed
        .window(tumblingWindow(25, { time }))
        .trigger(purgingTrigger(continuousProcessingTimeTrigger(10)))
        .reduce(UID, concat, show),
    )
    at(harness, 'a', ['x', 1], ['y', 9], ['z', 10])
    harness.setProcessingTime(19)
    assert.deepEqual(harness.output, ['a [0,25) xy'])
    harness.setProcessingTime(100)
    assert.deepEqual(harness.output, ['a [0,25) xy', 'a [0,25) z'])
    assertEmpty(harness)
  })

  it('knows no lateness', async () => {
    const late = outputTag('late', t.string)
    for (const chain of [
      (keyed: Keyed) => keyed.window(tumblingWindow(10, { time })).allowedLateness(5),
      (keyed: Keyed) => keyed.window(tumblingWindow(10, { time })).sideOutputLateData(late),
    ]) {
      const refused = async () => open((keyed) => chain(keyed).reduce(UID, concat))
      await assert.rejects(refused, { code: 'JOB_GRAPH_INVALID', message: /no record is late/ })
    }
    assert.throws(() => tumblingWindow(10, { time: 'wall' as 'event' }), {
      code: 'JOB_GRAPH_INVALID',
      message: /time is "wall"/,
    })
  })
})

describe('the trigger by the clock', () => {
  it('fires a window of event time once, at its end by the clock', async () => {
    await using harness = await open((keyed) =>
      keyed.window(tumblingWindow(10)).trigger(processingTimeTrigger()).reduce(UID, concat, show),
    )
    harness.processElement('a', 'x', 1)
    harness.setProcessingTime(500)
    assert.deepEqual(harness.output, ['a [0,10) x'])
    harness.processWatermark(500)
    assertEmpty(harness)
  })
})
