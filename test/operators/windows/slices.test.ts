// Windows by slices: state of a record in one place however many windows it is in, and the same
// results as windows that are kept one by one, late ones and snapshots in the middle included.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  cumulativeWindow,
  type DataStream,
  eventTimeTrigger,
  type KeyedStream,
  outputTag,
  slidingWindow,
  t,
  type WindowAssigner,
  type WindowedStream,
} from 'millrace'
import type { KeyedHarness } from 'millrace/testing'
import type { Random } from '../../../src/util/random.ts'
import { backends, feed, randomFor, show, sum, UID, windowHarness } from './harness.ts'

type Keyed = KeyedStream<string, number>
type Harness = KeyedHarness<string, number, string, {}>
type Folded = (windowed: WindowedStream<string, number>) => DataStream<string>

const late = outputTag('late', t.float64)
const types = { key: t.string, input: t.float64 }

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

type Step = (harness: Harness) => void

/** Records out of order, and watermarks that stand still, creep and jump. */
function randomSteps(random: Random, count: number): Step[] {
  let now = random.int(200) - 100
  let watermark = -Infinity
  return Array.from({ length: count }, (): Step => {
    now += random.int(20) === 0 ? random.int(150) : random.int(4)
    if (random.int(4) === 0) {
      watermark = Math.max(watermark, now - random.int(25))
      const time = watermark
      return (harness) => harness.processWatermark(time)
    }
    const key = 'abc'[random.int(3)] ?? ''
    const value = random.int(100)
    const timestamp = now - random.int(random.int(10) === 0 ? 80 : 15)
    return (harness) => harness.processElement(key, value, timestamp)
  })
}

type Options = Omit<NonNullable<Parameters<typeof windowHarness>[1]>, 'key' | 'input'>

interface Seen {
  readonly output: readonly string[]
  readonly timestamps: readonly (number | undefined)[]
  readonly late: readonly number[]
}

function seenOf(harness: Harness): Seen {
  return {
    output: [...harness.output],
    timestamps: [...harness.outputTimestamps],
    late: [...harness.sideOutput(late)],
  }
}

async function run(
  chain: (keyed: Keyed) => DataStream<string>,
  steps: readonly Step[],
  options: Options,
): Promise<Seen> {
  await using harness = await windowHarness(chain, { ...types, ...options })
  for (const step of steps) step(harness)
  harness.processWatermark(Infinity)
  assert.deepEqual(harness.keys(), [], 'no state is left')
  assert.equal(harness.nextTimer('event-time'), undefined, 'no timer is left')
  return seenOf(harness)
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
        await using before = await windowHarness(sliced, { ...types, ...options })
        for (const step of steps.slice(0, cut)) step(before)
        const first = seenOf(before)
        const restore = await before.snapshot()
        for (const step of steps.slice(cut)) step(before) // which the other must not see
        const second = await run(sliced, steps.slice(cut), { ...options, restore })
        const whole = {
          output: [...first.output, ...second.output],
          timestamps: [...first.timestamps, ...second.timestamps],
          late: [...first.late, ...second.late],
        }
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
