// Patterns in whole jobs: at parallelism 1 and 2, on both backends, with a failure in the middle.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import { linesOf, placeFor } from '../../runtime/run/helpers.ts'
import { backends } from '../windows/harness.ts'
import { expectedLines } from './logins.ts'

const loginsJob = new URL('./logins-job.ts', import.meta.url)
const RECORDS = 4_500

describe('a job with patterns', () => {
  for (const { name, isThere } of backends) {
    for (const parallelism of [1, 2]) {
      const what = `parallelism ${parallelism} on ${name}, over a failure`
      it(`gives each match once at ${what}`, { skip: !isThere }, async (context) => {
        const { options, output, marker } = placeFor(context)
        const withLate = parallelism === 1
        const handle = await run(loginsJob, {
          ...options,
          backend: name === 'rocksdb' ? 'rocksdb' : 'hashmap',
          checkpointing: { interval: 20 },
          parallelism,
          params: { output, records: RECORDS, marker, fails: true, withLate },
        })
        await handle.finished
        assert.equal(handle.status.attempts, 2)
        const expected = expectedLines(RECORDS, withLate)
        const words = ['break-in', 'silence', ...(withLate ? ['late'] : [])]
        assert.ok(words.every((word) => expected.join().includes(word)))
        assert.deepEqual(linesOf(output).toSorted(), expected)
      })
    }
  }
})
