// A job whose function keeps all the memory it can get, at one record, once: what it writes to a
// file it finds again.
import { existsSync, writeFileSync } from 'node:fs'
import { job, keyedProcess, t, valueState } from 'millrace'
import { collection, fileSink } from 'millrace/connectors'

const params = { marker: t.string, output: t.string, what: t.string }
const kept: unknown[] = []

function keepForEver(what: string): void {
  for (let n = 0; ; n++) {
    if (what === 'heap') kept.push(Array.from({ length: 1_000 }, (_, at) => ({ n, at })))
    else if (what === 'buffers') kept.push(new ArrayBuffer(4 * 1024 ** 2))
    else kept.push(Buffer.alloc(1024 ** 2, 1))
  }
}

export default job('greedy', { params }, (env, { marker, output, what }) => {
  const totals = keyedProcess({
    key: t.string,
    input: t.float64,
    output: t.struct({ key: t.string, total: t.float64 }),
    state: { total: valueState(t.float64, { initial: 0 }) },
    processElement(n, { state, currentKey }, out) {
      if (n === 57 && !existsSync(marker)) {
        writeFileSync(marker, String(n))
        keepForEver(what)
      }
      state.total.update(state.total.value() + n)
      out.collect({ key: currentKey, total: state.total.value() })
    },
  })
  env
    .fromSource('numbers', collection(Array.from({ length: 100 }, (_, n) => n)))
    .returns(t.float64)
    .keyBy((n) => `key ${n % 10}`, t.string)
    .process('totals', totals)
    .sinkTo('out', fileSink({ path: output, format: 'json-lines' }))
})
