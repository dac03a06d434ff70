/**
 * A worker in the very thread that runs the job: of a job that was given as a value. What runs
 * tasks is loaded when such a worker begins: where all workers are threads, their master never
 * needs it, and loading it would take half of its start.
 */
import type { ToWorker } from '../checkpoint/messages.ts'
import { errorToData } from '../errors.ts'
import { systemClock } from '../util/clock.ts'
import type { WorkerEvents, WorkerPort, WorkerSpec } from './host.ts'
import type { WorkerRuntime } from './worker-runtime.ts'

const KEEP_ALIVE_MS = 60_000

export function spawnInline(spec: WorkerSpec, events: WorkerEvents): WorkerPort {
  let isOver = false
  const later = (action: () => void): void => queueMicrotask(() => void (isOver || action()))
  let runtime: WorkerRuntime | undefined
  /** What came before the worker could take it. */
  const early: ToWorker[] = []
  const send = (message: ToWorker): void => {
    if (runtime === undefined) early.push(message)
    else runtime.receive(message)
  }
  const run = async (): Promise<void> => {
    const loaded = await load(spec, events, later)
    runtime = loaded.runtime
    for (const message of early.splice(0)) runtime.receive(message)
    try {
      await runtime.run()
    } finally {
      loaded.end()
    }
  }
  const running = new AbortController()
  void keepProcessAlive(running.signal)
  void run()
    .then(
      () => later(() => events.exit(undefined)),
      (error: unknown) => later(() => events.exit(errorToData(error))),
    )
    .finally(() => running.abort())
  return {
    send,
    // Nothing can end code of this very thread: what hangs is left alone and no longer heard.
    async terminate() {
      isOver = true
      send({ kind: 'close' })
      running.abort()
    },
  }
}

async function load(
  spec: WorkerSpec,
  events: WorkerEvents,
  later: (action: () => void) => void,
): Promise<{ readonly runtime: WorkerRuntime; end(): void }> {
  const { embeddedWorkerHost } = await import('./host-worker-thread.ts')
  const { WorkerRuntime } = await import('./worker-runtime.ts')
  const host = embeddedWorkerHost({
    index: spec.index,
    profileIntervalUs: spec.profileIntervalUs,
    send(message) {
      if (message.kind !== 'closed') later(() => events.message(message))
    },
    report(event, error) {
      later(() => events.message({ kind: 'event', event, error: errorToData(error) }))
    },
  })
  return { runtime: new WorkerRuntime(spec, host), end: () => host.end() }
}

/** As a thread would, whatever the job waits for. */
async function keepProcessAlive(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) await systemClock.sleep(KEEP_ALIVE_MS, signal)
}
