/** Entry of a worker thread: joins the worker runtime to the thread's port. */
import { parentPort, workerData } from 'node:worker_threads'
import type { ToWorker } from '../checkpoint/messages.ts'
import { errorToData } from '../errors.ts'
import { required } from '../util/assert.ts'
import { systemClock, type TimerHandle } from '../util/clock.ts'
import type { WorkerSpec } from './host.ts'
import { embeddedWorkerHost } from './host-worker-thread.ts'
import { WorkerRuntime } from './worker-runtime.ts'

const port = required(parentPort, 'worker-thread.ts runs in a worker thread only')
/** How often the thread says that it turns. */
const BEAT_MS = 250

// Structured clone of what host-embedded.ts passed.
const { spec, beats } = workerData as { readonly spec: WorkerSpec; readonly beats: Int32Array }

let beating: TimerHandle | undefined
const beat = (): void => {
  Atomics.add(beats, 0, 1)
  beating = systemClock.setTimer(BEAT_MS, beat)
}
beat()

const host = embeddedWorkerHost({
  index: spec.index,
  profileIntervalUs: spec.profileIntervalUs,
  alive: () => void Atomics.add(beats, 0, 1),
  send: (message) => port.postMessage(message),
  report: (event, error) => port.postMessage({ kind: 'event', event, error: errorToData(error) }),
})
const runtime = new WorkerRuntime(spec, host)
port.on('message', (message: ToWorker) => runtime.receive(message))
void runtime.run().finally(() => {
  beating?.cancel()
  port.close()
})
