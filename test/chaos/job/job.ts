/**
 * The job of the chaos tests. Each line that it writes is `track|key|text`; per track and key the
 * lines follow from the input alone, in one order, whatever happens to the job. The exception is
 * the third part of `rated` lines: how many rules were known may differ, but never goes back.
 */
import { type DataStream, job, sessionWindow, t, tumblingWindow } from 'millrace'
import { dataGenerator, fileSink, fileSource, jsonLines } from 'millrace/connectors'
import { type Order, type Payment, paymentAt, ruleAt } from './input.ts'
import { Order as OrderType, ordersKept } from './orders.ts'
import { pairs, Payment as PaymentType, visits, visitsEnded } from './payments.ts'
import { reach } from './points.ts'
import { rated, ruleState } from './rules.ts'
import { SESSION_GAP_MS, WINDOW_MS } from './times.ts'
import { spring } from './traps.ts'

const DRIFT = '2 s'

/** Makes the sink of a folder. */
type To = (folder: string) => ReturnType<typeof fileSink<string>>

export default job(
  'chaos',
  {
    params: {
      input: t.string,
      output: t.string,
      seed: t.int32,
      payments: t.int32,
      rules: t.int32,
      /** Of payments, per second; the others keep pace. */
      rate: t.float64,
      isAging: t.boolean,
      trap: t.string,
    },
  },
  (env, params) => {
    const { input, output, seed, rate, isAging, trap } = params
    const alignment = { group: 'all', maxDrift: DRIFT } as const
    const to: To = (folder) =>
      fileSink({ path: `${output}/${folder}`, format: 'text', at: (point) => reach(point) })

    const orders = env
      .fromSource('orders', fileSource({ path: input, format: jsonLines(OrderType) }), {
        timestamp: (order) => order.at,
        alignment,
      })
      .filter(() => spring(trap))
    const generate = (index: number) => paymentAt(seed, index)
    const payments = env
      .fromSource(
        'payments',
        dataGenerator({ generate, count: params.payments, ratePerSecond: rate, type: PaymentType }),
        { timestamp: (payment) => payment.at, alignment },
      )
      .filter(() => spring(trap))
    const ruleSource = dataGenerator({
      generate: (index) => ruleAt(seed, index),
      count: params.rules,
      ratePerSecond: (rate * params.rules) / params.payments,
      type: t.float64,
    })

    withWords(orders, to)
    withOrders(orders, isAging, to)
    withVisits(payments, to)
    const byCustomer = payments.keyBy((payment) => payment.customer, t.string)
    orders
      .keyBy((order) => order.customer, t.string)
      .connect(byCustomer)
      .process('pairs', pairs)
      .sinkTo('pairs-out', to('pairs'))
    byCustomer
      .connect(env.fromSource('rules', ruleSource).broadcast(ruleState))
      .process('rated', rated)
      .sinkTo('rated-out', to('rated'))
  },
)

function withWords(orders: DataStream<Order>, to: To): void {
  orders
    .flatMap((order) => order.words.split(' '))
    .keyBy((word) => word, t.string)
    .count('counts')
    .map(({ key, value }) => `word|${key}|${value}`)
    .sinkTo('words', to('words'))
}

function withOrders(orders: DataStream<Order>, isAging: boolean, to: To): void {
  const byCustomer = orders.keyBy((order) => order.customer, t.string)
  byCustomer.process('kept', ordersKept(isAging)).sinkTo('orders-out', to('orders'))
  byCustomer
    .window(tumblingWindow(WINDOW_MS))
    .aggregate(
      'windows',
      {
        createAccumulator: () => ({ count: 0, sum: 0 }),
        add: ({ amount }, { count, sum }) => ({ count: count + 1, sum: sum + amount }),
        getResult: ({ count, sum }) => `${count} ${sum}`,
        merge: (a, b) => ({ count: a.count + b.count, sum: a.sum + b.sum }),
      },
      (text, { key, window }) => `window|${key}|${window.start} ${text}`,
    )
    .sinkTo('windows-out', to('windows'))
}

function withVisits(payments: DataStream<Payment>, to: To): void {
  const byVisitor = payments.keyBy((payment) => payment.visitor, t.string)
  const visiting = byVisitor.process('visits', visits)
  const sessions = byVisitor
    .window(sessionWindow(SESSION_GAP_MS))
    .count('sessions', (n, { key, window }) => `session|${key}|${window.start} ${window.end} ${n}`)
  visiting.union(visiting.sideOutput(visitsEnded), sessions).sinkTo('visits-out', to('visits'))
}
