/**
 * The workers of one attempt: started together, deployed together, ended together. Turns their
 * messages into awaited steps while the job starts, and into calls of the attempt afterwards.
 */
import type { FromWorker, JobFacts, ToWorker } from '../checkpoint/messages.ts'
import { errorFromData, errorToData, MillraceError, type ErrorData } from '../errors.ts'
import type { PhaseTimings } from '../state/backend.ts'
import { required } from '../util/assert.ts'
import type { Host, WorkerPort, WorkerSpec } from './host.ts'
import { sumTimings } from './worker-status.ts'

/** A worker that was told to close gets this long before its thread is ended. */
const CLOSE_WITHIN_MS = 5_000

export interface WorkerSetEvents {
  message(worker: number, message: FromWorker): void
  /** A worker failed or is gone; said once. */
  lost(error: ErrorData): void
}

type Planned = Extract<FromWorker, { kind: 'planned' }>

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
  #lost: ErrorData | undefined
  #isClosing = false

  constructor(host: Host, events: WorkerSetEvents) {
    this.#host = host
    this.#events = events
  }

  /** Starts workers; resolves with the job's facts when each has loaded it. */
  async start(specs: readonly WorkerSpec[]): Promise<JobFacts> {
    const loaded = this.#await<JobFacts>((waiting) => (this.#loaded = waiting), specs)
    for (const spec of specs) {
      this.#gone[spec.index] = false
      this.#ports[spec.index] = this.#host.spawn(spec, {
        message: (message) => this.#message(spec.index, message),
        exit: (error) => this.#exit(spec.index, error),
      })
    }
    return required((await loaded)[0], 'no worker')
  }

  /** Gives all workers the options; resolves with the one plan they must all come to. */
  async configure(message: ToWorker): Promise<Planned> {
    const planned = this.#await<Planned>((waiting) => (this.#planned = waiting), this.#ports)
    this.broadcast(message)
    const plans = await planned
    const first = required(plans[0], 'no worker')
    const text = JSON.stringify(first.plan)
    if (plans.every(({ plan }) => JSON.stringify(plan) === text)) return first
    throw new MillraceError('JOB_GRAPH_INVALID', 'two workers built different graphs', {
      cure: 'build the graph from params only, not from clocks, random numbers or changing files',
    })
  }

  /** Sends each worker its deployment; resolves with the summed times of opening the state. */
  async deploy(messages: readonly ToWorker[]): Promise<PhaseTimings> {
    const deployed = this.#await<PhaseTimings>((waiting) => (this.#deployed = waiting), messages)
    messages.forEach((message, worker) => this.send(worker, message))
    return sumTimings(await deployed)
  }

  get count(): number {
    return this.#ports.length
  }

  send(worker: number, message: ToWorker): void {
    if (this.#gone[worker] === false) required(this.#ports[worker], 'no such worker').send(message)
  }

  broadcast(message: ToWorker): void {
    for (let worker = 0; worker < this.#ports.length; worker++) this.send(worker, message)
  }

  /** Ends all workers: asked first, then by force. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    const allGone = new Promise<void>((resolve) => (this.#whenAllGone = resolve))
    this.broadcast({ kind: 'close' })
    this.#checkAllGone()
    const patience = new AbortController()
    await Promise.race([allGone, this.#host.clock.sleep(CLOSE_WITHIN_MS, patience.signal)])
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
    if (this.#lost !== undefined) return
    if (message.kind === 'loaded') answer(this.#loaded, worker, message.job)
    else if (message.kind === 'planned') answer(this.#planned, worker, message)
    else if (message.kind === 'deployed') answer(this.#deployed, worker, message.openTimings)
    else if (message.kind === 'failed') this.#fail(message.error)
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

  #exit(worker: number, error: ErrorData | undefined): void {
    this.#gone[worker] = true
    if (error !== undefined && !this.#isClosing) this.#fail(error)
    this.#checkAllGone()
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

function answer<T>(waiting: Waiting<T> | undefined, worker: number, value: T): void {
  if (waiting === undefined || waiting.answers[worker] !== undefined) return
  waiting.answers[worker] = value
  waiting.missing--
  if (waiting.missing === 0) {
    waiting.resolve(waiting.answers.filter((each) => each !== undefined))
  }
}
