// topN: lists and ranks, ties, versions, and that state is bounded.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, type RankUpdate, t, type TopNOptions, type Update } from 'millrace'
import { backends, randomFor, UID, windowHarness } from '../windows/harness.ts'

const Bid = t.struct({ id: t.string, price: t.float64 })
interface Bid {
  readonly id: string
  readonly price: number
}
const by = ({ price }: Bid): number => price
const types = { key: t.string, input: Bid }
const shown = (bids: readonly Bid[] = []): string =>
  bids.map(({ id, price }) => `${id}${price}`).join(' ')

/** A bid from text such as `a10`. */
const bid = (text: string): Bid => ({ id: text.slice(0, 1), price: Number(text.slice(1)) })

async function lists(n: number, options: Omit<TopNOptions<Bid>, 'emit'>, bids: string) {
  await using harness = await windowHarness<string, Bid, Update<string, readonly Bid[]>>(
    (keyed) => keyed.topN(UID, n, options),
    types,
  )
  for (const text of bids.split(' ')) harness.processElement('k', bid(text))
  return harness.output.map(({ value }) => shown(value))
}

describe('topN', () => {
  it('emits the list each time it changes', async () => {
    assert.deepEqual(await lists(2, { by }, 'a5 b7 c1 d6 e6 f9'), ['a5', 'b7 a5', 'b7 d6', 'f9 b7'])
    const order = 'ascending'
    assert.deepEqual(await lists(2, { by, order }, 'a5 b7 c1 d6'), ['a5', 'a5 b7', 'c1 a5'])
  })

  it('ranks equal ones by which came first, or last', async () => {
    assert.deepEqual(await lists(2, { by }, 'a5 b5 c5'), ['a5', 'a5 b5'])
    assert.deepEqual(await lists(2, { by, ties: 'last' }, 'a5 b5 c5'), ['a5', 'b5 a5', 'c5 b5'])
    const order = 'ascending'
    assert.deepEqual(await lists(2, { by, order, ties: 'last' }, 'a5 b5'), ['a5', 'b5 a5'])
  })

  it('lets a record take the place of its earlier version', async () => {
    const unique = ({ id }: Bid) => id
    assert.deepEqual(await lists(2, { by, unique }, 'a1 b2 a3 c1 c2 c4 a3 b9'), [
      'a1',
      'b2 a1',
      'a3 b2',
      'c4 a3',
      'c4 a3',
      'b9 c4',
    ])
    // The first of two may sink to the second place only if the list is not full.
    assert.deepEqual(await lists(3, { by, unique }, 'a5 b4 a3'), ['a5', 'a5 b4', 'b4 a3'])
    await assert.rejects(lists(2, { by, unique }, 'a5 b4 a3'), /sank from 5 to 3/)
    await assert.rejects(lists(1, { by, unique, order: 'ascending' }, 'a5 a6'), /from 5 to 6/)
  })

  it('emits each rank that has changed', async () => {
    const chain = (options: Omit<TopNOptions<Bid>, 'emit'>) =>
      windowHarness<string, Bid, RankUpdate<string, Bid>>(
        (keyed) => keyed.topN(UID, 3, { ...options, emit: 'ranks' }),
        types,
      )
    const run = async (options: Omit<TopNOptions<Bid>, 'emit'>, bids: string) => {
      await using harness = await chain(options)
      return bids.split(' ').map((text) => {
        const before = harness.output.length
        harness.processElement('k', bid(text), 3)
        const news = harness.output.slice(before)
        return news.map(({ rank, value }) => `${rank}:${value.id}`).join(' ')
      })
    }
    assert.deepEqual(await run({ by }, 'a5 b7 c6 d1 e9'), [
      '1:a',
      '1:b 2:a',
      '2:c 3:a',
      '',
      '1:e 2:b 3:c',
    ])
    const unique = ({ id }: Bid) => id
    assert.deepEqual(await run({ by, unique }, 'a5 b7 c6 b8 c9 b8'), [
      '1:a',
      '1:b 2:a',
      '2:c 3:a',
      '1:b',
      '1:c 2:b',
      '2:b',
    ])
  })

  it('hands out lists that nobody can change', async () => {
    await using harness = await windowHarness<string, Bid, Update<string, readonly Bid[]>>(
      (keyed) => keyed.topN(UID, 2, { by }),
      types,
    )
    harness.processElement('k', bid('a1'))
    harness.processElement('k', bid('b2'))
    const [first, second] = harness.output.map(({ value }) => value)
    assert.ok(Object.isFrozen(first) && Object.isFrozen(second?.[0]))
    assert.deepEqual([shown(first), shown(second)], ['a1', 'b2 a1'])
  })

  for (const backend of backends) {
    it(
      `equals sorting, over restores, on ${backend.name}`,
      { skip: !backend.isThere },
      async (context) => {
        const random = randomFor(context)
        const open = (options: Parameters<typeof windowHarness>[1] = {}) =>
          windowHarness<string, Bid, Update<string, readonly Bid[]>>(
            (keyed) => keyed.topN(UID, 5, { by, order: 'ascending' }),
            { ...options, ...types, backend: backend.create() },
          )
        let harness = await open()
        const all: Bid[] = []
        for (let at = 0; at < 200; at++) {
          if (at % 50 === 49) {
            const restore = await harness.snapshot()
            await harness[Symbol.asyncDispose]()
            harness = await open({ restore })
          }
          const next = { id: `${at}`, price: random.int(40) }
          all.push(next)
          harness.processElement('k', next)
          const expected = all.toSorted((a, b) => a.price - b.price).slice(0, 5)
          const last = harness.output.at(-1)
          if (last !== undefined) assert.deepEqual(last.value, expected)
        }
        await harness[Symbol.asyncDispose]()
      },
    )
  }

  it('compares strings and bigints, and refuses what has no order', async () => {
    const texts = await windowHarness<string, string, Update<string, readonly string[]>>((keyed) =>
      keyed.topN(UID, 1, { by: (text) => (text === '' ? Number.NaN : text) }),
    )
    for (const text of ['b', 'a', 'c']) texts.processElement('k', text)
    assert.deepEqual(texts.output.at(-1)?.value, ['c'])
    assert.throws(() => texts.processElement('k', ''), /"by" returned NaN/)
    await texts[Symbol.asyncDispose]()
  })

  it('refuses what makes no sense', () => {
    const build = (n: unknown, options: unknown) =>
      job('bad', (env) => {
        const keyed = env.fromElements('in', ['a']).keyBy((text) => text)
        // As from JavaScript.
        keyed.topN('top', n as number, options as TopNOptions<string> & { emit: 'list' })
      }).streamGraph({})
    for (const n of [0, -1, 1.5, Number.NaN, '3', 10_001]) {
      assert.throws(() => build(n, { by: () => 1 }), /no number of records/)
    }
    assert.throws(() => build(3, undefined), /a function as "by"/)
    assert.throws(() => build(3, { by: () => 1, order: 'down' }), /order is "down"/)
    assert.throws(() => build(3, { by: () => 1, ties: 'both' }), /ties is "both"/)
    assert.throws(() => build(3, { by: async () => 1 }), { code: 'JOB_ASYNC_FUNCTION' })
  })
})
