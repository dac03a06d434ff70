// A look at a thread that hangs in a function of a fused chain: it finds which operator's it is.
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { lookAtWorker } from '../../src/runtime/host-embedded-look.ts'

it('names the operator of a fused chain whose function does not return', async (test) => {
  const begun = new Int32Array(new SharedArrayBuffer(4))
  const thread = new URL('./fused-loop-thread.ts', import.meta.url)
  const worker = new Worker(thread, { name: 'hangs', workerData: begun })
  test.after(() => worker.terminate())
  while (begun[0] === 0) await setTimeout(1)
  const look = await lookAtWorker(worker.threadId, 'hangs', 60_000)
  assert.equal(look?.operator, 'the one that loops')
  assert.match(look?.code ?? '', /^neverEnding \(file:.*fused-loop-thread\.ts:\d+\)$/)
})
