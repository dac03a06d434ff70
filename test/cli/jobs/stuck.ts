/** A job that never takes its last checkpoint: its function does not come back. */
import { job } from 'millrace'

export default job('stuck', { backend: 'hashmap' }, (env) => {
  env
    .fromElements('numbers', [1])
    .map((value) => {
      for (;;) if (value < 0) return value
    })
    .print('out')
})
