import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import { until } from '../../runtime/doubles.ts'
import { linesOf, placeFor } from '../../runtime/run/helpers.ts'

const threadsJob = new URL('./threads-job.ts', import.meta.url)

function assertAll(output: string, records: number): void {
  const expected = Array.from({ length: 2 * records }, (_, value) => value)
  const found = linesOf(output)
    .map(Number)
    .toSorted((a, b) => a - b)
  assert.deepEqual(found, expected)
}

describe('a job with calls between bursts', () => {
  for (const parallelism of [1, 2]) {
    it(`loses and repeats nothing at parallelism ${parallelism}`, async (context) => {
      const { options, output } = placeFor(context)
      const params = { output, records: 800 }
      const handle = await run(threadsJob, { ...options, parallelism, params })
      assert.equal((await handle.finished).outcome, 'finished')
      assertAll(output, 800)
    })
  }

  it('nor when it is stopped and resumed at another parallelism', async (context) => {
    const { options, output } = placeFor(context)
    const params = { output, records: 800, rate: 2_000 }
    const first = await run(threadsJob, { ...options, parallelism: 2, params })
    await until(() => first.status.recordsIn > 100)
    await first.stop()
    const second = await run(threadsJob, { ...options, parallelism: 1, params })
    assert.equal((await second.finished).outcome, 'finished')
    assertAll(output, 800)
  })
})
