// The helpers in whole jobs: what is killed or rescaled in the middle changes nothing.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, t, type Update } from 'millrace'
import { collect, collection } from 'millrace/connectors'
import { jobHarness } from 'millrace/testing'
import { backends, randomFor } from '../windows/harness.ts'

const Bid = t.struct({ id: t.int32, item: t.string, price: t.float64, at: t.timestamp })
interface Bid {
  readonly id: number
  readonly item: string
  readonly price: number
  readonly at: number
}

const bidding = job('bidding', (env) => {
  const bids = env
    .fromSource('bids', collection<Bid>([], { type: Bid }), {
      timestamp: ({ at }) => at,
      maxOutOfOrderness: 1_000,
    })
    .keyBy(({ item }) => item)
    .deduplicate('once', { keep: 'first', by: ({ id }) => id, within: '1 h' })
  const byItem = bids.keyBy(({ item }) => item)
  byItem
    .topN('best', 2, { by: ({ price }) => price })
    .latest('best-at-the-end')
    .map(({ key, value }) => `${key} ${value.map(({ price }) => price).join()}`)
    .sinkTo('top', collect())
  byItem
    .sessionize('sessions', { gap: 50 })
    .map(({ id, end, value }) => `${id}-${end} ${value.length}`)
    .sinkTo('visits', collect())
  byItem
    .mean('mean', ({ price }) => price)
    .latest('mean-at-the-end')
    .sinkTo('means', collect())
})

/** A hundred bids of four items, in bursts of five, each sent twice. */
const bids = Array.from({ length: 100 }, (_, id): Bid => {
  const at = id * 10 + (id >= 50 ? 1_000 : 0)
  return { id, item: `item-${id % 4}`, price: (id * 37) % 101, at }
})

const sorted = (lines: readonly string[]): readonly string[] =>
  lines.toSorted((a, b) => (a < b ? -1 : 1))
const items = [0, 1, 2, 3].map((item) => bids.filter(({ id }) => id % 4 === item))
const tops = items.map((of, item) => {
  const prices = of.map(({ price }) => price).toSorted((a, b) => b - a)
  return `item-${item} ${prices.slice(0, 2).join()}`
})
const visits = items.flatMap((of, item) =>
  [of.filter(({ at }) => at < 1_000), of.filter(({ at }) => at >= 1_000)].map((visit) => {
    const [first = Number.NaN, last = Number.NaN] = [visit[0]?.at, visit.at(-1)?.at]
    return `item-${item}@${first}-${last + 50} ${visit.length}`
  }),
)

for (const { name, isThere } of backends) {
  const backend = name === 'rocksdb' ? 'rocksdb' : 'hashmap'
  describe(`a job with helpers on ${name}`, { skip: !isThere }, () => {
    for (const parallelism of [1, 2]) {
      it(`gives the same at parallelism ${parallelism}, whatever is killed`, async (context) => {
        const random = randomFor(context)
        await using harness = await jobHarness(bidding, { backend, parallelism })
        const source = harness.source<Bid>('bids')
        for (let from = 0; from < bids.length; from += 20) {
          const part = bids.slice(from, from + 20)
          await source.send(...part)
          const what = random.int(3)
          if (what === 0) await harness.checkpoint()
          if (what === 1) await harness.crash()
          if (from === 60) await harness.rescale(3 - parallelism)
          await source.send(...part.toReversed())
        }
        await harness.finish()
        assert.deepEqual(sorted(harness.output<string>('top')), tops)
        assert.deepEqual(sorted(harness.output<string>('visits')), sorted(visits))
        const means = harness.output<Update<string, number>>('means')
        for (const [item, of] of items.entries()) {
          const mean = of.reduce((sum, { price }) => sum + price, 0) / of.length
          assert.equal(means.find(({ key }) => key === `item-${item}`)?.value, mean)
        }
      })
    }
  })
}
