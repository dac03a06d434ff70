/**
 * The embedded host: workers are threads of this process, or this very thread when a job value was
 * given; storage is what the URL says; a job's folder is claimed through its control socket.
 */
import { hostname } from 'node:os'
import type { Worker } from 'node:worker_threads'
import { errorToData, MillraceError } from '../errors.ts'
import { loadMachineLayers } from '../config/load.ts'
import { absoluteLocation, isLocalDisk, openBlobStore } from '../storage/open.ts'
import { systemClock } from '../util/clock.ts'
import { machineMemoryBytes } from '../util/machine-memory.ts'
import { systemRandom } from '../util/random.ts'
import type { WorkerLook } from './heartbeat.ts'
import type { Host, WorkerEvents, WorkerPort, WorkerSpec } from './host.ts'
import { openKeys, openSignatures } from './host-embedded-keys.ts'
import { isDebugged, lookAtWorker } from './host-embedded-look.ts'
import { watchOwner } from './host-embedded-owner.ts'
import { spawnInline } from './host-inline.ts'
import { type FirstThreads, WorkerThread, workerMemoryBytes } from './host-worker-start.ts'
import { claimJobFolder, requireUnowned } from './job-claim.ts'
import { reachKillPoint } from './kill-points.ts'

const END_AGAIN_MS = 100
/** So long a worker that is done may have a timer or a connection of the job's own left. */
const LINGER_MS = 500

export const embeddedHost: Host = embedded(machineMemoryBytes())

/** @param memoryBytes of the machine; of less, for tests. */
export function embedded(memoryBytes: number): Host {
  return {
    clock: systemClock,
    random: systemRandom(),
    memoryBytes,
    runsValuesInParallel: false,
    machineLayers: (configFile) => loadMachineLayers({ configFile }),
    at: reachKillPoint,
    openStore: (location) => openBlobStore(location),
    openKeys,
    openSignatures,
    absoluteLocation,
    // Elsewhere no job's folder lies beside its checkpoints.
    async requireUnowned(location) {
      if (isLocalDisk(location)) await requireUnowned(absoluteLocation(location))
    },
    process: { host: hostname(), pid: process.pid },
    owner: (directory, jobName) => watchOwner(directory, jobName, systemClock),
    claim: (request) => claimJobFolder(request),
    spawn: (spec, events) =>
      spec.moduleUrl === undefined
        ? spawnInline(spec, events)
        : spawnThread(spec, events, workerMemoryBytes(memoryBytes)),
  }
}

/** The host with threads that were started for a job's first workers. */
export function withFirst(first: FirstThreads): Host {
  return {
    ...embeddedHost,
    spawn(spec, events) {
      const thread = first.take(spec)
      if (thread === undefined) return embeddedHost.spawn(spec, events)
      return portOf(thread, spec, events, workerMemoryBytes(embeddedHost.memoryBytes))
    },
  }
}

function spawnThread(spec: WorkerSpec, events: WorkerEvents, memoryBytesMax: number): WorkerPort {
  return portOf(new WorkerThread(spec, memoryBytesMax), spec, events, memoryBytesMax)
}

function portOf(
  thread: WorkerThread,
  spec: WorkerSpec,
  events: WorkerEvents,
  memoryBytesMax: number,
): WorkerPort {
  const { worker, name, beats } = thread
  let isClosing = false
  let isEnding = false
  let looking: Promise<WorkerLook | undefined> | undefined
  let failure: unknown
  thread.listen({
    message(message) {
      if (message.kind !== 'closed') return events.message(message)
      isClosing = true
      systemClock.setTimer(LINGER_MS, () => void port.terminate())
    },
    error: (error) => (failure = error),
    exit(exitCode) {
      if (isClosing && failure === undefined) return events.exit(undefined)
      events.exit(errorToData(lostError(spec.index, exitCode, failure)))
    },
  })
  const port: WorkerPort = {
    send: (message) => worker.postMessage(message),
    // In a process that is debugged its threads may stand still.
    beats: () => (isDebugged() ? 0 : Atomics.load(beats, 0)),
    memoryBytesMax,
    async memory() {
      const { total_heap_size: heapBytes, external_memory: external } =
        await worker.getHeapStatistics()
      return { heapBytes, outsideBytes: external }
    },
    async look(withinMs) {
      if (isEnding) return undefined
      looking ??= lookAtWorker(worker.threadId, name, withinMs).finally(() => (looking = undefined))
      return looking
    },
    async terminate() {
      isClosing = true
      isEnding = true
      await looking?.catch(() => undefined)
      await endThread(worker)
    },
  }
  return port
}

/**
 * Ends a thread for sure. A look at it, whose expressions run within the thread, can swallow its
 * end: what loops there would loop on, heard by nobody and holding more and more.
 */
async function endThread(worker: Worker): Promise<void> {
  const ended = new AbortController()
  const { signal } = ended
  worker.once('exit', () => ended.abort())
  while (!signal.aborted) {
    void worker.terminate().finally(() => ended.abort())
    await systemClock.sleep(END_AGAIN_MS, signal)
  }
}

function lostError(worker: number, exitCode: number, failure: unknown): MillraceError {
  const details = { worker }
  if (failure instanceof Error && Reflect.get(failure, 'code') === 'ERR_WORKER_OUT_OF_MEMORY') {
    const message = `worker ${worker} has reached the limit of its heap`
    return new MillraceError('WORKER_OUT_OF_MEMORY', message, { cause: failure, details })
  }
  const reason = failure instanceof Error ? failure.message : `exit code ${exitCode}`
  const message = `worker ${worker} ended: ${reason}`
  return new MillraceError('WORKER_LOST', message, { cause: failure, details })
}
