// A job whose function loops for ever at one record, once: what it writes to a file it finds again.
import { existsSync, writeFileSync } from 'node:fs'
import { job, keyedProcess, t, valueState } from 'millrace'
import { collection, fileSink } from 'millrace/connectors'

const params = { marker: t.string, output: t.string, slowMs: t.float64, records: t.float64 }

/** As a slip has it: the counter never gets there. */
function neverEnding(): void {
  for (let n = 0.5; n !== 1e9; n = (n + 1) % 1e6);
}

export default job('stuck', { params }, (env, { marker, output, slowMs, records }) => {
  const totals = keyedProcess({
    key: t.string,
    input: t.float64,
    output: t.struct({ key: t.string, total: t.float64 }),
    state: { total: valueState(t.float64, { initial: 0 }) },
    processElement(n, { state, currentKey }, out) {
      const until = performance.now() + slowMs
      while (performance.now() < until);
      if (n === 57 && slowMs === 0 && !existsSync(marker)) {
        writeFileSync(marker, String(Date.now()))
        neverEnding()
      }
      state.total.update(state.total.value() + n)
      out.collect({ key: currentKey, total: state.total.value() })
    },
  })
  env
    .fromSource('numbers', collection(Array.from({ length: records }, (_, n) => n)))
    .returns(t.float64)
    .keyBy((n) => `key ${n % 10}`, t.string)
    .process('totals', totals)
    .sinkTo('out', fileSink({ path: output, format: 'json-lines' }))
})
