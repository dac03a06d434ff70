// Orders and their payments, joined by key: a module, for workers in threads. It throws once in
// the middle; `marker` is a file that says that it has.
import { existsSync, writeFileSync } from 'node:fs'
import { job, keyedCoProcess, mapState, t } from 'millrace'
import { dataGenerator, fileSink } from 'millrace/connectors'

const KEYS = 97

interface Trade {
  readonly key: number
  readonly index: number
}

/** Pairs the records of both sides that have one index. */
const pair = keyedCoProcess({
  key: t.int32,
  state: { orders: mapState(t.int32, t.boolean), payments: mapState(t.int32, t.boolean) },
  processElement1({ key, index }: Trade, { state }, out: { collect(text: string): void }) {
    if (state.payments.has(index)) out.collect(`${key} ${index}`)
    else state.orders.set(index, true)
    state.payments.delete(index)
  },
  processElement2({ key, index }: Trade, { state }, out: { collect(text: string): void }) {
    if (state.orders.has(index)) out.collect(`${key} ${index}`)
    else state.payments.set(index, true)
    state.orders.delete(index)
  },
})

export function expectedTrades(records: number): string[] {
  return Array.from({ length: records }, (_, index) => `${index % KEYS} ${index}`).toSorted()
}

export default job(
  'trades',
  { params: { output: t.string, records: t.int32, marker: t.string } },
  (env, { output, records, marker }) => {
    const trades = (uid: string, splits: number) =>
      env.fromSource(
        uid,
        dataGenerator<Trade>({
          generate: (index) => ({ key: index % KEYS, index }),
          count: records,
          splits,
        }),
      )
    const orders = trades('orders', 2).map((trade) => {
      if (trade.index === Math.floor(records / 2) && !existsSync(marker)) {
        writeFileSync(marker, 'thrown')
        throw new Error('once')
      }
      return trade
    })
    orders
      .keyBy(({ key }) => key, t.int32)
      .connect(trades('payments', 1).keyBy(({ key }) => key, t.int32))
      .process('pair', pair)
      .sinkTo('lines', fileSink({ path: output }))
  },
)
