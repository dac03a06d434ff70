// Session windows: what merges, what a late record does, what of merged windows is left.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  continuousEventTimeTrigger,
  countTrigger,
  type MergingTrigger,
  outputTag,
  sessionWindow,
  t,
} from 'millrace'
import { concat, feed, show, UID, windowHarness, sum } from './harness.ts'

const late = outputTag('late', t.string)
type Text = string

const sessions = (latenessMs = 0, trigger?: MergingTrigger<Text>) =>
  windowHarness<Text, Text, Text>(
    (keyed) => {
      const windowed = keyed.window(sessionWindow(10)).allowedLateness(latenessMs)
      return (trigger === undefined ? windowed : windowed.trigger(trigger))
        .sideOutputLateData(late)
        .reduce(UID, concat, show)
    },
    { key: t.string, input: t.string },
  )

/** All values of a session, sorted: in which order merged ones come is not defined. */
const listed = (latenessMs = 0) =>
  windowHarness<Text, Text, Text>(
    (keyed) =>
      keyed
        .window(sessionWindow(10))
        .allowedLateness(latenessMs)
        .process(UID, {
          process(key, window, values, out) {
            out.collect(show([...values].sort().join(''), { key, window }))
          },
        }),
    { key: t.string, input: t.string },
  )

describe('a session', () => {
  it('ends when its key was silent for the gap', async () => {
    await using harness = await sessions()
    feed(harness, 'a', ['x', 0], ['y', 9], ['z', 30])
    feed(harness, 'b', ['w', 5])
    harness.processWatermark(14)
    assert.deepEqual(harness.output, ['b [5,15) w'])
    harness.processWatermark(18)
    assert.deepEqual(harness.output, ['b [5,15) w', 'a [0,19) xy'])
    assert.deepEqual(harness.outputTimestamps, [14, 18])
    harness.processWatermark(39)
    assert.deepEqual(harness.output.at(-1), 'a [30,40) z')
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })

  it('goes on with a record less than a gap later, not with one exactly a gap later', async () => {
    await using harness = await sessions()
    feed(harness, 'a', ['x', -10], ['y', -1], ['z', 9])
    harness.processWatermark(100)
    assert.deepEqual(harness.output, ['a [-10,9) xy', 'a [9,19) z'])
  })

  it('is the same whether or not the watermark passed its end before the next record', async () => {
    for (const watermark of [undefined, 8, 9]) {
      await using harness = await sessions()
      feed(harness, 'a', ['x', 0])
      if (watermark !== undefined) harness.processWatermark(watermark)
      feed(harness, 'a', ['y', 10])
      harness.processWatermark(100)
      assert.deepEqual(harness.output, ['a [0,10) x', 'a [10,20) y'])
    }
  })

  it('has a gap for each record, if that is asked for', async () => {
    await using harness = await windowHarness<Text, number, Text>((keyed) =>
      keyed.window(sessionWindow((gap) => gap)).aggregate(
        UID,
        {
          createAccumulator: () => 0,
          add: (value, sum) => sum + value,
          getResult: (sum) => sum,
          merge: (a, b) => a + b,
        },
        show,
      ),
    )
    // The last one lies within the session of the first, whose bounds it leaves as they are.
    feed(harness, 'a', [100, 0], [5, 50], [50, 50], [100, 0])
    harness.processWatermark(1_000)
    assert.deepEqual(harness.output, ['a [0,100) 255'])
    assert.deepEqual(harness.keys(), [])
    assert.throws(() => harness.processElement('a', 0, 5_000), {
      code: 'JOB_GRAPH_INVALID',
      message: /gap of a record is 0 ms/,
    })
  })
})

describe('two sessions', () => {
  it('become one by a record between them', async () => {
    await using harness = await listed()
    feed(harness, 'a', ['x', 0], ['z', 18], ['w', 40])
    feed(harness, 'a', ['y', 9])
    harness.processWatermark(27)
    assert.deepEqual(harness.output, ['a [0,28) xyz'])
    harness.processWatermark(49)
    assert.deepEqual(harness.output, ['a [0,28) xyz', 'a [40,50) w'])
    assert.deepEqual(harness.keys(), [])
  })

  it('do so after they have fired: the whole fires anew', async () => {
    await using harness = await listed(20)
    feed(harness, 'a', ['x', 0], ['z', 18])
    harness.processWatermark(27)
    assert.deepEqual(harness.output, ['a [0,10) x', 'a [18,28) z'])
    feed(harness, 'a', ['y', 9])
    assert.deepEqual(harness.output.at(-1), 'a [0,28) xyz')
    // The clean-up time is that of the whole: what was due for the first at 29 does nothing.
    harness.processWatermark(46)
    feed(harness, 'a', ['!', 1])
    assert.deepEqual(harness.output.at(-1), 'a [0,28) !xyz')
    assert.equal(harness.output.length, 4)
    harness.processWatermark(47)
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })

  it('keep an aggregate that changes its accumulators in place', async () => {
    await using harness = await windowHarness<Text, Text, Text>((keyed) =>
      keyed.window(sessionWindow(10)).aggregate(UID, {
        createAccumulator: (): string[] => [],
        add(value, list) {
          list.push(value)
          return list
        },
        getResult: (list) => [...list].sort().join(''),
        merge(a, b) {
          a.push(...b)
          return a
        },
      }),
    )
    feed(harness, 'a', ['x', 0], ['z', 18], ['y', 9], ['w', 50], ['v', 68], ['u', 59])
    harness.processWatermark(100)
    assert.deepEqual(harness.output, ['xyz', 'uvw'])
  })
})

describe('a record that is late alone', () => {
  it('is not if it joins a session that is still there', async () => {
    await using harness = await sessions()
    feed(harness, 'a', ['x', 10])
    harness.processWatermark(15)
    feed(harness, 'a', ['y', 3], ['z', 5]) // both are late alone
    feed(harness, 'b', ['!', 5])
    harness.processWatermark(100)
    assert.deepEqual(harness.output, ['a [3,20) xyz'])
    assert.deepEqual(harness.sideOutput(late), ['!'])
  })

  it('is when the session has gone', async () => {
    await using harness = await sessions(3)
    feed(harness, 'a', ['x', 0])
    harness.processWatermark(11)
    feed(harness, 'a', ['y', 1]) // [0,11) is complete at 10, and kept till 13
    assert.deepEqual(harness.output, ['a [0,10) x', 'a [0,11) xy'])
    harness.processWatermark(13)
    feed(harness, 'a', ['z', 1])
    assert.equal(harness.output.length, 2)
    assert.deepEqual(harness.sideOutput(late), ['z'])
    assert.deepEqual(harness.keys(), [])
  })
})

describe('the state of a trigger', () => {
  it('is merged with the windows', async () => {
    await using harness = await sessions(0, countTrigger(4))
    feed(harness, 'a', ['x', 0], ['y', 1], ['z', 18])
    assert.deepEqual(harness.output, [])
    feed(harness, 'a', ['w', 10]) // the fourth of all
    assert.deepEqual(harness.output, ['a [0,28) xyzw'])
    harness.processWatermark(27)
    assert.deepEqual([harness.output.length, harness.keys().length], [1, 0])
  })

  it('keeps the earliest of the next times, and sets their timers for the whole', async () => {
    await using harness = await sessions(0, continuousEventTimeTrigger(25))
    feed(harness, 'a', ['x', 20], ['z', 38], ['y', 29])
    harness.processWatermark(25)
    assert.deepEqual(harness.output, ['a [20,48) xzy'])
    harness.processWatermark(47)
    assert.deepEqual(harness.output, ['a [20,48) xzy', 'a [20,48) xzy'])
    assert.deepEqual(harness.outputTimestamps, [47, 47])
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })
})

// Behaviour of Flink that is a defect, done right.
describe('a record whose own window is just that of a merged session', () => {
  it('joins it, and loses nothing of it', async () => {
    await using harness = await windowHarness<Text, number, Text>((keyed) =>
      keyed.window(sessionWindow((gap) => gap)).reduce(UID, sum, show),
    )
    feed(harness, 'a', [5, 0], [5, 8], [5, 4]) // [0,5) and [8,13) become [0,13)
    feed(harness, 'a', [13, 0])
    harness.processWatermark(100)
    assert.deepEqual(harness.output, ['a [0,13) 28'])
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })
})

describe('the keys of sessions', () => {
  it('may be NaN, and 0 and −0 are one', async () => {
    await using harness = await windowHarness<number, number, string>((keyed) =>
      keyed.window(sessionWindow(10)).reduce(UID, sum, show),
    )
    for (const key of [Number.NaN, 0, -0, Number.NaN]) harness.processElement(key, 1, 5)
    harness.processWatermark(100)
    assert.deepEqual([...harness.output].sort(), ['0 [5,15) 2', 'NaN [5,15) 2'])
    assert.deepEqual(harness.keys(), [])
  })
})
