/**
 * Starts the threads of workers. The first ones of a job are started before what runs jobs is
 * loaded: loading the engine and the job takes a thread as long as all that comes before it is
 * needed. What a thread says until somebody listens is kept.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { FromWorker } from '../checkpoint/messages.ts'
import { entryUrl } from '../util/entry-url.ts'
import { machineMemoryBytes } from '../util/machine-memory.ts'
import type { WorkerSpec } from './host.ts'

const WORKER_MEMORY_SHARE = 0.6

export interface ThreadEvents {
  message(message: FromWorker): void
  error(error: unknown): void
  exit(code: number): void
}

export class WorkerThread {
  readonly worker: Worker
  readonly name: string
  /** How often it has turned. */
  readonly beats = new Int32Array(new SharedArrayBuffer(4))
  #events: ThreadEvents | undefined
  #kept: ((events: ThreadEvents) => void)[] = []

  /**
   * @param memoryBytesMax bounds one worker's heap, so that a leak ends the worker and not the
   *   process. State is held by the `memory` option well below it. Outside of the heap the engine
   *   bounds nothing: there `MemoryWatch` does.
   */
  constructor(spec: WorkerSpec, memoryBytesMax: number) {
    this.name = `millrace worker ${spec.index}`
    this.worker = new Worker(entryUrl(import.meta.url, 'worker-thread'), {
      workerData: { spec, beats: this.beats },
      name: this.name,
      resourceLimits: { maxOldGenerationSizeMb: Math.ceil(memoryBytesMax / 1024 ** 2) },
    })
    this.worker.on('message', (message: FromWorker) => this.#tell((to) => to.message(message)))
    this.worker.on('error', (error) => this.#tell((to) => to.error(error)))
    this.worker.on('exit', (code) => this.#tell((to) => to.exit(code)))
  }

  /** Tells what was said until now, and from now on. */
  listen(events: ThreadEvents): void {
    this.#events = events
    for (const tell of this.#kept.splice(0)) tell(events)
  }

  #tell(tell: (events: ThreadEvents) => void): void {
    if (this.#events === undefined) this.#kept.push(tell)
    else tell(this.#events)
  }
}

export function workerMemoryBytes(memoryBytes: number): number {
  return Math.ceil(memoryBytes * WORKER_MEMORY_SHARE)
}

/** The threads of a job's first workers, until the job takes them. */
export class FirstThreads {
  readonly #moduleUrl: string
  readonly #threads: (WorkerThread | undefined)[]

  /**
   * @param parallelism as the caller has given it: unchecked, and undefined where the job or its
   *   surroundings say it. More threads than processors would only hinder each other.
   */
  constructor(moduleUrl: string, parallelism?: unknown) {
    this.#moduleUrl = moduleUrl
    const isCount = typeof parallelism === 'number' && parallelism >= 1
    const count = isCount ? Math.min(Math.floor(parallelism), availableParallelism()) : 1
    this.#threads = Array.from({ length: count }, (_, index) => {
      const spec = { index, moduleUrl, job: undefined }
      return new WorkerThread(spec, workerMemoryBytes(machineMemoryBytes()))
    })
  }

  /** The thread, if there is one for this worker that was not given away. */
  take({ index, moduleUrl, profileIntervalUs }: WorkerSpec): WorkerThread | undefined {
    if (moduleUrl !== this.#moduleUrl || profileIntervalUs !== undefined) return undefined
    const thread = this.#threads[index]
    this.#threads[index] = undefined
    return thread
  }

  /** Ends those that were not taken. */
  async end(): Promise<void> {
    const left = this.#threads.splice(0).filter((thread) => thread !== undefined)
    await Promise.all(left.map(({ worker }) => worker.terminate()))
  }
}
