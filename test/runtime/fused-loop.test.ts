// A look at a thread that hangs in a function of a fused chain: it finds which operator's it is.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { it } from 'node:test'
import { Worker } from 'node:worker_threads'
import { lookAtWorker } from '../../src/runtime/host-embedded-look.ts'

it('names the operator of a fused chain whose function does not return', async (test) => {
  const worker = new Worker(new URL('./fused-loop-thread.ts', import.meta.url), { name: 'hangs' })
  test.after(() => worker.terminate())
  await once(worker, 'message')
  const look = await lookAtWorker(worker.threadId, 'hangs', 60_000)
  assert.equal(look?.operator, 'the one that loops')
  assert.match(look?.code ?? '', /^neverEnding \(file:.*fused-loop-thread\.ts:\d+\)$/)
})
