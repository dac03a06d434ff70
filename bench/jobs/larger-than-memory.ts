/** Sums by account, drawn uniformly or by Zipf's law, for state that memory does not hold. */
import { job, t } from 'millrace'
import { sink } from 'millrace/connectors'
import { numberKey, payments } from './records.ts'
import { zipf } from './words.ts'

export const KEYS = 1_000_000
const RECORDS = { uniform: 1_000_000, zipf: 4_000_000 }

export default job('larger-than-memory', { params: { draw: t.string } }, (env, params) => {
  const draw = params.draw === 'zipf' ? 'zipf' : 'uniform'
  const options = { keys: KEYS, prepared: KEYS, records: RECORDS[draw], keyOf: numberKey }
  const drawing = draw === 'zipf' ? { drawWith: zipf } : {}
  env
    .fromSource('payments', payments('larger-than-memory', { ...options, ...drawing }))
    .keyBy((payment) => payment.account, t.float64)
    .sum('sums', (payment) => payment.amount)
    .sinkTo('drop', sink({ write() {} }))
})
