/** A job whose function throws at its third record. */
import { job } from 'millrace'

export default job(
  'failing',
  { backend: 'hashmap', restart: { strategy: 'fixed-delay', attempts: 1, delay: '10 ms' } },
  (env) => {
    env
      .fromElements('numbers', [1, 2, 3])
      .map((value) => {
        if (value === 3) throw new RangeError('three is too much')
        return value
      })
      .print('out')
  },
)
