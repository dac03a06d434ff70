// The threads of a job's first workers are started ahead: what they say meanwhile is kept, they are
// only taken by the workers that they were started for, and they end if nobody takes them.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, it } from 'node:test'
import { run } from 'millrace'
import type { FromWorker } from '../../../src/checkpoint/messages.ts'
import { FirstThreads, type WorkerThread } from '../../../src/runtime/host-worker-start.ts'
import { runEmbedded } from '../../../src/runtime/run-on.ts'
import { until } from '../doubles.ts'
import { placeFor } from './helpers.ts'

const moduleUrl = new URL('./words-job.ts', import.meta.url).href
const spec = { index: 0, moduleUrl, job: undefined }

describe('the threads of the first workers', () => {
  it('are those of these workers, once, and have kept what was said', async () => {
    const first = new FirstThreads(moduleUrl)
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

  it('are as many as the caller asks for and processors can run', async () => {
    const most = availableParallelism()
    for (const [parallelism, count] of [
      [undefined, 1],
      ['2', 1],
      [0, 1],
      [2, Math.min(2, most)],
      [most + 7, most],
    ] as const) {
      const first = new FirstThreads(moduleUrl, parallelism)
      const taken: WorkerThread[] = []
      for (let index = 0; index < most + 8; index++) {
        const thread = first.take({ ...spec, index })
        if (thread !== undefined) taken.push(thread)
      }
      await first.end()
      for (const { worker } of taken) await worker.terminate()
      assert.equal(taken.length, count, `parallelism ${parallelism}`)
    }
  })

  it('end when a job needs fewer workers than the caller asked for', async (context) => {
    const { options, directory, output } = placeFor(context)
    const input = join(directory, 'input.txt')
    writeFileSync(input, 'to be or not')
    const first = new FirstThreads(moduleUrl, 2)
    const params = { input, output, builtIn: true }
    const handle = await runEmbedded(new URL(moduleUrl), { ...options, params }, first)
    assert.equal(first.take({ ...spec, index: 1 }), undefined)
    await handle.finished
  })

  it('end when the run is refused, and when none is needed', async (context) => {
    const { options, directory } = placeFor(context)
    const path = join(directory, 'no-job.mjs')
    writeFileSync(path, 'export default 5\n')
    // Node ends the test's process only when no thread is left.
    await assert.rejects(run(pathToFileURL(path), options), { code: 'JOB_MODULE_INVALID' })
    const wrong = { ...options, parallelism: 0 }
    await assert.rejects(run(new URL(moduleUrl), wrong), { code: 'CONFIG_INVALID' })
  })
})
