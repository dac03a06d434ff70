// Event time over threads and restores: two sources in one window, timers that fire exactly once,
// nothing late that would not have been late without the restart.
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import { until } from '../doubles.ts'
import { linesOf, placeFor } from './helpers.ts'

const eventTimeJob = new URL('./event-time-job.ts', import.meta.url)

/** Every key has had ten records of each side in every window of a hundred milliseconds. */
function assertWindows(output: string, records: number): void {
  const expected = Array.from({ length: records / 10 }, (_, at) => {
    const end = Math.floor(at / 10) * 100 + 99
    return `${at % 10} ${end} 10 10`
  })
  assert.deepEqual(linesOf(output).toSorted(), expected.toSorted())
}

describe('a job in event time', () => {
  it('fires every window once, with all of both sources, on two workers', async (context) => {
    const { options, output, directory } = placeFor(context)
    const late = join(directory, 'late')
    const params = { output, late, records: 20_000 }
    const handle = await run(eventTimeJob, { ...options, parallelism: 2, params })
    assert.equal((await handle.finished).outcome, 'finished')
    assertWindows(output, 20_000)
    assert.deepEqual(linesOf(late), [])
  })

  it('does so also when it is stopped and resumed at other parallelisms', async (context) => {
    const { options, output, directory } = placeFor(context)
    const late = join(directory, 'late')
    const given = { output, late, records: 4_000 }
    for (const parallelism of [2, 3, 1]) {
      // So slowly that much is left after both stops, however long they take.
      const params = parallelism === 1 ? given : { ...given, rate: 200 }
      const handle = await run(eventTimeJob, { ...options, parallelism, params })
      if (parallelism === 1) {
        assert.equal((await handle.finished).outcome, 'finished')
        continue
      }
      const { recordsIn } = handle.status
      await until(() => handle.status.recordsIn > recordsIn + 100)
      await handle.stop()
    }
    assertWindows(output, 4_000)
    assert.deepEqual(linesOf(late), [])
  })
})
