/**
 * A line to simulated servers, below the code that repeats requests: each request may fail before
 * or after it took effect, or never be answered and take effect late; servers are gone for a while,
 * or restart while requests are under way. How a failure looks is for each kind of server to say.
 */
import type { Random } from '../../src/util/random.ts'
import type { ServerFault } from '../fault-kinds.ts'
import { type Scheduler, type Scope, Violation } from '../scheduler.ts'

export interface ServerFaults {
  readonly isHealed: boolean
  strikes(kind: ServerFault): boolean
}

export interface LineWorld {
  readonly scheduler: Scheduler
  /** Who asks. */
  readonly scope: Scope
  readonly random: Random
  readonly faults: ServerFaults
  readonly cluster: Cluster
  readonly timeoutMs: number
  readonly retryForMs: number
}

/** Which faults strike a kind of server. */
export interface Troubles {
  readonly errorBefore: ServerFault
  readonly errorAfter: ServerFault
  readonly timeoutBefore: ServerFault
  readonly timeoutAfter: ServerFault
  readonly slow: ServerFault
  readonly unreachable: ServerFault
  readonly restart: ServerFault
}

/** One request, and how it fails. */
export interface Ask<A> {
  /** All of it at one instant, perhaps long after it was asked for. */
  readonly perform: () => A
  /** What is decided is not decided after the time for an answer. */
  readonly isDecided?: boolean
  /** The server has not taken it. */
  refused(): Error
  /** The server has done it, and could not say so. */
  failed(): Error
  /** The connection ended. */
  broken(): Error
  /** Nobody is there. */
  nobody(): Error
}

const LATENCY_MS_MAX = 0.8
const RESTART_MS_MAX = 60
/** So long may servers be gone, in terms of how long a request is repeated. */
const UNREACHABLE_RETRIES = 2

/** The servers of a kind, whoever asks them. */
export class Cluster {
  downUntilMs = 0
  /** Requests that they have not answered. */
  readonly underWay = new Set<() => void>()

  /** All that is under way breaks off. */
  restart(untilMs: number): void {
    this.downUntilMs = Math.max(this.downUntilMs, untilMs)
    for (const breakOff of this.underWay) breakOff()
    this.underWay.clear()
  }
}

interface Sent<A> extends Ask<A> {
  resolve(answer: A): void
  reject(error: Error): void
  /** Nobody will be told. */
  readonly forget: () => void
}

export class Line {
  readonly #world: LineWorld
  readonly #troubles: Troubles

  constructor(world: LineWorld, troubles: Troubles) {
    this.#world = world
    this.#troubles = troubles
  }

  // Not async: what is given must be an `Abandonable`.
  // oxlint-disable-next-line typescript/promise-function-async
  send<A>(ask: Ask<A>): Promise<A> {
    return new Abandonable<A>((resolve, reject, forget) => {
      if (this.#world.scope.isAlive) this.#send({ ...ask, resolve, reject, forget })
      else forget()
    })
  }

  #send<A>(request: Sent<A>): void {
    const { scheduler, faults, random, cluster, timeoutMs, retryForMs } = this.#world
    const troubles = this.#troubles
    const { nowMs } = scheduler
    const latencyMs = random.next() * LATENCY_MS_MAX
    if (faults.strikes(troubles.unreachable)) {
      cluster.downUntilMs = nowMs + random.next() * UNREACHABLE_RETRIES * retryForMs
    }
    if (faults.strikes(troubles.restart)) cluster.restart(nowMs + random.next() * RESTART_MS_MAX)
    if (!faults.isHealed && nowMs < cluster.downUntilMs) {
      return this.#answer(request, latencyMs, () => request.reject(request.nobody()))
    }
    if (faults.strikes(troubles.timeoutBefore)) return this.#neverAnswer(request)
    if (faults.strikes(troubles.timeoutAfter)) {
      const lateMs = (request.isDecided === true ? 1 : 2) * timeoutMs
      this.#perform(request, random.next() * lateMs)
      return this.#neverAnswer(request)
    }
    const slowMs = faults.strikes(troubles.slow) ? random.next() * 0.8 * timeoutMs : 0
    const failsBefore = faults.strikes(troubles.errorBefore)
    const failsAfter = !failsBefore && faults.strikes(troubles.errorAfter)
    const atMs = latencyMs + slowMs
    if (failsBefore) return this.#answer(request, atMs, () => request.reject(request.refused()))
    this.#perform(request, atMs, (outcome) => {
      this.#answer(request, random.next() * LATENCY_MS_MAX, () => {
        if (outcome === undefined) request.reject(request.broken())
        else if (failsAfter) request.reject(request.failed())
        else if ('error' in outcome) request.reject(outcome.error)
        else request.resolve(outcome.answer)
      })
    })
  }

  /** Whoever asked may be gone by then. */
  #perform<A>(
    request: Sent<A>,
    delayMs: number,
    then: (outcome: Outcome<A> | undefined) => void = () => undefined,
  ): void {
    const { scheduler, cluster, random } = this.#world
    const event = scheduler.schedule(scheduler.world, delayMs, 'row request', () => {
      cluster.underWay.delete(breakOff)
      then(this.#outcomeOf(request))
    })
    const breakOff = (): void => {
      scheduler.cancel(event)
      if (random.int(2) === 0) this.#outcomeOf(request)
      then(undefined)
    }
    cluster.underWay.add(breakOff)
  }

  #outcomeOf<A>(request: Sent<A>): Outcome<A> {
    try {
      return { answer: request.perform() }
    } catch (error) {
      if (error instanceof Refusal) return { error }
      const violation = error instanceof Violation ? error : new Violation(String(error))
      this.#world.scheduler.fail(violation)
      return { error: violation }
    }
  }

  #answer<A>({ forget }: Sent<A>, delayMs: number, answer: () => void): void {
    const { scheduler, scope } = this.#world
    const event = scheduler.schedule(scope, delayMs, 'rows', answer)
    event.forget = forget
  }

  /** It is not waited for so long. */
  #neverAnswer<A>(request: Sent<A>): void {
    this.#answer(request, 3 * this.#world.timeoutMs, () => request.reject(request.broken()))
  }
}

type Outcome<A> = { readonly answer: A } | { readonly error: Error }

/** What a server answers to a request that it has understood, and does not heed. */
export class Refusal extends Error {}

/**
 * An answer that may never come: then who waits for it is let go of, and does not go on. Node keeps
 * signals with listeners that depend on others, and with them all of a world that has ended.
 */
class Abandonable<T> extends Promise<T> {
  // Promises that are made of it are plain ones.
  static override get [Symbol.species](): PromiseConstructor {
    return Promise
  }

  readonly #isOver: Promise<void>

  constructor(
    begin: (
      resolve: (value: T) => void,
      reject: (error: Error) => void,
      forget: () => void,
    ) => void,
  ) {
    const over = Promise.withResolvers<void>()
    super((resolve, reject) => begin(resolve, reject, over.resolve))
    this.#isOver = over.promise
  }

  // It is a promise, and has one anyway.
  // oxlint-disable-next-line unicorn/no-thenable
  override then<A = T, B = never>(
    onDone?: ((value: T) => A | PromiseLike<A>) | null,
    onFailed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    // What comes of its end is looked at by nobody.
    return Promise.race([super.then(onDone, onFailed), this.#isOver]) as Promise<A | B>
  }
}
