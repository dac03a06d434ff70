// Windows in whole jobs: at parallelism 1 and 2, on both backends, with a failure in the middle.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import { linesOf, placeFor } from '../../runtime/run/helpers.ts'
import { backends } from './harness.ts'
import { countLate, expectedLines } from './visits.ts'

const visitsJob = new URL('./visits-job.ts', import.meta.url)
const RECORDS = 8_000

describe('a job with windows', () => {
  for (const { name, isThere } of backends) {
    for (const parallelism of [1, 2]) {
      const what = `parallelism ${parallelism} on ${name}, over a failure`
      it(`gives each result once at ${what}`, { skip: !isThere }, async (context) => {
        const { options, output, marker } = placeFor(context)
        const params = { output, records: RECORDS, marker, fails: true }
        const handle = await run(visitsJob, {
          ...options,
          backend: name === 'rocksdb' ? 'rocksdb' : 'hashmap',
          checkpointing: { interval: 20 },
          parallelism,
          params,
        })
        await handle.finished
        assert.equal(handle.status.attempts, 2)
        assert.deepEqual(linesOf(output).toSorted(), expectedLines(RECORDS))
      })
    }
  }

  it('counts its late records, one for each operator that got one', async (context) => {
    const { options, output, marker } = placeFor(context)
    const params = { output, records: RECORDS, marker, fails: false }
    const handle = await run(visitsJob, { ...options, parallelism: 2, params })
    await handle.finished
    assert.equal(handle.status.lateRecords, 2 * countLate(RECORDS))
  })
})
