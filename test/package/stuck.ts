// A user's job whose function does not return at one record: what is told must name its key.
import { job, keyedProcess, t } from 'millrace'

const loops = keyedProcess({
  key: t.string,
  input: t.string,
  output: t.string,
  state: {},
  processElement(letter, _context, out) {
    while (letter === 'b');
    out.collect(letter)
  },
})

export default job('package-stuck', { callTimeout: '2 s' }, (env) => {
  env
    .fromElements('letters', ['a', 'b', 'c'])
    .keyBy((letter) => letter)
    .process('loops', loops)
    .print('out')
})
