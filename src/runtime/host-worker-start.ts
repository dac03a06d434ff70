/**
 * Starts the threads of workers. The first one of a job is started before what runs jobs is loaded:
 * loading the engine and the job takes a thread as long as all that comes before it is needed. What
 * a thread says until somebody listens is kept.
 */
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

/** The thread of a job's first worker, until the job takes it. */
export class FirstThread {
  readonly #moduleUrl: string
  #thread: WorkerThread | undefined

  constructor(moduleUrl: string) {
    this.#moduleUrl = moduleUrl
    const spec = { index: 0, moduleUrl, job: undefined }
    this.#thread = new WorkerThread(spec, workerMemoryBytes(machineMemoryBytes()))
  }

  /** The thread, if it is one for this worker and was not given away. */
  take(spec: WorkerSpec): WorkerThread | undefined {
    const isMeant = spec.index === 0 && spec.moduleUrl === this.#moduleUrl
    if (!isMeant || spec.profileIntervalUs !== undefined) return undefined
    const thread = this.#thread
    this.#thread = undefined
    return thread
  }

  /** Ends it, unless it was taken. */
  async end(): Promise<void> {
    const thread = this.#thread
    this.#thread = undefined
    await thread?.worker.terminate()
  }
}
