/** A small job with a parameter and options, for the tests of the command line. */
import { job, t } from 'millrace'

export default job(
  'sums',
  {
    params: { count: t.optional(t.int32) },
    backend: 'hashmap',
    checkpointing: { interval: '1 s' },
  },
  (env, { count = 5 }) => {
    env
      .fromElements(
        'numbers',
        Array.from({ length: count }, (_, index) => index),
      )
      .keyBy((value) => value % 3)
      .sum('totals', (value) => value)
      .print('out')
  },
)
