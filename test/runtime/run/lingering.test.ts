// A worker that is done ends, whatever the job's module has left in its thread.
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { FromWorker } from '../../../src/checkpoint/messages.ts'
import type { ErrorData } from '../../../src/errors.ts'
import { embeddedHost } from '../../../src/runtime/host-embedded.ts'

const moduleUrl = new URL('./lingering-job.ts', import.meta.url).href

describe('a worker whose module keeps a timer', () => {
  it('ends by itself when it has closed, without an error', async () => {
    const loaded = Promise.withResolvers<void>()
    const gone = Promise.withResolvers<ErrorData | undefined>()
    const spec = { index: 0, moduleUrl, job: undefined }
    const port = embeddedHost.spawn(spec, {
      message: ({ kind }: FromWorker) => void (kind === 'loaded' && loaded.resolve()),
      exit: gone.resolve,
    })
    await loaded.promise
    port.send({ kind: 'close' })
    assert.equal(await gone.promise, undefined)
  })
})
