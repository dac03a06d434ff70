// deduplicate: which of the records that are alike passes, and when a group is forgotten.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type DeduplicateOptions, job, t } from 'millrace'
import { backends, feed, randomFor, UID, windowHarness } from '../windows/harness.ts'

const Event = t.struct({ id: t.string, n: t.int32 })
interface Event {
  readonly id: string
  readonly n: number
}
const event = (id: string, n: number): Event => ({ id, n })

const deduplicated = (
  options: DeduplicateOptions<Event>,
  rest: Parameters<typeof windowHarness>[1] = {},
) =>
  windowHarness<string, Event, Event>((keyed) => keyed.deduplicate(UID, options), {
    ...rest,
    key: t.string,
    input: Event,
  })

describe('deduplicate', () => {
  it('passes the first record of a key, needs no timestamps and keeps no record', async () => {
    await using harness = await deduplicated({ keep: 'first' })
    harness.processElement('a', event('x', 1))
    harness.processElement('a', event('x', 2))
    harness.processElement('b', event('x', 3), 5)
    harness.processElement('a', event('x', 4), 7)
    assert.deepEqual(harness.output, [event('x', 1), event('x', 3)])
    assert.deepEqual(harness.outputTimestamps, [undefined, 5])
    assert.equal(harness.nextTimer('event-time'), undefined)
  })

  it('passes each newer record of a key, and those of equal time', async () => {
    await using harness = await deduplicated({ keep: 'last' })
    feed(harness, 'a', [event('x', 1), 10], [event('x', 2), 5], [event('x', 3), 10])
    feed(harness, 'a', [event('x', 4), -3], [event('x', 5), 11])
    assert.deepEqual(
      harness.output.map(({ n }) => n),
      [1, 3, 5],
    )
  })

  it('needs timestamps where times decide', async () => {
    await using last = await deduplicated({ keep: 'last' })
    assert.throws(() => last.processElement('a', event('x', 1)), /without timestamp/)
    await using within = await deduplicated({ keep: 'first', within: 10 })
    assert.throws(() => within.processElement('a', event('x', 1)), /without timestamp/)
  })

  for (const backend of backends) {
    const options = { skip: !backend.isThere }
    it(
      `tells records of a key apart, whatever "by" gives, on ${backend.name}`,
      options,
      async () => {
        const groups = ['x', 1, '1', 1n, true, 'true', Number.NaN, -0, '']
        const by = ({ n }: Event) => groups[n] ?? 'none'
        const use = { backend: backend.create() }
        await using harness = await deduplicated({ keep: 'first', by, within: 10 }, use)
        for (let round = 0; round < 2; round++) {
          for (let n = 0; n < groups.length; n++) feed(harness, 'a', [event('x', n), n])
        }
        const snapshot = await harness.snapshot()
        await using restored = await deduplicated(
          { keep: 'first', by, within: 10 },
          {
            ...use,
            restore: snapshot,
          },
        )
        for (let n = 0; n < groups.length; n++) feed(restored, 'a', [event('x', n), n])
        const all = groups.map((_, n) => n)
        assert.deepEqual([harness.output.map(({ n }) => n), restored.output], [all, []])
        restored.processWatermark(17)
        assert.equal(restored.nextTimer('event-time'), 18)
        restored.processWatermark(18)
        assert.deepEqual(restored.keys(), [])
      },
    )
  }

  it('forgets a record when it is remembered long enough, and counts what is late', async () => {
    await using harness = await deduplicated({ keep: 'first', within: '10 ms' })
    feed(harness, 'a', [event('x', 1), 0], [event('x', 2), 9])
    harness.processWatermark(9)
    feed(harness, 'a', [event('x', 3), 5], [event('x', 4), 10]) // 4 is 10 later: another one
    harness.processWatermark(10)
    feed(harness, 'a', [event('x', 5), 0]) // late by exactly the time
    feed(harness, 'a', [event('x', 6), 1]) // not late, but 4 is remembered
    assert.deepEqual(
      harness.output.map(({ n }) => n),
      [1, 4],
    )
    assert.equal(harness.nextTimer('event-time'), 20)
    harness.processWatermark(20)
    assert.deepEqual(harness.keys(), [])
    feed(harness, 'a', [event('x', 7), 21], [event('x', 8), 22])
    assert.equal(harness.output.at(-1)?.n, 7)
    harness.processWatermark(Number.POSITIVE_INFINITY)
    assert.deepEqual([harness.keys(), harness.nextTimer('event-time')], [[], undefined])
  })

  it('remembers the newest for that long where the last is kept, with one timer', async () => {
    await using harness = await deduplicated({ keep: 'last', within: 10 })
    feed(harness, 'a', [event('x', 1), 0], [event('x', 2), 8], [event('x', 3), 7])
    assert.equal(harness.nextTimer('event-time'), 10)
    harness.processWatermark(17)
    feed(harness, 'a', [event('x', 4), 7], [event('x', 5), 8])
    assert.equal(harness.nextTimer('event-time'), 18)
    harness.processWatermark(18)
    assert.deepEqual(
      harness.output.map(({ n }) => n),
      [1, 2, 5],
    )
    assert.deepEqual([harness.keys(), harness.nextTimer('event-time')], [[], undefined])
  })

  it('passes one of each burst, in whatever order its records come', async (context) => {
    const random = randomFor(context)
    for (let round = 0; round < 20; round++) {
      await using harness = await deduplicated({ keep: 'first', by: ({ id }) => id, within: 100 })
      const events = Array.from({ length: 60 }, (_, n) => {
        const burst = n % 6
        return [event(`${burst % 3}`, burst), burst * 150 + random.int(40)] as const
      })
      // The watermark is held back so far that nothing is late.
      for (const [value, at] of events.toSorted((a, b) => a[1] - b[1] + random.int(50) - 25)) {
        feed(harness, 'a', [value, at])
        harness.processWatermark(at - 80)
      }
      assert.deepEqual(
        harness.output.map(({ n }) => n),
        [0, 1, 2, 3, 4, 5],
      )
    }
  })

  it('refuses what makes no sense', () => {
    const build = (options: unknown) =>
      job('bad', (env) => {
        const keyed = env.fromElements('in', ['a']).keyBy((text) => text)
        keyed.deduplicate('once', options as DeduplicateOptions<string>) // from JavaScript
      }).streamGraph({})
    assert.throws(() => build(undefined), /deduplicate "once".*keep is undefined/)
    assert.throws(() => build({ keep: 'any' }), /keep is "any"/)
    assert.throws(() => build({ keep: 'first', by: 'id' }), /a function as "by"/)
    assert.throws(() => build({ keep: 'first', within: 0 }), /within 0 ms/)
    assert.throws(() => build({ keep: 'first', within: '1 hour' }), /no duration/)
  })

  it('refuses groups that are no primitive values', async () => {
    const by = (): string => ({}) as string
    await using harness = await deduplicated({ keep: 'first', by })
    assert.throws(() => feed(harness, 'a', [event('x', 1), 1]), /"by" returned object/)
  })
})
