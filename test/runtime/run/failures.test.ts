// Jobs whose functions or workers fail: what is said of it, what is restored, when it is given up.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isMillraceError, run, type MillraceError } from 'millrace'
import { assertCounted, countingJob, placeFor } from './helpers.ts'

async function failureOf(promise: Promise<unknown>): Promise<MillraceError> {
  const error: unknown = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert.ok(isMillraceError(error), String(error))
  return error
}

describe('a job with a failing function', () => {
  it('says which operator failed at which record', async (context) => {
    const { options, output, marker } = placeFor(context)
    const params = { output, records: 8_000, keys: 10, trouble: 'throw always', marker }
    const handle = await run(countingJob, {
      ...options,
      restart: { strategy: 'none' },
      parallelism: 2,
      params,
    })
    const error = await failureOf(handle.finished)
    assert.equal(error.code, 'FUNCTION_FAILED')
    // Split 0 of 4 holds every fourth index: 4000 is its record 1000, the first of a batch.
    assert.match(error.message, /^map .*counting-job\.ts.*: no such field/)
    assert.match(error.message, /\(split 0-of-4, record 1 after position 1000\)$/)
    assert.equal(error.details['place'], 'split 0-of-4, record 1 after position 1000')
    assert.match(String(error.cause), /no such field/)
    assert.equal(handle.status.state, 'failed')
    assert.equal(handle.status.lastError?.code, 'FUNCTION_FAILED')
  })

  it('is restarted as often as its strategy allows, then fails', async (context) => {
    const { options, output, marker } = placeFor(context)
    const params = { output, records: 1_000, keys: 10, trouble: 'throw always', marker }
    const handle = await run(countingJob, {
      ...options,
      restart: { strategy: 'fixed-delay', attempts: 2, delay: 1 },
      parallelism: 2,
      params,
    })
    const error = await failureOf(handle.finished)
    assert.equal(error.code, 'FUNCTION_FAILED')
    assert.equal(handle.status.attempts, 3)
  })

  it('is not restarted for what a restart cannot mend', async (context) => {
    const { options, output } = placeFor(context)
    const params = { output, records: 1_000, keys: 10, trouble: 'promise' }
    const handle = await run(countingJob, { ...options, parallelism: 2, params })
    const error = await failureOf(handle.finished)
    assert.equal(error.code, 'JOB_ASYNC_FUNCTION')
    assert.match(error.message, /counting-job\.ts/)
    assert.equal(handle.status.attempts, 1)
  })
})

describe('a job whose worker is lost', () => {
  for (const trouble of ['throw', 'exit', 'late-throw', 'rejection']) {
    it(`is restored exactly after one ${trouble}`, async (context) => {
      const { options, output, marker } = placeFor(context)
      const params = {
        output,
        records: 12_000,
        keys: 100,
        rate: 20_000,
        trouble: `${trouble} once`,
        marker,
      }
      const handle = await run(countingJob, { ...options, parallelism: 2, params })
      assert.equal((await handle.finished).outcome, 'finished')
      const { attempts, lastError } = handle.status
      assert.equal(attempts, 2)
      const code = trouble === 'throw' ? 'FUNCTION_FAILED' : 'WORKER_LOST'
      assert.equal(lastError?.code, code)
      assertCounted(output, 12_000, 100)
    })
  }

  it('says which worker was lost, and how', async (context) => {
    const { options, output, marker } = placeFor(context)
    const params = { output, records: 1_000, keys: 10, trouble: 'exit always', marker }
    const handle = await run(countingJob, {
      ...options,
      restart: { strategy: 'none' },
      parallelism: 2,
      params,
    })
    const error = await failureOf(handle.finished)
    assert.equal(error.code, 'WORKER_LOST')
    assert.match(error.message, /^worker \d ended: exit code 7$/)
  })
})
