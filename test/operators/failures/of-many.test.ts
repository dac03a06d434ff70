// Error policies where a function works on several records: a record that cannot be added is as if
// it had never been; what is made of many (a window, a pair, a match) fails for itself.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  countEvictor,
  countTrigger,
  deadLetterTag,
  job,
  pattern,
  sessionWindow,
  slidingWindow,
  t,
  tumblingWindow,
} from 'millrace'
import type { DataStream, DeadLetter, KeyedStream, Trigger } from 'millrace'
import { collection, print } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'

const Item = t.struct({ k: t.string, n: t.float64, at: t.timestamp })
interface Item {
  k: string
  n: number
  at: number
}
const nothing = collection<Item>([], { type: Item })
const item = (n: number, at = Math.abs(n)): Item => ({ k: at % 2 === 0 ? 'a' : 'b', n, at })

type Keyed = KeyedStream<string, Item>
/** Asks for the second stream if it joins. */
type Build = (items: Keyed, others: () => Keyed) => unknown

async function outputsOf(build: Build, items: readonly Item[], disturbed = false) {
  const sources = new Set(['items'])
  const made = job('made-of-many', (env) => {
    const time = { timestamp: ({ at }: Item) => at, maxOutOfOrderness: 5 }
    const items = env.fromSource('items', nothing, time).keyBy(({ k }) => k)
    const others = (): Keyed => {
      sources.add('others')
      return env.fromSource('others', nothing, time).keyBy(({ k }) => k)
    }
    const done = (build(items, others) as DataStream<unknown>).onError('dead-letter')
    done.sinkTo('out', print())
    done.sideOutput(deadLetterTag).sinkTo('letters', print())
  })
  await using harness = await jobHarness(made)
  for (const [index, each] of items.entries()) {
    for (const source of sources) await harness.source<Item>(source).send(each)
    if (!disturbed) continue
    if (index % 4 === 1) await harness.checkpoint()
    if (index % 7 === 3) await harness.crash()
    if (index % 9 === 4) await harness.rescale((index % 3) + 1)
  }
  await harness.finish()
  const shown = (each: unknown): string => JSON.stringify(each)
  return {
    out: harness.output<unknown>('out').map(shown).toSorted(),
    letters: harness.output<DeadLetter>('letters'),
  }
}

const good = Array.from({ length: 24 }, (_, at) => item(at + 1))
/** Before and after good ones, and the first and last of their window. */
const poisoned = good.flatMap((each) => [item(-100, each.at), each, item(-101, each.at)])

/** Has changed what it was given before it throws. */
const summing = {
  createAccumulator: (): { seen: number[] } => ({ seen: [] }),
  add: ({ n }: Item, held: { seen: number[] }) => {
    held.seen.push(n)
    if (n < 0) throw new Error(`no ${n}`)
    return held
  },
  getResult: ({ seen }: { seen: number[] }) => seen.join(),
  merge: (a: { seen: number[] }, b: { seen: number[] }) => {
    a.seen.push(...b.seen)
    return a
  },
}

/** Fires at every third record, and at the end; keeps its count before it throws. */
const counting: Trigger<Item, number> = {
  state: t.float64,
  onElement({ n }, _timestamp, window, { state, currentWatermark }) {
    const count = (state.value() ?? 0) + 1
    state.update(count)
    if (n < 0) throw new Error('no trigger')
    return count % 3 === 0 && currentWatermark < window.end ? 'fire' : 'continue'
  },
  onEventTime: () => 'fire',
  onProcessingTime: () => 'continue',
  clear: (_window, { state }) => state.clear(),
}

describe('a record that cannot be added', () => {
  const builds: Readonly<Record<string, Build>> = {
    'to a window': (items) => items.window(tumblingWindow(8)).aggregate('made', summing),
    'to slices': (items) => items.window(slidingWindow(12, 4)).aggregate('made', summing),
    'to sessions': (items) => items.window(sessionWindow(4)).aggregate('made', summing),
    'as its trigger says': (items) =>
      items.window(tumblingWindow(8)).trigger(counting).aggregate('made', summing),
    'to a running fold': (items) => items.aggregate('made', summing),
    'to a list of the first': (items) =>
      items.topN('made', 2, {
        by: ({ n }) => {
          if (n < 0) throw new Error(`no ${n}`)
          return n
        },
      }),
  }
  for (const [name, build] of Object.entries(builds)) {
    it(`${name} leaves nothing behind`, async () => {
      const wanted = await outputsOf(build, good)
      assert.deepEqual(wanted.letters, [])
      const found = await outputsOf(build, poisoned)
      assert.deepEqual(found.out, wanted.out)
      const ns = found.letters.map(({ record }) => (record as Item).n)
      assert.equal(ns.length, poisoned.length - good.length)
      assert.ok(ns.every((n) => n < 0))
    })
  }

  it('is told once, whatever restarts in between', async () => {
    const build: Build = (items) => items.window(sessionWindow(4)).aggregate('made', summing)
    const wanted = await outputsOf(build, poisoned)
    const found = await outputsOf(build, poisoned, true)
    assert.deepEqual(found.out, wanted.out)
    const told = ({ letters }: typeof wanted) =>
      letters.map(({ record, key }) => JSON.stringify([record, key])).toSorted()
    assert.deepEqual(told(found), told(wanted))
  })
})

/** Of windows: refuses the one that begins at 8. */
const refuse = (start: number): void => {
  if (start === 8) throw new Error('no window of 8')
}

describe('a window that fails', () => {
  const size = tumblingWindow(8)
  const builds: Readonly<Record<string, Build>> = {
    'at the end': (items) =>
      items.window(size).process('made', {
        process: (_key, { start }, values, out) => {
          out.collect(['begun', start])
          refuse(start)
          out.collect(values.map(({ n }) => n))
        },
      }),
    'by its result': (items) =>
      items.window(size).aggregate('made', summing, (seen, { window }) => {
        refuse(window.start)
        return seen
      }),
    'in slices': (items) =>
      items.window(slidingWindow(8, 4)).aggregate('made', summing, (seen, { window }) => {
        refuse(window.start)
        return seen
      }),
    'by its evictor': (items) =>
      items
        .window(size)
        .evictor({
          before: (elements, { window }) => {
            refuse(window.start)
            return elements
          },
        })
        .process('made', {
          process: (_key, _window, values, out) => out.collect(values.map(({ n }) => n)),
        }),
    'by its trigger': (items) =>
      items
        .window(size)
        .trigger({
          onElement: () => 'continue',
          onEventTime: (_time, { start }) => {
            refuse(start)
            return 'fire'
          },
          onProcessingTime: () => 'continue',
          clear: () => undefined,
        })
        .process('made', {
          process: (_key, _window, values, out) => out.collect(values.map(({ n }) => n)),
        }),
    'of two streams': (items, others) =>
      items
        .coGroup(others())
        .window(size)
        .apply('made', (left, _right, { window }, out) => {
          refuse(window.start)
          out.collect(left.map(({ n }) => n))
        }),
  }
  for (const [name, build] of Object.entries(builds)) {
    it(`${name} is told with what it held; the others are as ever`, async () => {
      const { out, letters } = await outputsOf(build, good)
      assert.ok(out.length > 0)
      assert.ok(!out.some((each) => each.includes('begun",8')))
      assert.deepEqual(
        letters
          .map(({ window, key, message }) => `${window?.start} ${String(key)} ${message}`)
          .toSorted((a, b) => (a < b ? -1 : 1)),
        ['8 a no window of 8', '8 b no window of 8'],
      )
      const held = JSON.stringify(letters.map(({ record }) => record))
      for (const n of [8, 9, 14, 15]) assert.match(held, new RegExp(`\\b${n}\\b`))
    })
  }

  it('because of a record that fires it drops what it would have purged', async () => {
    const build: Build = (items) =>
      items
        .window(size)
        .evictor(countEvictor(2))
        .trigger(countTrigger(2))
        .process('made', {
          process: (_key, { start }, values, out) => {
            refuse(start)
            out.collect(values.map(({ n }) => n))
          },
        })
    const { out, letters } = await outputsOf(build, good)
    assert.ok(out.length > 4)
    // Two firings of each key; the records are no fault of their own.
    assert.deepEqual(
      letters.map(({ window }) => window?.start),
      [8, 8, 8, 8],
    )
  })
})

describe('a pair that fails', () => {
  const join = (left: Item | undefined, right: Item | undefined): unknown => {
    if (left?.n === 9 && right?.n === 9) throw new Error('no nines')
    return [left?.n, right?.n]
  }
  const builds: Readonly<Record<string, Build>> = {
    'in a window': (items, others) =>
      items.join(others()).window(tumblingWindow(8)).apply('made', join),
    'in an interval': (items, others) =>
      items.intervalJoin(others()).between(-2, 2).process('made', join),
    'of a version': (items, others) => items.temporalJoin(others()).process('made', join),
  }
  for (const [name, build] of Object.entries(builds)) {
    it(`${name} is told alone`, async () => {
      const { out, letters } = await outputsOf(build, good)
      const [letter, ...others] = letters
      assert.deepEqual(others, [])
      assert.equal(letter?.message, 'no nines')
      assert.match(JSON.stringify(letter.record), /"n":9/)
      assert.ok(out.includes('[7,7]') && out.includes('[11,11]'))
      assert.ok(!out.includes('[9,9]'))
    })
  }
})

describe('a pattern', () => {
  const twice = pattern<Item>()
    .begin('one', ({ n }) => {
      if (n < 0) throw new Error(`no ${n}`)
      return n % 3 === 0
    })
    .followedBy('two', ({ n }) => n % 5 === 0)
  const build: Build = (items) =>
    items.pattern(twice).select('made', ({ one, two }) => {
      if (two[0].n === 15) throw new Error('no match of 15')
      return [one[0].n, two[0].n]
    })

  it('passes over events that it cannot judge, and matches that fail', async () => {
    const wanted = await outputsOf(build, good)
    assert.ok(wanted.out.length > 1)
    assert.ok(wanted.letters.length > 0)
    assert.ok(wanted.letters.every(({ message }) => message === 'no match of 15'))
    const found = await outputsOf(build, poisoned)
    assert.deepEqual(found.out, wanted.out)
    const ofEvents = found.letters.filter(({ message }) => message !== 'no match of 15')
    assert.equal(ofEvents.length, poisoned.length - good.length)
    assert.equal(found.letters.length - ofEvents.length, wanted.letters.length)
  })
})
