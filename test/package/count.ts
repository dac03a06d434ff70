// A user's job, as the gate runs it from the installed package: as it is, and compiled to .js.
import { job } from 'millrace'

export default job('package-count', (env) => {
  env
    .fromElements('letters', ['a', 'b', 'b', 'c', 'b', 'a', 'b'])
    .keyBy((letter) => letter)
    .count('counts')
    .print('out')
})
