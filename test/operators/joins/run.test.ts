// Joins in whole jobs: what is killed, rescaled or restored in the middle changes nothing, and no
// result is late for what follows.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, sessionWindow, t, tumblingWindow } from 'millrace'
import { collect, collection } from 'millrace/connectors'
import { jobHarness, type JobHarness } from 'millrace/testing'
import { backends, randomFor } from '../windows/harness.ts'

const Order = t.struct({ id: t.int32, at: t.timestamp })
const Payment = t.struct({ order: t.int32, at: t.timestamp })
interface Order {
  readonly id: number
  readonly at: number
}
interface Payment {
  readonly order: number
  readonly at: number
}

const payments = job('payments', (env) => {
  const orders = env
    .fromSource('orders', collection<Order>([], { type: Order }), { timestamp: ({ at }) => at })
    .keyBy((order) => order.id)
  const paid = env
    .fromSource('paid', collection<Payment>([], { type: Payment }), { timestamp: ({ at }) => at })
    .keyBy((payment) => payment.order)
  const matched = orders
    .intervalJoin(paid)
    .between(0, '1 h')
    .fullOuter()
    .process('match', (order, payment) => ({
      id: order?.id ?? payment?.order ?? -1,
      is: order === undefined ? 'unknown' : payment === undefined ? 'unpaid' : 'paid',
    }))
  matched.map(({ id, is }) => `${id} ${is}`).sinkTo('matched', collect())
  matched
    .keyBy(({ is }) => is)
    .window(tumblingWindow('1 h'))
    .count('per-hour', (count, { key }) => ({ key, count }))
    .sinkTo('counts', collect())
  orders
    .coGroup(paid)
    .window(sessionWindow('30 min'))
    .apply<string>('visit', (left, right, { key }, out) => {
      out.collect(`${key} ${left.length} ${right.length}`)
    })
    .sinkTo('visits', collect())
  orders
    .temporalJoin(paid)
    .leftOuter()
    .process('last-payment', (order, payment) => `${order.id} ${payment?.at ?? 'none'}`)
    .sinkTo('last', collect())
})

const MINUTE = 60_000
const sorted = (lines: readonly string[]): readonly string[] =>
  lines.toSorted((a, b) => (a < b ? -1 : 1))

/** Orders 0 to 59, one a minute; each third unpaid, each fifth paid too late, three unknown. */
const orders = Array.from({ length: 60 }, (_, id): Order => ({ id, at: id * MINUTE }))
const payed = orders
  .filter(({ id }) => id % 3 !== 0)
  .map(({ id, at }): Payment => ({ order: id, at: at + (id % 5 === 0 ? 61 : 20) * MINUTE }))
  .concat([97, 98, 99].map((order) => ({ order, at: order * MINUTE })))
  .toSorted((a, b) => a.at - b.at)

const expected = sorted([
  ...orders.map(({ id }) => `${id} ${id % 3 === 0 || id % 5 === 0 ? 'unpaid' : 'paid'}`),
  ...orders.filter(({ id }) => id % 3 !== 0 && id % 5 === 0).map(({ id }) => `${id} unknown`),
  '97 unknown',
  '98 unknown',
  '99 unknown',
])

/** Feeds both sources in step with time, and does something to the job now and then. */
async function feedAll(harness: JobHarness, disturb: (step: number) => Promise<void>) {
  const [left, right] = [harness.source<Order>('orders'), harness.source<Payment>('paid')]
  for (let step = 0; step * 20 * MINUTE < 130 * MINUTE; step++) {
    const isDue = ({ at }: { at: number }) => Math.floor(at / (20 * MINUTE)) === step
    await left.send(...orders.filter(isDue))
    await right.send(...payed.filter(isDue))
    await disturb(step)
  }
  await harness.finish()
}

for (const { name, isThere } of backends) {
  const backend = name === 'rocksdb' ? 'rocksdb' : 'hashmap'
  describe(`a job with joins on ${name}`, { skip: !isThere }, () => {
    for (const parallelism of [1, 2]) {
      it(`gives the same at parallelism ${parallelism}, whatever is killed`, async (context) => {
        const random = randomFor(context)
        await using harness = await jobHarness(payments, { backend, parallelism })
        await feedAll(harness, async (step) => {
          const what = random.int(4)
          if (what === 0) await harness.checkpoint()
          if (what === 1) await harness.crash()
          if (step === 3) await harness.rescale(3 - parallelism)
        })
        assert.deepEqual(sorted(harness.output<string>('matched')), expected)
        const counts = harness.output<{ readonly key: string; readonly count: number }>('counts')
        const total = counts.reduce((sum, { count }) => sum + count, 0)
        assert.equal(total, expected.length, 'no result was late for the windows')
        const visits = [
          ...orders.flatMap(({ id }) => {
            if (id % 3 === 0) return [`${id} 1 0`]
            return id % 5 === 0 ? [`${id} 1 0`, `${id} 0 1`] : [`${id} 1 1`]
          }),
          ...[97, 98, 99].map((id) => `${id} 0 1`),
        ]
        assert.deepEqual(sorted(harness.output<string>('visits')), sorted(visits))
        const none = orders.map(({ id }) => `${id} none`)
        assert.deepEqual(sorted(harness.output<string>('last')), sorted(none))
      })
    }
  })
}
