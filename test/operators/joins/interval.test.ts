// The interval join: which records match at the edges of the interval, outer rows, late records,
// and that no state stays.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  type BoundedIntervalJoin,
  type IntervalJoined,
  job,
  type KeyedStream,
  outputTag,
  type StreamEnvironment,
  t,
} from 'millrace'
import { backends, randomFor } from '../windows/harness.ts'
import { feed, type Item, joinHarness, type JoinHarness, pair, shown, UID } from './harness.ts'

type Bounds = readonly [lower: number, upper: number, exclusive?: 'lower' | 'upper' | 'both']
type Bounded = BoundedIntervalJoin<string, Item, Item>
type Kind = 'inner' | 'leftOuter' | 'rightOuter' | 'fullOuter'
const Item = t.struct({ name: t.string, at: t.float64 })
const lateLeft = outputTag('late-left', Item)
const lateRight = outputTag('late-right', Item)

function open(
  [lower, upper, exclusive]: Bounds,
  kind: Kind = 'inner',
  options: Parameters<typeof joinHarness>[1] = {},
): Promise<JoinHarness<string>> {
  return joinHarness((left, right) => {
    const bounded: Bounded = left.intervalJoin(right).between(lower, upper, {
      lowerExclusive: exclusive === 'lower' || exclusive === 'both',
      upperExclusive: exclusive === 'upper' || exclusive === 'both',
    })
    // The four kinds differ only in which side may be missing.
    const joined = bounded[kind]() as IntervalJoined<string, Item | undefined, Item | undefined>
    const tags = { left: lateLeft, right: lateRight }
    return joined.sideOutputLateData(tags as {}).process(UID, (l, r) => pair(l, r))
  }, options)
}

/** What a join with these bounds emits for a script. */
async function joined(bounds: Bounds, script: string, kind: Kind = 'inner') {
  await using harness = await open(bounds, kind)
  feed(harness, script)
  const results = shown(harness)
  feed(harness, 'w1000000')
  assert.deepEqual(harness.keys(), [], 'nothing stays')
  assert.equal(harness.nextTimer('event-time'), undefined)
  return results.join(' ')
}

const END = 'w1000'

describe('the interval join', () => {
  it('matches at both bounds, before and after', async () => {
    const rights = 'r0 r1 r2 r3 r4 r5'
    assert.equal(await joined([-1, 1], `l2 ${rights}`), 'l2+r1@2 l2+r2@2 l2+r3@3')
    assert.equal(await joined([-1, 1], `${rights} l2`), 'l2+r1@2 l2+r2@2 l2+r3@3')
    assert.equal(await joined([1, 2], `l2 ${rights}`), 'l2+r3@3 l2+r4@4')
    assert.equal(await joined([-2, -1], `l2 ${rights}`), 'l2+r0@2 l2+r1@2')
    assert.equal(await joined([0, 0], `l2 ${rights}`), 'l2+r2@2')
    assert.equal(await joined([0, 0], `${rights} l2`), 'l2+r2@2')
    assert.equal(await joined([-1, 1], 'l-2 r-3 r-1 r0 r-4'), 'l-2+r-3@-2 l-2+r-1@-1')
  })

  it('leaves out a bound that is exclusive', async () => {
    const script = 'l2 r0 r1 r2 r3 r4'
    assert.equal(await joined([-1, 1, 'lower'], script), 'l2+r2@2 l2+r3@3')
    assert.equal(await joined([-1, 1, 'upper'], script), 'l2+r1@2 l2+r2@2')
    assert.equal(await joined([-1, 1, 'both'], script), 'l2+r2@2')
  })

  it('matches records of equal times each with each, and none of another key', async () => {
    assert.equal(await joined([0, 0], 'l1 l1 r1 r1'), 'l1+r1@1 l1+r1@1 l1+r1@1 l1+r1@1')
    await using harness = await open([0, 0])
    feed(harness, 'l1', 'a')
    feed(harness, 'r1', 'b')
    assert.deepEqual(harness.output, [])
  })

  it('emits what has no match when none can come any more', async () => {
    const script = 'l10 l20 r21 w24 w25 r40 w1000'
    assert.equal(await joined([-5, 5], script), 'l20+r21@21')
    assert.equal(await joined([-5, 5], script, 'leftOuter'), 'l20+r21@21 l10+-@15')
    assert.equal(await joined([-5, 5], script, 'rightOuter'), 'l20+r21@21 -+r40@45')
    assert.equal(await joined([-5, 5], script, 'fullOuter'), 'l20+r21@21 l10+-@15 -+r40@45')
    // A left record that matches only earlier ones need not wait.
    const ahead = 'l10 r10 w9 w10 w14 w15'
    assert.equal(await joined([-5, -2], ahead, 'fullOuter'), 'l10+-@10 -+r10@15')
  })

  it('emits outer rows exactly when the watermark comes to the end of their interval', async () => {
    await using harness = await open([-3, 7], 'fullOuter')
    feed(harness, 'l10 r10')
    assert.equal(harness.output.length, 1)
    feed(harness, 'l100 r200 w106')
    assert.equal(harness.output.length, 1)
    assert.equal(harness.nextTimer('event-time'), 107)
    feed(harness, 'w107')
    assert.deepEqual(shown(harness).slice(1), ['l100+-@107'])
    feed(harness, 'w202')
    assert.equal(harness.output.length, 2)
    feed(harness, 'w203')
    assert.deepEqual(shown(harness).slice(2), ['-+r200@203'])
    assert.deepEqual(harness.keys(), [])
  })

  it('drops and counts records behind the watermark, and takes those at it', async () => {
    await using harness = await open([-5, 5], 'fullOuter')
    feed(harness, 'w10 l9 r9 l10 r10')
    assert.deepEqual(shown(harness), ['l10+r10@10'])
    assert.deepEqual(harness.sideOutput(lateLeft), [{ name: 'l9', at: 9 }])
    assert.deepEqual(harness.sideOutput(lateRight), [{ name: 'r9', at: 9 }])
    feed(harness, END)
    assert.deepEqual(shown(harness), ['l10+r10@10'])
  })

  it('goes by the lesser watermark of both sides', async () => {
    await using harness = await open([0, 5], 'leftOuter')
    feed(harness, 'l10')
    harness.processWatermark1(1_000)
    feed(harness, 'r12')
    assert.deepEqual(shown(harness), ['l10+r12@12'])
    feed(harness, 'l11')
    harness.processWatermark2(15)
    assert.deepEqual(shown(harness), ['l10+r12@12', 'l11+r12@12'])
    // One side ends: only the other holds time back.
    harness.processWatermark1(Number.POSITIVE_INFINITY)
    feed(harness, 'l20')
    harness.processWatermark2(25)
    assert.deepEqual(shown(harness).at(-1), 'l20+-@25')
  })

  it('tells its function key and times, and emits nothing for undefined', async () => {
    await using harness = await joinHarness((left, right) =>
      left
        .intervalJoin(right)
        .between(-5, 5)
        .fullOuter()
        .process(UID, (l, _r, ctx) => {
          if (l?.at === 3) return undefined
          return [ctx.key, ctx.leftTimestamp, ctx.rightTimestamp, ctx.timestamp]
        }),
    )
    feed(harness, 'l3 r1 l4 r50 w1000')
    assert.deepEqual(harness.output, [
      ['k', 4, 1, 4],
      ['k', undefined, 50, 55],
    ])
  })

  it('refuses bounds between which nothing lies, and records without time', async () => {
    const between = (lower: unknown, upper: unknown, bounds = {}) =>
      job('bad', (env) => {
        const keyed = env.fromElements('in', ['a']).keyBy((text) => text)
        const join = keyed.intervalJoin(keyed)
        join.between(lower as number, upper as number, bounds) // as from JavaScript
      }).streamGraph({})
    assert.throws(() => between(1, 0), /no time between 1 ms and 0 ms/)
    assert.throws(() => between('1 min', '-1 min'), /no time between 60000 ms and -60000 ms/)
    assert.throws(() => between(0, 1, { lowerExclusive: true, upperExclusive: true }), /no time/)
    assert.throws(() => between(0.5, 1), /lower is 0.5 ms/)
    assert.throws(() => between('soon', 1), /"soon" is no duration/)
    assert.throws(() => between(Number.NaN, 1), /no duration/)
    await using harness = await open([0, 0])
    assert.throws(() => harness.processElement1('k', { name: 'l', at: 0 }), /without timestamp/)
  })

  it('refuses streams of two jobs, keys of two types, and a promise', async () => {
    const keyed = (env: StreamEnvironment, uid: string) =>
      env.fromElements(uid, ['a']).keyBy((text) => text, t.string)
    const build = (chain: (env: StreamEnvironment) => void) => () =>
      job('bad', (env) => chain(env)).streamGraph({})
    const others: KeyedStream<string, string>[] = []
    build((env) => others.push(keyed(env, 'in')))()
    const [other] = others
    assert.throws(
      build((env) => other !== undefined && keyed(env, 'in').intervalJoin(other)),
      /another job/,
    )
    assert.throws(
      build((env) => {
        const numbers = env.fromElements('n', [1]).keyBy(String, t.tuple(t.string) as never)
        keyed(env, 'in')
          .intervalJoin(numbers)
          .between(0, 1)
          .process('join', () => 1)
      }),
      /keys of different types/,
    )
    await using harness = await joinHarness((left, right) =>
      left
        .intervalJoin(right)
        .between(0, 1)
        .process(UID, ((): unknown => Promise.resolve(1)) as () => number),
    )
    assert.throws(() => feed(harness, 'l1 r1'), { code: 'JOB_ASYNC_FUNCTION' })
  })
})

/** All pairs, and what is in none, of records that are not late. */
function naive(items: readonly Item[], [lower, upper]: Bounds, kind: Kind): readonly string[] {
  const lefts = items.filter(({ name }) => name.startsWith('l'))
  const rights = items.filter(({ name }) => name.startsWith('r'))
  const meets = (l: Item, r: Item) => r.at - l.at >= lower && r.at - l.at <= upper
  const rows = lefts.flatMap((l) =>
    rights.filter((r) => meets(l, r)).map((r) => `${pair(l, r)}@${Math.max(l.at, r.at)}`),
  )
  if (kind === 'leftOuter' || kind === 'fullOuter') {
    const alone = lefts.filter((l) => !rights.some((r) => meets(l, r)))
    rows.push(...alone.map((l) => `${pair(l, undefined)}@${l.at + Math.max(0, upper)}`))
  }
  if (kind === 'rightOuter' || kind === 'fullOuter') {
    const alone = rights.filter((r) => !lefts.some((l) => meets(l, r)))
    rows.push(...alone.map((r) => `${pair(undefined, r)}@${r.at + Math.max(0, -lower)}`))
  }
  return rows.toSorted((a, b) => (a < b ? -1 : 1))
}

for (const backend of backends) {
  describe(`the interval join on ${backend.name}`, { skip: !backend.isThere }, () => {
    it('equals the naive one in any order, over restores, in no memory', async (context) => {
      const random = randomFor(context)
      const kinds = ['inner', 'leftOuter', 'rightOuter', 'fullOuter'] as const
      for (let round = 0; round < 12; round++) {
        const lower = random.int(60) - 30
        const bounds: Bounds = [lower, lower + random.int(40)]
        const kind = kinds[round % 4] ?? 'inner'
        const items = Array.from({ length: 80 }, () => {
          const at = random.int(300) - 150
          return { name: `${random.int(2) === 0 ? 'l' : 'r'}${at}`, at }
        })
        const disordered = items
          .map((item) => ({ item, by: item.at + random.int(50) }))
          .toSorted((a, b) => a.by - b.by)
        const options = { backend: backend.create(), input: Item, memory: 1 }
        let harness = await open(bounds, kind, options)
        const results: string[] = []
        for (const [index, { item, by }] of disordered.entries()) {
          feed(harness, item.name)
          // Whatever comes later is at most 50 older than it is sorted by.
          if (random.int(3) === 0) feed(harness, `w${by - 50}`)
          if (index % 40 !== 20) continue
          const restore = await harness.snapshot()
          results.push(...shown(harness))
          await harness[Symbol.asyncDispose]()
          harness = await open(bounds, kind, { ...options, restore })
        }
        feed(harness, 'w1000')
        results.push(...shown(harness))
        assert.deepEqual(
          results.toSorted((a, b) => (a < b ? -1 : 1)),
          naive(items, bounds, kind),
        )
        assert.deepEqual([harness.keys(), harness.nextTimer('event-time')], [[], undefined])
        await harness[Symbol.asyncDispose]()
      }
    })
  })
}
