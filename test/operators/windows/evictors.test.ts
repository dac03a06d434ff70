// What leaves windows when they fire, and windows of so many records.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  countEvictor,
  countTrigger,
  type DataStream,
  deltaEvictor,
  deltaTrigger,
  type Evictor,
  globalWindow,
  type KeyedStream,
  sessionWindow,
  t,
  timeEvictor,
  tumblingWindow,
} from 'millrace'
import type { KeyedHarness } from 'millrace/testing'
import { backends, concat, feed, show, UID, windowHarness } from './harness.ts'

type Keyed<T> = KeyedStream<string, T>
type Harness<T> = KeyedHarness<string, T, string, {}>

const open = (chain: (keyed: Keyed<string>) => DataStream<string>): Promise<Harness<string>> =>
  windowHarness(chain, { key: t.string, input: t.string })
const openNumbers = (
  chain: (keyed: Keyed<number>) => DataStream<string>,
): Promise<Harness<number>> => windowHarness(chain, { key: t.string, input: t.float64 })

const give = (harness: Harness<string>, key: string, text: string): void => {
  for (const value of text) harness.processElement(key, value)
}

/** Fires at each record of the window of all time. */
const each = (keyed: Keyed<string>, evictor: Evictor<string>): DataStream<string> =>
  keyed.window(globalWindow()).evictor(evictor).trigger(countTrigger(1)).reduce(UID, concat)

describe('an evictor', () => {
  it('by count keeps the last ones', async () => {
    await using harness = await open((keyed) => each(keyed, countEvictor(2)))
    give(harness, 'a', 'vwxy')
    assert.deepEqual(harness.output, ['v', 'vw', 'wx', 'xy'])
  })

  it('may take values away after the function has seen them', async () => {
    await using harness = await open((keyed) => each(keyed, countEvictor(2, { when: 'after' })))
    give(harness, 'a', 'vwxy')
    assert.deepEqual(harness.output, ['v', 'vw', 'vwx', 'wxy'])
  })

  it('by time keeps what is less old than the newest, out of order too', async () => {
    await using harness = await open((keyed) => each(keyed, timeEvictor(10)))
    feed(harness, 'a', ['v', 15], ['w', 6], ['x', 5], ['y', 24], ['z', 25])
    assert.deepEqual(harness.output, ['v', 'vw', 'vw', 'vy', 'yz'])
  })

  it('by time keeps all without timestamps', async () => {
    await using harness = await open((keyed) => each(keyed, timeEvictor(10)))
    give(harness, 'a', 'xy')
    assert.deepEqual(harness.output, ['x', 'xy'])
  })

  it('by distance keeps what is near the last', async () => {
    await using harness = await openNumbers((keyed) =>
      keyed
        .window(globalWindow())
        .evictor(deltaEvictor(5, (value, last) => Math.abs(value - last)))
        .trigger(countTrigger(1))
        .process(UID, { process: (_key, _window, values, out) => out.collect(values.join(' ')) }),
    )
    for (const value of [1, 4, 6, 9, 1]) harness.processElement('a', value)
    assert.deepEqual(harness.output, ['1', '1 4', '4 6', '6 9', '1'])
  })

  it('may take from the middle; when nothing stays, nothing fires', async () => {
    const evictor: Evictor<string> = {
      before: (elements) => elements.filter(({ value }) => value !== 'x'),
    }
    await using harness = await open((keyed) => each(keyed, evictor))
    give(harness, 'a', 'xvxw')
    assert.deepEqual(harness.output, ['v', 'v', 'vw'])
    give(harness, 'b', 'x')
    assert.equal(harness.output.length, 3)
    assert.deepEqual(harness.keys(), ['a'])
  })

  it('gets values with timestamps, the window and the times', async () => {
    const seen: unknown[] = []
    await using harness = await open((keyed) =>
      keyed
        .window(tumblingWindow(10))
        .evictor({
          after(elements, { window, currentWatermark }) {
            seen.push(elements, window, currentWatermark)
            return elements
          },
        })
        .reduce(UID, concat),
    )
    feed(harness, 'a', ['x', 3])
    harness.processWatermark(9)
    assert.deepEqual(seen, [[{ value: 'x', timestamp: 3 }], { start: 0, end: 10 }, 9])
    assert.deepEqual(harness.keys(), [])
  })

  it('must give what it got', async () => {
    for (const before of [() => [{ value: 'x', timestamp: 1 }], () => undefined as never]) {
      await using harness = await open((keyed) => each(keyed, { before }))
      assert.throws(() => give(harness, 'a', 'x'), { code: 'TYPE_MISMATCH' })
    }
    await assert.rejects(async () => open((keyed) => each(keyed, {})), {
      code: 'JOB_GRAPH_INVALID',
      message: /evictor with before or after/,
    })
    assert.throws(() => countEvictor(0), { code: 'JOB_GRAPH_INVALID' })
    assert.throws(() => deltaEvictor(Number.NaN, () => 1), { code: 'JOB_GRAPH_INVALID' })
  })

  it('goes with sessions, which keep their values when they merge', async () => {
    await using harness = await open((keyed) =>
      keyed.window(sessionWindow(10)).evictor(countEvictor(3)).reduce(UID, concat, show),
    )
    feed(harness, 'a', ['v', 0], ['w', 2], ['y', 20], ['x', 11])
    harness.processWatermark(100)
    assert.deepEqual(harness.output, ['a [0,30) wyx'])
    assert.deepEqual(harness.keys(), [])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })
})

describe('windows by count', () => {
  for (const { name, isThere, create } of backends) {
    it(`are disjoint, per key, over a snapshot, on ${name}`, { skip: !isThere }, async () => {
      const types = { key: t.string, input: t.string, memory: 1 }
      const chain = (keyed: Keyed<string>) => keyed.countWindow(3).reduce(UID, concat)
      await using before = await windowHarness(chain, { ...types, backend: create() })
      give(before, 'a', 'uv')
      give(before, 'b', 'xyz1')
      const restore = await before.snapshot()
      await using harness = await windowHarness(chain, { ...types, backend: create(), restore })
      give(harness, 'a', 'w')
      give(harness, 'b', '2')
      assert.deepEqual([before.output, harness.output], [['xyz'], ['uvw']])
      assert.deepEqual(harness.keys(), ['b'])
    })

    it(`slide, over a snapshot, on ${name}`, { skip: !isThere }, async () => {
      const types = { key: t.string, input: t.string, memory: 1 }
      const chain = (keyed: Keyed<string>) => keyed.countWindow(3, 2).reduce(UID, concat)
      await using before = await windowHarness(chain, { ...types, backend: create() })
      give(before, 'a', '12345')
      const restore = await before.snapshot()
      await using harness = await windowHarness(chain, { ...types, backend: create(), restore })
      give(harness, 'a', '678')
      assert.deepEqual(
        [before.output, harness.output],
        [
          ['12', '234'],
          ['456', '678'],
        ],
      )
    })
  }

  it('take no number that is none', async () => {
    for (const [size, slide] of [
      [0, 1],
      [2, 0],
      [1.5, 1],
      [2, Number.NaN],
    ] as const) {
      const refused = async () =>
        open((keyed) => keyed.countWindow(size, slide).reduce(UID, concat))
      await assert.rejects(refused, { code: 'JOB_GRAPH_INVALID' })
    }
  })
})

describe('the trigger by distance', () => {
  it('fires when a record is far from the one of before', async () => {
    await using harness = await openNumbers((keyed) =>
      keyed
        .window(globalWindow())
        .trigger(deltaTrigger(5, (last, value) => Math.abs(value - last), t.float64))
        .process(UID, { process: (_key, _window, values, out) => out.collect(values.join(' ')) }),
    )
    for (const value of [1, 6, 7, 8, 12, 13]) harness.processElement('a', value)
    assert.deepEqual(harness.output, ['1 6 7', '1 6 7 8 12 13'])
  })
})
