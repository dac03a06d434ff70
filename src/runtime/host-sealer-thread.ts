/** Entry of the thread that seals blocks: answers each request of `host-sealer.ts`. */
import { parentPort } from 'node:worker_threads'
import { seal } from '../state/runs/sealer.ts'
import { required } from '../util/assert.ts'
import type { SealAnswer, SealRequest } from './host-sealer.ts'

const port = required(parentPort, 'host-sealer-thread.ts runs in a worker thread only')

port.on('message', ({ id, blocks, options }: SealRequest) => {
  const sealed = blocks.map((block) => {
    const { stored, ...rest } = seal(block, options)
    // Of its own size, to be handed over; a compressed block lies in a larger buffer.
    return { ...rest, stored: stored === block ? undefined : new Uint8Array(stored) }
  })
  const buffers = sealed.flatMap(({ stored }) => (stored === undefined ? [] : [stored.buffer]))
  port.postMessage({ id, sealed } satisfies SealAnswer, buffers)
})
