/**
 * The thread beside a task's own that talks to a server: started here, run by `helper-entry.ts`.
 * Messages go over a port of their own, which can be read while the event loop stands still, and a
 * shared word is added to and notified with each.
 */
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads'
import { MillraceError, messageOf } from '../../errors.ts'
import { entryUrl } from '../../util/entry-url.ts'
import type { HelperPort, HelperSpec } from './helper-port.ts'

export function startHelper(spec: HelperSpec): HelperPort {
  const { port1: port, port2 } = new MessageChannel()
  const signal = new Int32Array(new SharedArrayBuffer(4))
  const worker = new Worker(entryUrl(import.meta.url, 'helper-entry'), {
    workerData: { spec, port: port2, signal },
    transferList: [port2],
    name: 'millrace remote store',
  })
  // Nobody stays alive for it but who waits for an answer.
  worker.unref()
  let failure: MillraceError | undefined
  const ended = new Promise<void>((resolve) => {
    worker.on('error', (error) => (failure = lost(messageOf(error), error)))
    worker.on('exit', (code) => {
      failure ??= lost(`it ended with code ${code}`)
      resolve()
    })
  })
  /** What the word was before the port was found empty. */
  let seen = 0
  return {
    post(request) {
      if (failure !== undefined) throw failure
      port.postMessage(request, [request.buffer as ArrayBuffer]) // a copy of its own
    },
    receive() {
      seen = Atomics.load(signal, 0)
      const found: { readonly message: Uint8Array } | undefined = receiveMessageOnPort(port)
      if (found === undefined && failure !== undefined) throw failure
      return found?.message
    },
    wait(timeoutMs) {
      Atomics.wait(signal, 0, seen, timeoutMs)
    },
    async arrives() {
      const rings = Atomics.waitAsync(signal, 0, seen)
      if (!rings.async) return
      worker.ref()
      await Promise.race([rings.value, ended])
      worker.unref()
    },
    async close() {
      port.close()
      await worker.terminate()
    },
  }
}

function lost(why: string, cause?: unknown): MillraceError {
  const message = `the helper thread of the remote store is gone: ${why}`
  return new MillraceError('STORAGE_FAILED', message, { cause })
}
