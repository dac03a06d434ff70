/** Entry of the thread that seals blocks: answers each request of `host-sealer.ts`. */
import { parentPort } from 'node:worker_threads'
import { SealBatch } from '../state/runs/sealer.ts'
import { required } from '../util/assert.ts'
import type { SealAnswer, SealRequest } from './host-sealer.ts'

const port = required(parentPort, 'host-sealer-thread.ts runs in a worker thread only')

port.on('message', ({ id, shared, lengths, options }: SealRequest) => {
  const sealed = SealBatch.of(shared, lengths).sealForOthers(options)
  port.postMessage({ id, sealed } satisfies SealAnswer)
})
