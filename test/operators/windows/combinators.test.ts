// Triggers made of triggers: results before the end of a window, on time, and after it.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  countTrigger,
  early,
  late,
  neverTrigger,
  purgingTrigger,
  sessionWindow,
  t,
  type MergingTrigger,
  tumblingWindow,
} from 'millrace'
import { backends, concat, feed, show, UID, windowHarness } from './harness.ts'

const types = { key: t.string, input: t.string }

const triggered = (trigger: MergingTrigger<string>, latenessMs = 0) =>
  windowHarness<string, string, string>(
    (keyed) =>
      keyed
        .window(tumblingWindow(100))
        .trigger(trigger)
        .allowedLateness(latenessMs)
        .reduce(UID, concat, show),
    types,
  )

describe('early results', () => {
  it('come a while after each first record that is in none yet, then the one on time', async () => {
    await using harness = await triggered(early(10))
    harness.setProcessingTime(1_000)
    feed(harness, 'a', ['v', 1])
    harness.setProcessingTime(1_009)
    feed(harness, 'a', ['w', 2])
    harness.setProcessingTime(1_010)
    assert.deepEqual(harness.output, ['a [0,100) vw'])
    assert.equal(harness.nextTimer('processing-time'), undefined)
    harness.setProcessingTime(1_050)
    feed(harness, 'a', ['x', 3])
    assert.equal(harness.nextTimer('processing-time'), 1_060)
    harness.processWatermark(99)
    assert.deepEqual(harness.output, ['a [0,100) vw', 'a [0,100) vwx'])
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('processing-time'), undefined)
  })

  it('may come by count, and be dropped when they are out', async () => {
    await using harness = await triggered(purgingTrigger(early(countTrigger(2))))
    feed(harness, 'a', ['v', 1], ['w', 2], ['x', 3], ['y', 4], ['z', 5])
    harness.processWatermark(99)
    assert.deepEqual(harness.output, ['a [0,100) vw', 'a [0,100) xy', 'a [0,100) z'])
  })

  it('of sessions are merged with them', async () => {
    await using harness = await windowHarness<string, string, string>(
      (keyed) =>
        keyed
          .window(sessionWindow(10))
          .trigger(early(countTrigger(3), late(countTrigger(1))))
          .reduce(UID, concat, show),
      types,
    )
    feed(harness, 'a', ['v', 0], ['w', 18], ['x', 9])
    assert.deepEqual(harness.output, ['a [0,28) vwx'], 'the counts of two sessions are one')
    feed(harness, 'a', ['y', 10])
    harness.processWatermark(100)
    assert.deepEqual(harness.output.slice(1), ['a [0,28) vwxy'])
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })
})

describe('late results', () => {
  it('come as their trigger says, with its own count', async () => {
    await using harness = await triggered(late(countTrigger(2)), 50)
    feed(harness, 'a', ['v', 1], ['w', 2], ['x', 3])
    harness.processWatermark(99)
    feed(harness, 'a', ['1', 1])
    assert.deepEqual(harness.output, ['a [0,100) vwx'])
    feed(harness, 'a', ['2', 1], ['3', 1])
    harness.processWatermark(149)
    assert.deepEqual(harness.output, ['a [0,100) vwx', 'a [0,100) vwx12'])
    assert.deepEqual(harness.keys(), [])
  })

  it('need not come', async () => {
    await using harness = await triggered(late(neverTrigger()), 50)
    feed(harness, 'a', ['v', 1])
    harness.processWatermark(99)
    feed(harness, 'a', ['1', 1])
    harness.processWatermark(149)
    assert.deepEqual(harness.output, ['a [0,100) v'])
  })
})

describe('early, on time and late', () => {
  for (const { name, isThere, create } of backends) {
    it(`go together over a snapshot, on ${name}`, { skip: !isThere }, async () => {
      const chain: Parameters<typeof windowHarness<string, string, string>>[0] = (keyed) =>
        keyed
          .window(tumblingWindow(100))
          .trigger(early(countTrigger(3), late(countTrigger(2))))
          .allowedLateness(50)
          .reduce(UID, concat, show)
      await using before = await windowHarness(chain, { ...types, memory: 1, backend: create() })
      feed(before, 'a', ['v', 1], ['w', 2])
      let restore = await before.snapshot()
      const options = { ...types, memory: 1 }
      await using middle = await windowHarness(chain, { ...options, restore, backend: create() })
      feed(middle, 'a', ['x', 3], ['y', 4])
      middle.processWatermark(99)
      feed(middle, 'a', ['1', 1])
      assert.deepEqual(middle.output, ['a [0,100) vwx', 'a [0,100) vwxy'])
      restore = await middle.snapshot()
      await using harness = await windowHarness(chain, { ...options, restore, backend: create() })
      feed(harness, 'a', ['2', 1], ['3', 1])
      assert.deepEqual(harness.output, ['a [0,100) vwxy12'])
      harness.processWatermark(149)
      assert.deepEqual(harness.keys(), [])
      assert.equal(harness.nextTimer('event-time'), undefined)
    })
  }
})
