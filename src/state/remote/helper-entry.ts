/** Where the helper thread of a remote store begins: it opens the table and serves it. */
import { type MessagePort, workerData } from 'node:worker_threads'
import type { HelperSpec } from './helper-port.ts'
import { RemoteServer } from './remote-server.ts'
import type { OpenRemoteTable } from './remote-table.ts'

// As `startHelper` gives it.
const { spec, port, signal } = workerData as {
  readonly spec: HelperSpec
  readonly port: MessagePort
  readonly signal: Int32Array
}

async function open() {
  // One of our own modules, which declares itself so.
  const { default: openTable } = (await import(spec.module)) as { default: OpenRemoteTable }
  return await openTable(spec.options, spec.scope)
}

const server = new RemoteServer(open, (answer) => {
  port.postMessage(answer, [answer.buffer as ArrayBuffer]) // a copy of its own
  Atomics.add(signal, 0, 1)
  Atomics.notify(signal, 0)
})
port.on('message', (request: Uint8Array) => server.take(request))
