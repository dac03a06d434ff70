// Windows by slices: state of a record in one place however many windows it is in, and the same
// results as windows that are kept one by one, late ones and snapshots in the middle included.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  cumulativeWindow,
  type DataStream,
  eventTimeTrigger,
  slidingWindow,
  t,
  type WindowAssigner,
  type WindowedStream,
} from 'millrace'
import type { Random } from '../../../src/util/random.ts'
import { backends, feed, randomFor, show, sum, UID, windowHarness } from './harness.ts'
import { type Keyed, late, randomSteps, run, runOver, types } from './random-steps.ts'

type Folded = (windowed: WindowedStream<string, number>) => DataStream<string>

const total = {
  accumulator: t.struct({ sum: t.float64, n: t.int32 }),
  createAccumulator: () => ({ sum: 0, n: 0 }),
  add(value: number, held: { sum: number; n: number }) {
    held.sum += value // in place, as is allowed
    held.n++
    return held
  },
  getResult: (held: { readonly sum: number; readonly n: number }) => `${held.sum}/${held.n}`,
  merge(a: { sum: number; n: number }, b: { sum: number; n: number }) {
    a.sum += b.sum
    a.n += b.n
    b.sum = b.n = Number.NaN // it may change both
    return a
  },
}

const folds: readonly Folded[] = [
  (windowed) => windowed.reduce(UID, sum, show),
  (windowed) => windowed.count(UID, show),
  (windowed) => windowed.aggregate(UID, total, show),
]

/** The same trigger, but not the one that the engine knows to be the default. */
const onebyOne = { ...eventTimeTrigger() }

interface Case {
  readonly text: string
  readonly sliced: (keyed: Keyed) => DataStream<string>
  readonly naive: (keyed: Keyed) => DataStream<string>
}

function randomCase(random: Random): Case {
  const slide = 1 + random.int(12)
  const isCumulative = random.int(3) === 0
  const size = isCumulative ? slide * (1 + random.int(6)) : slide + 1 + random.int(40)
  const offset = random.int(2 * slide - 1) - slide + 1
  const lateness = random.int(2) * random.int(40)
  const which = random.int(folds.length)
  const assigner = (): WindowAssigner =>
    isCumulative
      ? cumulativeWindow(size, slide, { offset })
      : slidingWindow(size, slide, { offset })
  const windowed = (keyed: Keyed): WindowedStream<string, number> =>
    keyed.window(assigner()).allowedLateness(lateness).sideOutputLateData(late)
  const fold = folds[which] as Folded // of those that are there
  return {
    text: JSON.stringify({ isCumulative, size, slide, offset, lateness, which }),
    sliced: (keyed) => fold(windowed(keyed)),
    naive: (keyed) => fold(windowed(keyed).trigger(onebyOne)),
  }
}

describe('windows by slices', () => {
  const rounds = Number(process.env['ROUNDS'] ?? 60)

  it('give what windows give that are kept one by one, in the same order', async (context) => {
    const random = randomFor(context)
    for (let round = 0; round < rounds; round++) {
      const { text, sliced, naive } = randomCase(random)
      const steps = randomSteps(random, 60)
      assert.deepEqual(await run(sliced, steps, {}), await run(naive, steps, {}), text)
    }
  })

  for (const { name, isThere, create } of backends) {
    it(`do so over a snapshot at any point, on ${name}`, { skip: !isThere }, async (context) => {
      const random = randomFor(context)
      for (let round = 0; round < rounds / 6; round++) {
        const { text, sliced, naive } = randomCase(random)
        const steps = randomSteps(random, 60)
        const cut = random.int(steps.length)
        const options = { backend: create(), memory: 1 }
        const whole = await runOver(cut, sliced, steps, options)
        assert.deepEqual(whole, await run(naive, steps, {}), text)
      }
    })
  }

  it('keep one accumulator for a record in sixty windows, and one timer for its key', async () => {
    await using harness = await windowHarness<string, number, string>(
      (keyed) => keyed.window(slidingWindow(60, 1)).reduce(UID, sum, show),
      types,
    )
    feed(harness, 'a', [1, 0], [2, 0], [4, 30])
    assert.equal(harness.nextTimer('event-time'), 0)
    harness.processWatermark(0)
    assert.deepEqual(harness.output, ['a [-59,1) 3'])
    assert.equal(harness.nextTimer('event-time'), 1)
    harness.processWatermark(100)
    assert.equal(harness.output.length, 90)
    assert.deepEqual(harness.output.slice(29, 32), ['a [-30,30) 3', 'a [-29,31) 7', 'a [-28,32) 7'])
    assert.deepEqual(harness.output.slice(59, 61), ['a [0,60) 7', 'a [1,61) 4'])
    assert.deepEqual(harness.keys(), [])
  })

  it('may get another size and slide: no value is lost, nothing stays', async () => {
    const sliding = (size: number, slide: number) => (keyed: Keyed) =>
      keyed.window(slidingWindow(size, slide)).reduce(UID, sum, show)
    await using before = await windowHarness(sliding(40, 2), types)
    feed(before, 'a', [1, 0], [2, 9], [4, 31])
    before.processWatermark(10)
    const restore = await before.snapshot()
    await using harness = await windowHarness(sliding(30, 10), { ...types, restore })
    feed(harness, 'a', [8, 35])
    harness.processWatermark(1_000)
    assert.deepEqual(harness.output.slice(0, 2), ['a [-10,20) 3', 'a [0,30) 3'])
    assert.deepEqual(harness.output.at(-1), 'a [30,60) 12')
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })

  it('skip the times without records', async () => {
    await using harness = await windowHarness<string, number, string>(
      (keyed) => keyed.window(slidingWindow(4, 2)).reduce(UID, sum, show),
      types,
    )
    feed(harness, 'a', [1, 0], [2, 1_000_000_001])
    harness.processWatermark(3)
    assert.equal(harness.nextTimer('event-time'), 1_000_000_001)
    harness.processWatermark(2_000_000_000)
    assert.deepEqual(harness.output, [
      'a [-2,2) 1',
      'a [0,4) 1',
      'a [999999998,1000000002) 2',
      'a [1000000000,1000000004) 2',
    ])
  })
})
