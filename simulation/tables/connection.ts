/**
 * A connection to a simulated cluster of Cassandra, below the code that repeats requests: each may
 * fail before or after it took effect, or never be answered and take effect late; nodes are gone
 * for a while, or restart while requests are under way.
 */
import type {
  Agreement,
  Answer,
  CassandraConnection,
  Row,
  Statement,
} from '../../src/storage/cassandra/driver.ts'
import type { Random } from '../../src/util/random.ts'
import type { TableFault } from '../fault-kinds.ts'
import { type Scheduler, type Scope, Violation } from '../scheduler.ts'

export interface Asked {
  readonly nowMs: number
  /** Of the change, as the package gives it: grows with each request of a client. */
  readonly timestamp: number
}

/** What the nodes hold. */
export interface Tables {
  /** All of it at one instant. */
  run(statements: readonly Statement[], asked: Asked): readonly Row[]
}

export interface TableFaults {
  readonly isHealed: boolean
  strikes(kind: TableFault): boolean
}

export interface ConnectionWorld {
  readonly scheduler: Scheduler
  /** Who asks. */
  readonly scope: Scope
  readonly random: Random
  readonly faults: TableFaults
  readonly cluster: Cluster
  readonly timeoutMs: number
  readonly retryForMs: number
}

const LATENCY_MS_MAX = 0.8
const RESTART_MS_MAX = 60
/** So long may nodes be gone, in terms of how long a request is repeated. */
const UNREACHABLE_RETRIES = 2
/** Rows of one answer: hardly any, so that there are several. */
const PAGE_ROWS = 5
const PASSING = { overloaded: 0x1001, writeTimeout: 0x1100, readTimeout: 0x1200 } as const

/** The nodes, whoever asks them. */
export class Cluster {
  readonly tables: Tables
  downUntilMs = 0
  /** Requests that the nodes have not answered. */
  readonly underWay = new Set<() => void>()

  constructor(tables: Tables) {
    this.tables = tables
  }

  /** All that is under way breaks off. */
  restart(untilMs: number): void {
    this.downUntilMs = Math.max(this.downUntilMs, untilMs)
    for (const breakOff of this.underWay) breakOff()
    this.underWay.clear()
  }
}

export class SimConnection implements CassandraConnection {
  readonly #world: ConnectionWorld
  #timestamp = 0

  constructor(world: ConnectionWorld) {
    this.#world = world
  }

  // Not async: what is given must be an `Abandonable`.
  // oxlint-disable-next-line typescript/promise-function-async
  send(
    statements: readonly Statement[],
    agreement: Agreement,
    pageState?: string,
  ): Promise<Answer> {
    return new Abandonable<Answer>((resolve, reject, forget) => {
      if (this.#world.scope.isAlive) {
        this.#send({ statements, agreement, pageState, resolve, reject, forget })
      } else forget()
    })
  }

  async close(): Promise<void> {}

  #send(request: SentRequest): void {
    const { scheduler, faults, random, cluster, timeoutMs, retryForMs } = this.#world
    const { nowMs } = scheduler
    this.#timestamp = Math.max(this.#timestamp + 1, Math.floor(nowMs * 1_000))
    const asked = { nowMs, timestamp: this.#timestamp }
    const latencyMs = random.next() * LATENCY_MS_MAX
    if (faults.strikes('tableUnreachable')) {
      cluster.downUntilMs = nowMs + random.next() * UNREACHABLE_RETRIES * retryForMs
    }
    if (faults.strikes('tableRestart')) cluster.restart(nowMs + random.next() * RESTART_MS_MAX)
    if (!faults.isHealed && nowMs < cluster.downUntilMs) {
      return this.#answer(request, latencyMs, () => request.reject(noNode()))
    }
    if (faults.strikes('tableTimeoutBefore')) return this.#neverAnswer(request)
    if (faults.strikes('tableTimeoutAfter')) {
      // What is decided is not decided later than that; of other changes the newest wins.
      const lateMs = (request.agreement === 'serial' ? 1 : 2) * timeoutMs
      this.#perform(request, random.next() * lateMs, asked)
      return this.#neverAnswer(request)
    }
    const slowMs = faults.strikes('tableSlow') ? random.next() * 0.8 * timeoutMs : 0
    const failsBefore = faults.strikes('tableErrorBefore')
    const failsAfter = !failsBefore && faults.strikes('tableErrorAfter')
    const atMs = latencyMs + slowMs
    if (failsBefore) {
      return this.#answer(request, atMs, () => request.reject(failed('overloaded')))
    }
    this.#perform(request, atMs, asked, (answer) => {
      this.#answer(request, random.next() * LATENCY_MS_MAX, () => {
        if (answer === undefined) request.reject(broken())
        else if (failsAfter)
          request.reject(failed(isRead(request) ? 'readTimeout' : 'writeTimeout'))
        else request.resolve(answer)
      })
    })
  }

  /** Whoever asked may be gone by then. */
  #perform(
    request: SentRequest,
    delayMs: number,
    asked: Asked,
    then: (answer: Answer | undefined) => void = () => undefined,
  ): void {
    const { scheduler, cluster, random } = this.#world
    const run = (): Answer => this.#run(request, asked)
    const event = scheduler.schedule(scheduler.world, delayMs, 'row request', () => {
      cluster.underWay.delete(breakOff)
      then(run())
    })
    const breakOff = (): void => {
      scheduler.cancel(event)
      if (random.int(2) === 0) run()
      then(undefined)
    }
    cluster.underWay.add(breakOff)
  }

  #run({ statements, pageState }: SentRequest, { timestamp }: Asked): Answer {
    const { scheduler, cluster } = this.#world
    try {
      const rows = cluster.tables.run(statements, { nowMs: scheduler.nowMs, timestamp })
      const from = Number(pageState ?? 0)
      const hasMore = rows.length > from + PAGE_ROWS
      const next = hasMore ? String(from + PAGE_ROWS) : undefined
      return { rows: rows.slice(from, from + PAGE_ROWS), pageState: next }
    } catch (error) {
      scheduler.fail(error instanceof Violation ? error : new Violation(String(error)))
      return { rows: [], pageState: undefined }
    }
  }

  #answer({ forget }: SentRequest, delayMs: number, answer: () => void): void {
    const { scheduler, scope } = this.#world
    const event = scheduler.schedule(scope, delayMs, 'rows', answer)
    event.forget = forget
  }

  /** It is not waited for so long. */
  #neverAnswer(request: SentRequest): void {
    this.#answer(request, 3 * this.#world.timeoutMs, () => request.reject(broken()))
  }
}

interface SentRequest {
  readonly statements: readonly Statement[]
  readonly agreement: Agreement
  readonly pageState: string | undefined
  resolve(answer: Answer): void
  reject(error: Error): void
  /** Nobody will be told. */
  readonly forget: () => void
}

function isRead({ statements }: SentRequest): boolean {
  return statements[0]?.cql.startsWith('SELECT') === true
}

function failed(kind: keyof typeof PASSING): Error {
  const error = new Error(`injected: ${kind}`)
  return Object.assign(error, { name: 'ResponseError', code: PASSING[kind] })
}

function broken(): Error {
  return Object.assign(new Error('injected: the connection ended'), { isSocketError: true })
}

function noNode(): Error {
  const innerErrors = { sim: new Error('Host considered as DOWN (injected)') }
  return Object.assign(new Error('injected: no node'), {
    name: 'NoHostAvailableError',
    innerErrors,
  })
}

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
