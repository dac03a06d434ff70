/** Sums by account on two workers: half of the records go over to the other one. */
import { job, t } from 'millrace'
import { sink } from 'millrace/connectors'
import { numberKey, payments } from './records.ts'

const RECORDS_PER_WORKER = 5_000_000
const Payment = t.struct({ account: t.float64, amount: t.float64 })

export default job('exchange', (env) => {
  const options = { keys: 10_000, prepared: 100_000, records: RECORDS_PER_WORKER, splits: 2 }
  env
    .fromSource('payments', payments('exchange', { ...options, keyOf: numberKey }))
    .returns(Payment)
    .keyBy((payment) => payment.account, t.float64)
    .sum('sums', (payment) => payment.amount)
    .sinkTo('drop', sink({ write() {} }))
})
