/** Sums amounts by account: a million accounts, whose numbers or names are the keys. */
import { job, t } from 'millrace'
import { sink } from 'millrace/connectors'
import { numberKey, payments, stringKey } from './records.ts'

const KEYS = 1_000_000
const sizes = { keys: KEYS, prepared: 2 * KEYS }
const params = { key: t.string, records: t.float64 }

export default job('keyed-sum', { params }, (env, { key, records }) => {
  const drop = sink({ write() {} })
  if (key === 'number') {
    env
      .fromSource('payments', payments('keyed-sum', { ...sizes, records, keyOf: numberKey }))
      .keyBy((payment) => payment.account, t.float64)
      .sum('sums', (payment) => payment.amount)
      .sinkTo('drop', drop)
  } else {
    env
      .fromSource('payments', payments('keyed-sum', { ...sizes, records, keyOf: stringKey }))
      .keyBy((payment) => payment.account, t.string)
      .sum('sums', (payment) => payment.amount)
      .sinkTo('drop', drop)
  }
})
