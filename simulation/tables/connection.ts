/** A connection to a simulated cluster of Cassandra: what goes over the line to its nodes. */
import type {
  Agreement,
  Answer,
  CassandraConnection,
  Row,
  Statement,
} from '../../src/storage/cassandra/driver.ts'
import { Line, type LineWorld, type Troubles } from './line.ts'

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

export interface ConnectionWorld extends LineWorld {
  readonly tables: Tables
}

/** Rows of one answer: hardly any, so that there are several. */
const PAGE_ROWS = 5
const PASSING = { overloaded: 0x1001, writeTimeout: 0x1100, readTimeout: 0x1200 } as const

/** Of tables on servers. */
export const TABLE_TROUBLES: Troubles = {
  errorBefore: 'tableErrorBefore',
  errorAfter: 'tableErrorAfter',
  timeoutBefore: 'tableTimeoutBefore',
  timeoutAfter: 'tableTimeoutAfter',
  slow: 'tableSlow',
  unreachable: 'tableUnreachable',
  restart: 'tableRestart',
}

export class SimConnection implements CassandraConnection {
  readonly #world: ConnectionWorld
  readonly #line: Line
  #timestamp = 0

  constructor(world: ConnectionWorld) {
    this.#world = world
    this.#line = new Line(world, TABLE_TROUBLES)
  }

  // Not async: what the line gives may never come.
  // oxlint-disable-next-line typescript/promise-function-async
  send(
    statements: readonly Statement[],
    agreement: Agreement,
    pageState?: string,
  ): Promise<Answer> {
    const askedMs = this.#world.scheduler.nowMs
    this.#timestamp = Math.max(this.#timestamp + 1, Math.floor(askedMs * 1_000))
    const timestamp = this.#timestamp
    const isRead = statements[0]?.cql.startsWith('SELECT') === true
    return this.#line.send<Answer>({
      perform: () => this.#run(statements, pageState, timestamp),
      isDecided: agreement === 'serial',
      refused: () => failed('overloaded'),
      failed: () => failed(isRead ? 'readTimeout' : 'writeTimeout'),
      broken,
      nobody: noNode,
    })
  }

  async close(): Promise<void> {}

  #run(statements: readonly Statement[], pageState: string | undefined, timestamp: number): Answer {
    const { scheduler, tables } = this.#world
    const rows = tables.run(statements, { nowMs: scheduler.nowMs, timestamp })
    const from = Number(pageState ?? 0)
    const hasMore = rows.length > from + PAGE_ROWS
    const next = hasMore ? String(from + PAGE_ROWS) : undefined
    return { rows: rows.slice(from, from + PAGE_ROWS), pageState: next }
  }
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
