/** Entry of a worker thread: joins the worker runtime to the thread's port. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ToWorker } from '../checkpoint/messages.ts'
import { errorToData } from '../errors.ts'
import { required } from '../util/assert.ts'
import type { WorkerSpec } from './host.ts'
import { embeddedWorkerHost } from './host-worker-thread.ts'
import { WorkerRuntime } from './worker-runtime.ts'

const port = required(parentPort, 'worker-thread.ts runs in a worker thread only')
const spec = workerData as WorkerSpec // structured clone of what host-embedded.ts passed

const host = embeddedWorkerHost({
  index: spec.index,
  profileIntervalUs: spec.profileIntervalUs,
  send: (message) => port.postMessage(message),
  report: (event, error) => port.postMessage({ kind: 'event', event, error: errorToData(error) }),
})
const runtime = new WorkerRuntime(spec, host)
port.on('message', (message: ToWorker) => runtime.receive(message))
void runtime.run().finally(() => port.close())
