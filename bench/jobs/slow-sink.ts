/**
 * A source at full speed, an exchange between two subtasks, and a sink that takes a hundred times
 * as long as the job without it: everything on the way is full.
 */
import { setTimeout } from 'node:timers/promises'
import { job, t } from 'millrace'
import { sink, source } from 'millrace/connectors'

const BATCH_RECORDS = 1_000
const KEYS = 10_000
/** About 20,000 records a second and subtask, where the job alone passes 2 million. */
const MS_PER_WRITE = 25

const Payment = t.struct({ account: t.float64, amount: t.float64 })

const payments = source({
  name: 'payments',
  type: Payment,
  position: t.float64,
  splits: () => ['a', 'b'],
  async *read(_split, from: number | undefined, { signal }) {
    for (let position = from ?? 0; !signal.aborted; position++) {
      const first = position * BATCH_RECORDS
      const values = Array.from({ length: BATCH_RECORDS }, (_, index) => ({
        account: (first + index * 7) % KEYS,
        amount: index,
      }))
      yield { values, position: position + 1 }
    }
  },
})

export default job('slow-sink', (env) => {
  env
    .fromSource('payments', payments)
    .keyBy((payment) => payment.account, t.float64)
    .sum('sums', (payment) => payment.amount)
    .sinkTo('slow', sink({ write: () => setTimeout(MS_PER_WRITE) }))
})
