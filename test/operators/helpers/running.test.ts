// Running minimum, maximum and mean; sessionize.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, type Session, type SessionizeOptions, t, type Update } from 'millrace'
import type { HarnessOptions } from 'millrace/testing'
import { feed, UID, windowHarness } from '../windows/harness.ts'

const same = (value: number): number => value

async function updates(
  which: 'min' | 'max' | 'mean',
  ...values: readonly number[]
): Promise<readonly number[]> {
  await using harness = await windowHarness<string, number, Update<string, number>>((keyed) =>
    keyed[which](UID, same),
  )
  for (const value of values) harness.processElement('k', value)
  return harness.output.map(({ value }) => value)
}

describe('running aggregates', () => {
  it('give the least, the greatest and the mean so far', async () => {
    assert.deepEqual(await updates('min', 3, 5, -1, 0), [3, 3, -1, -1])
    assert.deepEqual(await updates('max', 3, 5, -1, 7), [3, 5, 5, 7])
    assert.deepEqual(await updates('mean', 3, 5, -2, 4), [3, 4, 2, 2.5])
    assert.deepEqual(await updates('max', -5, Number.NEGATIVE_INFINITY), [-5, -5])
  })

  it('count NaN and −0 as Math does', async () => {
    assert.deepEqual(await updates('min', 1, Number.NaN, 0), [1, Number.NaN, Number.NaN])
    assert.deepEqual(await updates('min', 0, -0), [0, -0])
    assert.deepEqual(await updates('max', -0, 0), [-0, 0])
  })

  it('continue after a restore, and refuse what is no number', async () => {
    const open = (options: HarnessOptions = {}) =>
      windowHarness<string, number, Update<string, number>>((k) => k.mean(UID, same), options)
    await using harness = await open()
    harness.processElement('k', 2)
    await using restored = await open({ restore: await harness.snapshot() })
    restored.processElement('k', 4)
    assert.deepEqual(restored.output, [{ key: 'k', value: 3 }])
    const text: unknown = '4'
    assert.throws(
      () => restored.processElement('k', text as number),
      /returned string, not a number/,
    )
  })
})

describe('sessionize', () => {
  it('emits each session with its records, bounds and an id', async () => {
    await using harness = await windowHarness<string, number, Session<string, readonly number[]>>(
      (keyed) => keyed.sessionize(UID, { gap: 10 }),
      { key: t.string, input: t.float64 },
    )
    feed(harness, 'a', [1, 0], [2, 30], [3, 9], [4, 18], [5, 45])
    harness.processWatermark(39)
    assert.deepEqual(harness.output, [
      { key: 'a', id: 'a@0', start: 0, end: 28, value: [1, 3, 4] },
      { key: 'a', id: 'a@30', start: 30, end: 40, value: [2] },
    ])
    assert.deepEqual(harness.outputTimestamps, [27, 39])
    harness.processWatermark(1_000)
    assert.deepEqual([harness.output.at(-1)?.value, harness.keys()], [[5], []])
  })

  it('aggregates instead, with a gap of each record and late ones that join two', async () => {
    type Total = Session<readonly [string, number], number>
    await using harness = await windowHarness<readonly [string, number], number, Total>(
      (keyed) =>
        keyed.sessionize(UID, {
          gap: (value) => value,
          allowedLateness: 100,
          aggregate: {
            createAccumulator: () => 0,
            add: (value, sum) => sum + value,
            getResult: (sum) => sum,
            merge: (a, b) => a + b,
          },
        }),
      { key: t.tuple(t.string, t.int32), input: t.float64 },
    )
    const key = ['a', 1] as const
    harness.processElement(key, 10, 0)
    harness.processElement(key, 5, 20)
    harness.processWatermark(30)
    harness.processElement(key, 15, 8)
    const [first, second, both] = harness.output
    assert.deepEqual([first?.value, second?.value, both?.value], [10, 5, 30])
    assert.deepEqual([both?.key, both?.start, both?.end], [key, 0, 25])
    assert.equal(first?.id, both?.id)
    assert.notEqual(first?.id, second?.id)
  })

  it('needs a gap', () => {
    const build = (options: unknown) =>
      job('bad', (env) => {
        const keyed = env.fromElements('in', ['a']).keyBy((text) => text)
        keyed.sessionize('s', options as SessionizeOptions<string>) // from JavaScript
      }).streamGraph({})
    assert.throws(() => build(undefined), /sessionize "s".*has no gap/)
    assert.throws(() => build({ gap: 0 }), /gap is 0 ms/)
  })
})
