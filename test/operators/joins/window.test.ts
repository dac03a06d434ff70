// Joins by window: which pairs there are, outer rows, late records, triggers, sessions of
// both, and that no state stays.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  countTrigger,
  cumulativeWindow,
  globalWindow,
  job,
  outputTag,
  sessionWindow,
  slidingWindow,
  t,
  tumblingWindow,
  type WindowAssigner,
} from 'millrace'
import { backends, randomFor } from '../windows/harness.ts'
import { feed, type Item, joinHarness, pair, shown, UID } from './harness.ts'

const Item = t.struct({ name: t.string, at: t.float64 })
const lateLeft = outputTag('late-left', Item)
const lateRight = outputTag('late-right', Item)
type Kind = 'inner' | 'leftOuter' | 'rightOuter' | 'fullOuter'

/** Joins by an aligned window; results show the beginning of their window. */
function open(
  assigner: WindowAssigner,
  kind: Kind,
  options: Parameters<typeof joinHarness>[1] = {},
) {
  return joinHarness((left, right) => {
    const windows = left.join(right).window(assigner)
    const late = { left: lateLeft, right: lateRight }
    const show = (l: Item | undefined, r: Item | undefined, at: number) => `${at}:${pair(l, r)}`
    if (kind === 'inner') {
      const inner = windows.sideOutputLateData(late)
      return inner.apply(UID, (l, r, { window }) => show(l, r, window.start))
    }
    const outer = windows[kind]()
    return outer
      .sideOutputLateData(late)
      .apply(UID, (l: Item | undefined, r: Item | undefined, { window }) =>
        show(l, r, window.start),
      )
  }, options)
}

async function joined(assigner: WindowAssigner, script: string, kind: Kind = 'inner') {
  await using harness = await open(assigner, kind)
  feed(harness, script)
  feed(harness, 'w1000000')
  assert.deepEqual([harness.keys(), harness.nextTimer('event-time')], [[], undefined])
  return shown(harness).join(' ')
}

describe('the window join', () => {
  it('makes each pair of a window once, at its end', async () => {
    const script = 'l1 r2 l9 r9 l10 r0 r20'
    assert.equal(
      await joined(tumblingWindow(10), script),
      '0:l1+r2@9 0:l1+r9@9 0:l1+r0@9 0:l9+r2@9 0:l9+r9@9 0:l9+r0@9',
    )
    assert.equal(await joined(tumblingWindow(10), 'l-1 r-10 r0'), '-10:l-1+r-10@-1')
  })

  it('makes a row of each record whose window has none of the other side', async () => {
    const script = 'l1 r2 l11 l12 r25'
    assert.equal(
      await joined(tumblingWindow(10), script, 'leftOuter'),
      '0:l1+r2@9 10:l11+-@19 10:l12+-@19',
    )
    assert.equal(await joined(tumblingWindow(10), script, 'rightOuter'), '0:l1+r2@9 20:-+r25@29')
    assert.equal(
      await joined(tumblingWindow(10), script, 'fullOuter'),
      '0:l1+r2@9 10:l11+-@19 10:l12+-@19 20:-+r25@29',
    )
  })

  it('pairs in each of several windows', async () => {
    assert.equal(await joined(slidingWindow(20, 10), 'l5 r15'), '0:l5+r15@19')
    assert.equal(
      await joined(slidingWindow(20, 10), 'l5 r6', 'fullOuter'),
      '-10:l5+r6@9 0:l5+r6@19',
    )
    assert.equal(
      await joined(cumulativeWindow(20, 10), 'l5 r15', 'fullOuter'),
      '0:l5+-@9 0:l5+r15@19',
    )
  })

  it('counts late records of each side, for a side output of its own', async () => {
    await using harness = await open(tumblingWindow(10), 'fullOuter')
    feed(harness, 'l1 w9 r2 l3 l10 r11 w19 r12 w100')
    assert.deepEqual(shown(harness), ['0:l1+-@9', '10:l10+r11@19'])
    assert.deepEqual(harness.sideOutput(lateLeft), [{ name: 'l3', at: 3 }])
    assert.deepEqual(harness.sideOutput(lateRight), [
      { name: 'r2', at: 2 },
      { name: 'r12', at: 12 },
    ])
  })

  it('fires anew for a late record in time, and as its trigger says', async () => {
    await using harness = await joinHarness((left, right) =>
      left
        .join(right)
        .window(tumblingWindow(10))
        .allowedLateness(5)
        .apply(UID, (l, r) => (r.at === 7 ? undefined : pair(l, r))),
    )
    feed(harness, 'l1 r2 w9 r3 r7 w14 r4')
    assert.deepEqual(harness.output, ['l1+r2', 'l1+r2', 'l1+r3', 'l1+r2', 'l1+r3'])
    assert.deepEqual(harness.keys(), [])
    await using counted = await joinHarness((left, right) =>
      left.join(right).window(globalWindow()).trigger(countTrigger(3)).apply(UID, pair),
    )
    feed(counted, 'l1 r2 l3')
    assert.deepEqual(counted.output, ['l1+r2', 'l3+r2'])
    assert.deepEqual(counted.outputTimestamps, [undefined, undefined])
  })

  it('has sessions of both streams, which a late record of one joins', async () => {
    await using harness = await joinHarness((left, right) =>
      left
        .join(right)
        .window(sessionWindow<Item>((item) => (item.name.startsWith('l') ? 10 : 5)))
        .leftOuter()
        .apply(UID, (l, r, { window }) => `${window.start}-${window.end}:${pair(l, r)}`),
    )
    feed(harness, 'l0 r8 l20 r31 l12 w100')
    assert.deepEqual(harness.output, ['0-30:l0+r8', '0-30:l20+r8', '0-30:l12+r8'])
    assert.deepEqual([harness.keys(), harness.nextTimer('event-time')], [[], undefined])
    feed(harness, 'l200 w300')
    assert.equal(harness.output.at(-1), '200-210:l200+-')
  })

  it('refuses what windows refuse, and a promise', async () => {
    const build = (chain: (keyed: never) => void) => () =>
      job('bad', (env) => {
        chain(env.fromElements('in', ['a']).keyBy((text) => text) as never)
      }).streamGraph({})
    type Keyed = ReturnType<typeof tumblingWindow> & { join(o: unknown): never }
    const window = (keyed: unknown) => (keyed as Keyed).join(keyed) as { window(a: unknown): never }
    assert.throws(
      build((keyed) => window(keyed).window('10 s')),
      /assigns no windows/,
    )
    assert.throws(
      build((keyed) => window(keyed).window(tumblingWindow(0))),
      /size is 0 ms/,
    )
    const global = (keyed: unknown) => window(keyed).window(globalWindow()) as unknown
    type Applied = { apply(uid: string, fn: unknown): void }
    assert.throws(
      build((keyed) => (global(keyed) as Applied).apply(UID, pair)),
      /never fires/,
    )
    const tumbling = (keyed: unknown) => window(keyed).window(tumblingWindow(1)) as unknown
    assert.throws(
      build((keyed) => (tumbling(keyed) as Applied).apply(UID, 1)),
      /needs a function/,
    )
    await using harness = await joinHarness((left, right) =>
      left
        .join(right)
        .window(tumblingWindow(10))
        .apply(UID, ((): unknown => Promise.resolve(1)) as () => number),
    )
    feed(harness, 'l1 r1')
    assert.throws(() => feed(harness, 'w10'), { code: 'JOB_ASYNC_FUNCTION' })
  })
})

describe('coGroup', () => {
  it('gets both lists of each window, one of them empty if need be', async () => {
    const noted = outputTag('noted', t.string)
    await using harness = await joinHarness((left, right) =>
      left
        .coGroup(right)
        .window(tumblingWindow(10))
        .sideOutputLateData({ left: lateLeft })
        .apply<string>(
          UID,
          (lefts, rights, ctx, out) => {
            assert.ok(Object.isFrozen(lefts) && Object.isFrozen(rights))
            const names = [lefts, rights].map((items) => items.map(({ name }) => name).join())
            out.collect(`${ctx.key} ${ctx.window.start} [${names.join('|')}]`)
            if (lefts.length === 0) ctx.output(noted, `none at ${ctx.currentWatermark}`)
          },
          { output: t.string, sideOutputs: [noted] },
        ),
    )
    feed(harness, 'l1 r2 l3 r15 w9 l4 w30')
    assert.deepEqual(shown(harness as never), ['k 0 [l1,l3|r2]@9', 'k 10 [|r15]@19'])
    assert.deepEqual(harness.sideOutput(noted), ['none at 30'])
    assert.deepEqual(harness.sideOutput(lateLeft), [{ name: 'l4', at: 4 }])
    assert.deepEqual(harness.keys(), [])
  })
})

for (const backend of backends) {
  describe(`the window join on ${backend.name}`, { skip: !backend.isThere }, () => {
    it('equals the naive one in any order, over restores, in no memory', async (context) => {
      const random = randomFor(context)
      for (let round = 0; round < 8; round++) {
        const items = Array.from({ length: 60 }, (_, index) => {
          const at = random.int(200) - 100
          return { name: `${random.int(2) === 0 ? 'l' : 'r'}${at}`, by: at + random.int(30), index }
        }).toSorted((a, b) => a.by - b.by)
        const options = { backend: backend.create(), input: Item, memory: 1 }
        const size = 5 + random.int(30)
        let harness = await open(tumblingWindow(size), 'fullOuter', options)
        const results: string[] = []
        for (const [index, { name, by }] of items.entries()) {
          feed(harness, name)
          if (random.int(3) === 0) feed(harness, `w${by - 31}`)
          if (index !== 30) continue
          const restore = await harness.snapshot()
          results.push(...harness.output)
          await harness[Symbol.asyncDispose]()
          harness = await open(tumblingWindow(size), 'fullOuter', { ...options, restore })
        }
        feed(harness, 'w1000')
        results.push(...harness.output)
        const startOf = (name: string) => Math.floor(Number(name.slice(1)) / size) * size
        const names = items.map(({ name }) => name)
        const of = (side: string, start: number) =>
          names.filter((name) => name.startsWith(side) && startOf(name) === start)
        const expected = [...new Set(names.map(startOf))].flatMap((start) => {
          const [lefts, rights] = [of('l', start), of('r', start)]
          const others = rights.length === 0 ? ['-'] : rights
          const ones = lefts.length === 0 ? ['-'] : lefts
          return ones.flatMap((one) => others.map((other) => `${start}:${one}+${other}`))
        })
        const sorted = (rows: readonly string[]) => rows.toSorted((a, b) => (a < b ? -1 : 1))
        assert.deepEqual(sorted(results), sorted(expected))
        await harness[Symbol.asyncDispose]()
      }
    })
  })
}
