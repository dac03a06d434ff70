/** A job whose parameter says which version of its code it is: for the tests of deploys. */
import { job, keyedProcess, listState, t, valueState } from 'millrace'

const before = keyedProcess({
  key: t.int32,
  input: t.int32,
  output: t.string,
  state: { total: valueState(t.float64, { initial: 0 }), seen: listState(t.int32) },
  processElement(value, { state, currentKey }, out) {
    state.total.update(state.total.value() + value)
    state.seen.add(value)
    out.collect(`${currentKey}: ${state.total.value()} of ${[...state.seen].length}`)
  },
})

/** Without `total`, with `last`. */
const leaner = keyedProcess({
  key: t.int32,
  input: t.int32,
  output: t.string,
  state: { last: valueState(t.int32), seen: listState(t.int32) },
  processElement(value, { state, currentKey }, out) {
    state.last.update(value)
    state.seen.add(value)
    out.collect(`${currentKey}: ${value}, ${[...state.seen].length}`)
  },
})

/** `total` has become text. */
const textual = keyedProcess({
  key: t.int32,
  input: t.int32,
  output: t.string,
  state: { total: valueState(t.string, { initial: '' }), seen: listState(t.int32) },
  processElement(value, { state, currentKey }, out) {
    state.total.update(`${state.total.value()}+${value}`)
    state.seen.add(value)
    out.collect(`${currentKey}: ${state.total.value()} of ${[...state.seen].length}`)
  },
})

export default job(
  'orders',
  { params: { version: t.enum('before', 'leaner', 'textual', 'gone') }, backend: 'hashmap' },
  (env, { version }) => {
    const numbers = env.fromElements('numbers', [1, 2, 3, 4], t.int32)
    const keyed = numbers.keyBy((value) => value % 2, t.int32)
    if (version === 'before') keyed.process('totals', before).print('out')
    if (version === 'leaner') keyed.process('totals', leaner).print('out')
    if (version === 'textual') keyed.process('totals', textual).print('out')
    if (version === 'gone') numbers.print('out')
  },
)
