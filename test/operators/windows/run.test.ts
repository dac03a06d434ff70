// Windows in whole jobs: at parallelism 1 and 2, on both backends, with a failure in the middle.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { job, run, tumblingWindow } from 'millrace'
import { collect, dataGenerator } from 'millrace/connectors'
import { linesOf, placeFor } from '../../runtime/run/helpers.ts'
import { backends } from './harness.ts'
import { countLate, expectedLines, JITTER_MS, visitAt } from './visits.ts'

const visitsJob = new URL('./visits-job.ts', import.meta.url)
const RECORDS = 8_000

describe('a job with windows', () => {
  for (const { name, isThere } of backends) {
    for (const parallelism of [1, 2]) {
      const what = `parallelism ${parallelism} on ${name}, over a failure`
      it(`gives each result once at ${what}`, { skip: !isThere }, async (context) => {
        const { options, output, marker } = placeFor(context)
        const withLate = parallelism === 1
        const params = { output, records: RECORDS, marker, fails: true, withLate }
        const handle = await run(visitsJob, {
          ...options,
          backend: name === 'rocksdb' ? 'rocksdb' : 'hashmap',
          checkpointing: { interval: 20 },
          parallelism,
          params,
        })
        await handle.finished
        assert.equal(handle.status.attempts, 2)
        assert.deepEqual(linesOf(output).toSorted(), expectedLines(RECORDS, withLate))
      })
    }
  }

  it('may put windows after windows: results come before the watermark', async (context) => {
    const totals = collect<string>()
    const made = job('totals', (env) => {
      env
        .fromSource(
          'visits',
          dataGenerator({ generate: (index) => visitAt(index), count: 2_500 }),
          {
            timestamp: (visit) => visit.at,
            maxOutOfOrderness: JITTER_MS,
          },
        )
        .keyBy((visit) => visit.page)
        .window(tumblingWindow(500))
        .count('per-page')
        .keyBy(() => 'all')
        .window(tumblingWindow(500))
        .reduce(
          'sum',
          (a, b) => ({ ...a, value: a.value + b.value }),
          ({ value }, { window }) => `${window.start} ${value}`,
        )
        .sinkTo('totals', totals)
    })
    const handle = await run(made, placeFor(context).options)
    await handle.finished
    const counts = new Map<number, number>()
    for (let index = 0; index < 2_500; index++) {
      const start = Math.floor(visitAt(index).at / 500) * 500
      counts.set(start, (counts.get(start) ?? 0) + 1)
    }
    const expected = Array.from(counts, ([start, count]) => `${start} ${count}`)
    assert.deepEqual(totals.values.toSorted(), expected.toSorted())
    assert.equal(handle.status.lateRecords, 0)
  })

  it('counts its late records, one for each operator that got one', async (context) => {
    const { options, output, marker } = placeFor(context)
    const params = { output, records: RECORDS, marker, fails: false, withLate: true }
    const handle = await run(visitsJob, {
      ...options,
      params,
    })
    await handle.finished
    assert.equal(handle.status.lateRecords, 4 * countLate(RECORDS))
  })
})
