// The thread of a job's first worker is started ahead: what it says meanwhile is kept, it is only
// taken by the worker that it was started for, and it ends if nobody takes it.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import type { FromWorker } from '../../../src/checkpoint/messages.ts'
import { FirstThread } from '../../../src/runtime/host-worker-start.ts'
import { until } from '../doubles.ts'
import { placeFor } from './helpers.ts'

const moduleUrl = new URL('./words-job.ts', import.meta.url).href
const spec = { index: 0, moduleUrl, job: undefined }

describe('the thread of the first worker', () => {
  it('is that of this worker, once, and has kept what was said', async () => {
    const first = new FirstThread(moduleUrl)
    assert.equal(first.take({ ...spec, index: 1 }), undefined)
    assert.equal(first.take({ ...spec, moduleUrl: `${moduleUrl}?other` }), undefined)
    assert.equal(first.take({ ...spec, profileIntervalUs: 100 }), undefined)
    const thread = first.take(spec)
    assert.ok(thread !== undefined)
    assert.equal(first.take(spec), undefined)
    await once(thread.worker, 'message')
    const said: FromWorker[] = []
    let exits = 0
    thread.listen({
      message: (message) => said.push(message),
      error: (error) => assert.fail(String(error)),
      exit: () => exits++,
    })
    await until(() => said.some(({ kind }) => kind === 'loaded'))
    await first.end()
    assert.equal(exits, 0, 'one that was taken is not ended')
    await thread.worker.terminate()
    assert.equal(exits, 1)
  })

  it('ends when the run is refused, and when none is needed', async (context) => {
    const { options, directory } = placeFor(context)
    const path = join(directory, 'no-job.mjs')
    writeFileSync(path, 'export default 5\n')
    // Node ends the test's process only when no thread is left.
    await assert.rejects(run(pathToFileURL(path), options), { code: 'JOB_MODULE_INVALID' })
    const wrong = { ...options, parallelism: 0 }
    await assert.rejects(run(new URL(moduleUrl), wrong), { code: 'CONFIG_INVALID' })
  })
})
