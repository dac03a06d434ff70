// A snapshot in the middle of windows, restored on either backend: what follows is what would have
// followed, also when rows and entries have to leave memory. And that the result does not depend on
// the order of records within the bound.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  continuousEventTimeTrigger,
  countTrigger,
  cumulativeWindow,
  type DataStream,
  type KeyedStream,
  purgingTrigger,
  sessionWindow,
  slidingWindow,
  t,
  type Trigger,
  tumblingWindow,
  valueState,
} from 'millrace'
import type { KeyedHarness, KeyedHarnessOptions } from 'millrace/testing'
import { type Random } from '../../../src/util/random.ts'
import { backends, randomFor, show, sum, UID, windowHarness } from './harness.ts'

type Chain = (keyed: KeyedStream<string, number>) => DataStream<string>
type Harness = KeyedHarness<string, number, string, {}>

const total = {
  accumulator: t.struct({ sum: t.float64, n: t.int32 }),
  createAccumulator: () => ({ sum: 0, n: 0 }),
  add(value: number, held: { sum: number; n: number }) {
    held.sum += value // in place, as is allowed
    held.n++
    return held
  },
  getResult: (held: { readonly sum: number; readonly n: number }) => `${held.sum}/${held.n}`,
  merge: (a: { sum: number; n: number }, b: { sum: number; n: number }) => ({
    sum: a.sum + b.sum,
    n: a.n + b.n,
  }),
}

const chains: Readonly<Record<string, Chain>> = {
  'tumbling reduce': (keyed) => keyed.window(tumblingWindow(20)).reduce(UID, sum, show),
  'sliding aggregate': (keyed) => keyed.window(slidingWindow(40, 15)).aggregate(UID, total, show),
  'cumulative count': (keyed) => keyed.window(cumulativeWindow(60, 20)).count(UID, show),
  'session aggregate': (keyed) => keyed.window(sessionWindow(12)).aggregate(UID, total, show),
  'session process': (keyed) =>
    keyed.window(sessionWindow((value) => 8 + (value % 9))).process(UID, {
      process: (key, window, values, out) =>
        out.collect(show(values.toSorted((a, b) => a - b).join(' '), { key, window })),
    }),
}

/** With triggers and lateness the order of records shows in the results. */
const ordered: Readonly<Record<string, Chain>> = {
  ...chains,
  'tumbling by count, purged': (keyed) =>
    keyed
      .window(tumblingWindow(50))
      .trigger(purgingTrigger(countTrigger(3)))
      .count(UID, show),
  'session continuously': (keyed) =>
    keyed
      .window(sessionWindow(15))
      .trigger(continuousEventTimeTrigger(10))
      .allowedLateness(10)
      .aggregate(UID, total, show),
  'tumbling process with state': (keyed) =>
    keyed
      .window(tumblingWindow(30))
      .allowedLateness(30)
      .process(UID, {
        state: { fired: valueState(t.int32, { initial: 0 }) },
        windowState: { fired: valueState(t.int32, { initial: 0 }) },
        process(key, window, values, out, { state, windowState }) {
          state.fired.update(state.fired.value() + 1)
          windowState.fired.update(windowState.fired.value() + 1)
          const text = [windowState.fired.value(), state.fired.value(), ...values].join(' ')
          out.collect(show(text, { key, window }))
        },
      }),
}

interface Step {
  readonly key: string
  readonly value: number
  readonly timestamp: number
}

const BOUND = 15
const KEYS = ['a', 'b', 'c', 'd', 'e']

function randomSteps(random: Random, count: number): Step[] {
  return Array.from({ length: count }, (_, index) => ({
    key: KEYS[random.int(KEYS.length)] ?? '',
    value: random.int(100),
    timestamp: index * 2 - 100 + random.int(3),
  }))
}

/** Feeds a record, then the watermark that a source with this bound would give. */
function feed(harness: Harness, steps: readonly Step[], from = 0, newest = -Infinity): number {
  let max = newest
  for (const { key, value, timestamp } of steps.slice(from)) {
    harness.processElement(key, value, timestamp)
    max = Math.max(max, timestamp)
    harness.processWatermark(max - BOUND - 1)
  }
  return max
}

async function outputOf(chain: Chain, steps: readonly Step[]): Promise<readonly string[]> {
  await using harness = await windowHarness(chain, { key: t.string, input: t.float64 })
  feed(harness, steps)
  harness.processWatermark(Infinity)
  return harness.output
}

describe('a snapshot in the middle', () => {
  for (const { name, isThere, create } of backends) {
    for (const [what, chain] of Object.entries(ordered)) {
      it(`changes nothing: ${what} on ${name}`, { skip: !isThere }, async (context) => {
        const random = randomFor(context)
        const steps = randomSteps(random, 90)
        const cuts = [20, 21, 60]
        const types = { key: t.string, input: t.float64 }
        const results: string[] = []
        let options: KeyedHarnessOptions = { backend: create(), memory: 1 }
        let from = 0
        let newest = -Infinity
        for (const cut of [...cuts, steps.length]) {
          await using harness = await windowHarness(chain, { ...types, ...options })
          newest = feed(harness, steps.slice(0, cut), from, newest)
          from = cut
          const restore = await harness.snapshot()
          options = { backend: create(), restore, memory: 1 }
          // What follows the snapshot in this harness must not be seen by the next.
          if (cut < steps.length) {
            results.push(...harness.output)
            feed(harness, steps, cut, newest)
          } else {
            harness.processWatermark(Infinity)
            results.push(...harness.output)
            assert.equal(harness.nextTimer('event-time'), undefined)
          }
        }
        assert.deepEqual(results, await outputOf(chain, steps))
      })
    }
  }
})

describe('a snapshot of other windows', () => {
  const types = { key: t.string, input: t.float64 }
  const tumbling = (size: number): Chain => {
    return (keyed) => keyed.window(tumblingWindow(size)).reduce(UID, sum, show)
  }
  const session: Chain = (keyed) => keyed.window(sessionWindow(10)).reduce(UID, sum, show)

  for (const [what, from, to] of [
    ['aligned windows', tumbling(10), session],
    ['sessions', session, tumbling(10)],
  ] as const) {
    it(`is refused: ${what} cannot become the others`, async () => {
      await using harness = await windowHarness(from, types)
      harness.processElement('a', 1, 1)
      const restore = await harness.snapshot()
      await assert.rejects(windowHarness(to, { ...types, restore }), {
        code: 'CHECKPOINT_INCOMPATIBLE',
      })
    })
  }

  it('is taken if only the size has changed: no value is lost, nothing stays', async () => {
    await using harness = await windowHarness(tumbling(10), types)
    for (const at of [5, 15, 25]) harness.processElement('a', at, at)
    const restore = await harness.snapshot()
    await using other = await windowHarness(tumbling(20), { ...types, restore })
    for (const at of [6, 16, 26]) other.processElement('a', at, at)
    other.processWatermark(100)
    const sums = other.output.map((line) => Number(line.split(' ').at(-1)))
    assert.equal(sums.reduce(sum), 5 + 15 + 25 + 6 + 16 + 26)
    assert.deepEqual(other.keys(), [])
  })
})

/** The records in another order, none more than the bound behind the newest before it. */
function shuffled(random: Random, steps: readonly Step[]): Step[] {
  return steps
    .map((step) => ({ step, at: step.timestamp + random.int(BOUND) }))
    .sort((a, b) => a.at - b.at)
    .map(({ step }) => step)
}

describe('records out of order within the bound', () => {
  for (const [what, chain] of Object.entries(chains)) {
    it(`give the same result: ${what}`, async (context) => {
      const random = randomFor(context)
      for (let round = 0; round < 4; round++) {
        const steps = randomSteps(random, 80)
        const expected = (await outputOf(chain, steps)).toSorted()
        const other = shuffled(random, steps)
        assert.deepEqual((await outputOf(chain, other)).toSorted(), expected)
      }
    })
  }

  it('give for tumbling windows what grouping all at once gives', async (context) => {
    const random = randomFor(context)
    for (let round = 0; round < 5; round++) {
      const size = 1 + random.int(40)
      const offset = random.int(size)
      const steps = shuffled(random, randomSteps(random, 100))
      const sums = new Map<string, number>()
      for (const { key, value, timestamp } of steps) {
        const start = Math.floor((timestamp - offset) / size) * size + offset
        const name = `${key} [${start},${start + size})`
        sums.set(name, (sums.get(name) ?? 0) + value)
      }
      const chain: Chain = (keyed) =>
        keyed.window(tumblingWindow(size, { offset })).reduce(UID, sum, show)
      const expected = Array.from(sums, ([name, value]) => `${name} ${value}`).toSorted()
      assert.deepEqual((await outputOf(chain, steps)).toSorted(), expected)
    }
  })
})

it('a timer that another trigger set by the clock does not end a window', async () => {
  const byClock: Trigger<number> = {
    onElement(_value, _timestamp, _window, ctx) {
      ctx.registerProcessingTimeTimer(1000)
      return 'continue'
    },
    onEventTime: () => 'continue',
    onProcessingTime: () => 'fire',
    clear: () => undefined,
  }
  const windows = (keyed: KeyedStream<string, number>) => keyed.window(tumblingWindow(20))
  await using before = await windowHarness<string, number, string>(
    (keyed) => windows(keyed).trigger(byClock).reduce(UID, sum, show),
    { key: t.string, input: t.float64 },
  )
  before.processElement('a', 5, 3)
  await using after = await windowHarness<string, number, string>(
    (keyed) => windows(keyed).reduce(UID, sum, show),
    { key: t.string, input: t.float64, restore: await before.snapshot() },
  )
  after.setProcessingTime(2000)
  assert.deepEqual(after.output, [])
  after.processElement('a', 7, 4)
  after.processWatermark(19)
  assert.deepEqual(after.output, ['a [0,20) 12'])
})
