/**
 * The workers of one attempt: started together, deployed together, ended together. Turns their
 * messages into awaited steps while the job starts, and into calls of the attempt afterwards.
 */
import type { FromWorker, JobFacts, ToWorker } from '../checkpoint/messages.ts'
import { errorFromData, errorToData, MillraceError, type ErrorData } from '../errors.ts'
import type { JobPlan } from '../graph/plan.ts'
import type { PhaseTimings } from '../state/backend.ts'
import { required } from '../util/assert.ts'
import type { Host, WorkerPort, WorkerSpec } from './host.ts'
import { sumTimings } from './worker-status.ts'
import { MemoryWatch } from './memory-watch.ts'
import { type StuckWorker, WorkerWatch } from './worker-watch.ts'

/** A worker that was told to close gets this long before its thread is ended. */
const CLOSE_WITHIN_MS = 5_000
/** The same for one that has a profile to make of its samples. */
const PROFILE_WITHIN_MS = 60_000

export interface WorkerSetEvents {
  message(worker: number, message: FromWorker): void
  /** Of a worker that ends, for whatever reason. */
  profile?(worker: number, profile: unknown): void
  /** A worker failed or is gone, and the attempt with it; said once. */
  lost(error: ErrorData): void
  /** A call of a worker does not return, or has returned after all. */
  stuck?(stuck: StuckWorker): void
  unstuck?(worker: number): void
  /** The same of a worker that runs. True: the attempt goes on, and has it replaced. */
  workerLost?(worker: number, error: ErrorData): boolean
}

export type Planned = Extract<FromWorker, { kind: 'planned' }>

interface Waiting<T> {
  readonly answers: (T | undefined)[]
  missing: number
  readonly resolve: (answers: readonly T[]) => void
  readonly reject: (error: unknown) => void
}

export class WorkerSet {
  readonly #ports: WorkerPort[] = []
  readonly #gone: boolean[] = []
  readonly #events: WorkerSetEvents
  readonly #host: Host
  #loaded: Waiting<JobFacts> | undefined
  #planned: Waiting<Planned> | undefined
  #deployed: Waiting<PhaseTimings> | undefined
  #whenAllGone: (() => void) | undefined
  /** Workers that failed and are to be replaced, until their successors know the job. */
  readonly #replaced = new Set<number>()
  readonly #whenGone = new Map<number, () => void>()
  /** How many workers there have been in each place. */
  readonly #lives: number[] = []
  readonly #watch: WorkerWatch
  readonly #memory: MemoryWatch
  #patienceMs = CLOSE_WITHIN_MS
  #isRunning = false
  #lost: ErrorData | undefined
  #isClosing = false

  constructor(host: Host, events: WorkerSetEvents) {
    this.#host = host
    this.#events = events
    this.#watch = new WorkerWatch(host.clock, {
      stuck: (stuck) => events.stuck?.(stuck),
      unstuck: (worker) => events.unstuck?.(worker),
      end: (worker, error) => void this.#end(worker, error),
    })
    this.#memory = new MemoryWatch(host.clock, {
      end: (worker, error) => void this.#end(worker, error),
    })
  }

  /** Starts workers; resolves with the job's facts when each has loaded it. */
  async start(specs: readonly WorkerSpec[]): Promise<JobFacts> {
    const loaded = this.#await<JobFacts>((waiting) => (this.#loaded = waiting), specs)
    for (const spec of specs) {
      const { index } = spec
      if (spec.profileIntervalUs !== undefined) this.#patienceMs = PROFILE_WITHIN_MS
      const life = (this.#lives[index] ?? 0) + 1
      this.#lives[index] = life
      this.#gone[index] = false
      // What a worker says that has been replaced concerns nobody any more.
      const isMeant = (): boolean => this.#lives[index] === life
      const port = this.#host.spawn(spec, {
        message: (message) => void (isMeant() && this.#message(index, message)),
        exit: (error) => void (isMeant() && this.#exit(index, error)),
      })
      this.#ports[index] = port
      this.#watch.watch(index, port)
      this.#memory.watch(index, port)
    }
    return required((await loaded)[0], 'no worker')
  }

  /** Gives all workers the options; resolves with the one plan they must all come to. */
  async configure(message: ToWorker): Promise<Planned> {
    const planned = this.#await<Planned>((waiting) => (this.#planned = waiting), this.#ports)
    this.broadcast(message)
    if (message.kind === 'configure') {
      this.#watch.configure(message.settings)
      this.#memory.configure(message.settings)
    }
    const plans = await planned
    const first = required(plans[0], 'no worker')
    for (const { plan } of plans) requireSamePlan(plan, first.plan)
    return first
  }

  /** Sends each worker its deployment; resolves with the summed times of opening the state. */
  async deploy(messages: readonly ToWorker[]): Promise<PhaseTimings> {
    const deployed = this.#await<PhaseTimings>((waiting) => (this.#deployed = waiting), messages)
    messages.forEach((message, worker) => this.send(worker, message))
    const timings = sumTimings(await deployed)
    this.#isRunning = true
    this.#watch.isRunning = true
    return timings
  }

  /** A new worker in the place of one that failed, when the former is surely gone. */
  async replace(spec: WorkerSpec, configure: ToWorker, plan: JobPlan): Promise<void> {
    const { index } = spec
    await this.#ended(index)
    await this.start([spec])
    const planned = this.#await<Planned>((waiting) => (this.#planned = waiting), [spec])
    this.#ports[index]?.send(configure)
    const [answer] = await planned
    requireSamePlan(required(answer, 'no worker').plan, plan)
    this.#replaced.delete(index)
  }

  get count(): number {
    return this.#ports.length
  }

  send(worker: number, message: ToWorker): void {
    // One that is being replaced does not know the job yet; what it missed is told once it does.
    if (this.#gone[worker] !== false || this.#replaced.has(worker)) return
    required(this.#ports[worker], 'no such worker').send(message)
  }

  broadcast(message: ToWorker): void {
    for (let worker = 0; worker < this.#ports.length; worker++) this.send(worker, message)
  }

  /** Ends all workers: asked first, then by force. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    this.#watch.close()
    this.#memory.close()
    const allGone = new Promise<void>((resolve) => (this.#whenAllGone = resolve))
    this.#replaced.clear()
    this.broadcast({ kind: 'close' })
    const closed = new MillraceError('JOB_CANCELLED', 'the attempt has ended')
    this.#loaded?.reject(closed)
    this.#planned?.reject(closed)
    this.#checkAllGone()
    const patience = new AbortController()
    await Promise.race([allGone, this.#host.clock.sleep(this.#patienceMs, patience.signal)])
    patience.abort()
    for (let worker = 0; worker < this.#ports.length; worker++) {
      if (this.#gone[worker] === false) await this.#ports[worker]?.terminate()
    }
  }

  #await<T>(keep: (waiting: Waiting<T>) => void, from: readonly unknown[]): Promise<readonly T[]> {
    return new Promise((resolve, reject) => {
      // A worker may have been lost between two steps, when nobody waited for an answer.
      if (this.#lost !== undefined) reject(errorFromData(this.#lost))
      keep({ answers: [], missing: from.length, resolve, reject })
    })
  }

  #message(worker: number, message: FromWorker): void {
    if (message.kind === 'profile') return this.#events.profile?.(worker, message.profile)
    if (this.#lost !== undefined) return
    if (message.kind === 'loaded') answer(this.#loaded, worker, message.job)
    else if (message.kind === 'planned') answer(this.#planned, worker, message)
    else if (message.kind === 'deployed' && message.round === 0) {
      answer(this.#deployed, worker, message.openTimings)
    } else if (message.kind === 'failed') this.#workerFailed(worker, message.error)
    else if (message.kind === 'task-failed' && !this.#isRunning) this.#fail(message.error)
    else this.#tell(worker, message)
  }

  /** What goes wrong while a message is handled fails the attempt, not the process. */
  #tell(worker: number, message: FromWorker): void {
    try {
      this.#events.message(worker, message)
    } catch (error) {
      this.#fail(errorToData(error))
    }
  }

  /** One that does not end by itself: it is gone first, and then lost. */
  async #end(worker: number, error: ErrorData): Promise<void> {
    const life = this.#lives[worker]
    this.#watch.forget(worker)
    this.#memory.forget(worker)
    await this.#ports[worker]?.terminate()
    if (this.#lives[worker] === life && !this.#isClosing) this.#workerFailed(worker, error)
  }

  #exit(worker: number, error: ErrorData | undefined): void {
    this.#gone[worker] = true
    const reason = error && this.#memory.explained(worker, error)
    this.#watch.forget(worker)
    this.#memory.forget(worker)
    if (reason !== undefined && !this.#isClosing) this.#workerFailed(worker, reason)
    this.#whenGone.get(worker)?.()
    this.#checkAllGone()
  }

  #workerFailed(worker: number, error: ErrorData): void {
    if (this.#lost !== undefined || this.#isClosing) return
    if (this.#replaced.has(worker)) {
      // It failed before, or its successor does before it knows the job.
      this.#loaded?.reject(errorFromData(error))
      this.#planned?.reject(errorFromData(error))
    } else if (this.#isRunning && this.#events.workerLost?.(worker, error) === true) {
      this.#replaced.add(worker)
    } else this.#fail(error)
  }

  /** Resolves when the worker is gone, by force if need be. */
  async #ended(worker: number): Promise<void> {
    if (this.#gone[worker] === true) return
    const gone = new Promise<void>((resolve) => this.#whenGone.set(worker, resolve))
    const patience = new AbortController()
    await Promise.race([gone, this.#host.clock.sleep(this.#patienceMs, patience.signal)])
    patience.abort()
    if (this.#gone[worker] === false) await this.#ports[worker]?.terminate()
  }

  #fail(error: ErrorData): void {
    if (this.#lost !== undefined || this.#isClosing) return
    this.#lost = error
    this.#loaded?.reject(errorFromData(error))
    this.#planned?.reject(errorFromData(error))
    this.#deployed?.reject(errorFromData(error))
    this.#events.lost(error)
  }

  #checkAllGone(): void {
    if (this.#gone.every((gone) => gone)) this.#whenAllGone?.()
  }
}

/** @throws `JOB_GRAPH_INVALID` */
function requireSamePlan(plan: JobPlan, former: JobPlan): void {
  if (JSON.stringify(plan) === JSON.stringify(former)) return
  throw new MillraceError('JOB_GRAPH_INVALID', 'two workers built different graphs', {
    cure: 'build the graph from params only, not from clocks, random numbers or changing files',
  })
}

function answer<T>(waiting: Waiting<T> | undefined, worker: number, value: T): void {
  if (waiting === undefined || waiting.answers[worker] !== undefined) return
  waiting.answers[worker] = value
  waiting.missing--
  if (waiting.missing === 0) {
    waiting.resolve(waiting.answers.filter((each) => each !== undefined))
  }
}
