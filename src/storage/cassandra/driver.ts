/**
 * The one file that touches the package `cassandra-driver`, which is loaded when the first
 * `cassandra:` storage is opened. It repeats nothing by itself: who repeats a transaction must know
 * that it did.
 *
 * A client that has lost all its nodes is thrown away, and the next request begins anew. Left to
 * itself, version 4.10 connects again to nodes that its own requests then do not know, and leaves
 * connections and timers behind that nobody can end: so it is kept from that.
 */
import { authorityIn } from '../remote/authority.ts'
import { loadPackage } from '../remote/package.ts'
import type { CassandraPlace } from './place.ts'

const PACKAGE = 'cassandra-driver'
const CONNECT_MS = 5_000
/** So long a node that is gone is left alone before it is tried again. */
const RECONNECT_MS = 1_000
const PAGE_ROWS = 1_000

export interface Statement {
  readonly cql: string
  readonly values: readonly unknown[]
}

export type Row = Readonly<Record<string, unknown>>

export interface Answer {
  readonly rows: readonly Row[]
  /** There are more rows if it is given; it asks for them. */
  readonly pageState: string | undefined
}

/** `serial`: decided by the nodes together; reads then see what is being decided. */
export type Agreement = 'majority' | 'serial'

export interface CassandraConnection {
  /** One attempt; several statements are one transaction. Rejects with the package's own errors. */
  send(statements: readonly Statement[], agreement: Agreement, pageState?: string): Promise<Answer>
  close(): Promise<void>
}

interface Result {
  readonly rows?: readonly Row[]
  readonly pageState?: string | null
}

interface Client {
  connect(): Promise<void>
  execute(cql: string, values: readonly unknown[], options: object): Promise<Result>
  batch(
    statements: readonly { readonly query: string; readonly params: readonly unknown[] }[],
    options: object,
  ): Promise<Result>
  shutdown(): Promise<void>
}

interface Node {
  isUp(): boolean
}

type Planned = (error: Error | null, plan?: Iterator<Node>) => void

interface Balancing {
  /** @param request absent: for the connection that tells of the nodes. */
  newQueryPlan(keyspace: string | null, request: object | null, planned: Planned): void
}

interface Driver {
  readonly Client: new (options: object) => Client
  readonly policies: {
    readonly loadBalancing: { readonly DefaultLoadBalancingPolicy: new () => Balancing }
    readonly reconnection: { readonly ConstantReconnectionPolicy: new (ms: number) => object }
    readonly retry: { readonly FallthroughRetryPolicy: new () => object }
  }
  readonly types: { readonly consistencies: Readonly<Record<string, number>> }
}

/** Variables: who asks. */
type Environment = Readonly<Record<string, string | undefined>>

/** Throws `PACKAGE_UNAVAILABLE` if the package is not installed. */
export function connectCassandra(
  place: CassandraPlace,
  environment: Environment,
): CassandraConnection {
  // The package declares itself so; the tests call each.
  const driver = loadPackage(PACKAGE, 'cassandra') as Driver
  return new DriverConnection(driver, place, environment)
}

function clientOptions(driver: Driver, place: CassandraPlace, environment: Environment) {
  const { reconnection, retry } = driver.policies
  const username = environment['CASSANDRA_USERNAME']
  const password = environment['CASSANDRA_PASSWORD'] ?? ''
  const { contactPoints, datacenter, isTls, timeoutMs } = place
  const ca = authorityIn(place.authorityFile)
  return {
    contactPoints,
    localDataCenter: datacenter,
    ...(username === undefined ? {} : { credentials: { username, password } }),
    ...(isTls ? { sslOptions: { rejectUnauthorized: true, ca } } : {}),
    socketOptions: {
      connectTimeout: Math.min(CONNECT_MS, timeoutMs),
      readTimeout: timeoutMs,
    },
    policies: {
      reconnection: new reconnection.ConstantReconnectionPolicy(RECONNECT_MS),
      retry: new retry.FallthroughRetryPolicy(),
    },
    encoding: { useBigIntAsLong: true },
    // Says to the server what it knows of this program: nobody needs that.
    monitorReporting: { enabled: false },
  }
}

interface Session {
  readonly client: Client
  /** No node was up when it looked for one. */
  isLost: boolean
  readonly connected: Promise<void>
  /** How many wait for an answer. */
  users: number
}

class DriverConnection implements CassandraConnection {
  readonly #driver: Driver
  readonly #options: ReturnType<typeof clientOptions>
  readonly #majority: string
  #session: Session | undefined
  /** Also those that have been thrown away, until they have ended. */
  readonly #sessions = new Set<Session>()
  #isClosed = false

  constructor(driver: Driver, place: CassandraPlace, environment: Environment) {
    const { majority } = place
    this.#driver = driver
    this.#options = clientOptions(driver, place, environment)
    this.#majority = majority === 'cluster' ? 'quorum' : 'localQuorum'
  }

  async send(
    statements: readonly Statement[],
    agreement: Agreement,
    pageState?: string,
  ): Promise<Answer> {
    if (this.#isClosed) throw new Error('the connection was closed')
    const current = this.#session
    const session = current?.isLost === false ? current : this.#begin()
    session.users++
    try {
      await session.connected
      return await this.#ask(session.client, statements, agreement, pageState)
    } catch (error) {
      if (knowsNoNode(error)) session.isLost = true
      throw error
    } finally {
      if (--session.users === 0 && session.isLost) void this.#end(session)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    await Promise.all(Array.from(this.#sessions, (session) => this.#end(session)))
  }

  #begin(): Session {
    const loadBalancing = new this.#driver.policies.loadBalancing.DefaultLoadBalancingPolicy()
    const client = new this.#driver.Client({
      ...this.#options,
      policies: { ...this.#options.policies, loadBalancing },
    })
    const connected = client.connect()
    const session: Session = { client, isLost: false, connected, users: 0 }
    stopWhenLost(loadBalancing, session)
    connected.catch(() => {
      // What was wrong may have been put right when the next one asks.
      session.isLost = true
    })
    if (this.#session?.users === 0) void this.#end(this.#session)
    this.#session = session
    this.#sessions.add(session)
    return session
  }

  async #end(session: Session): Promise<void> {
    // While it connects, it does not heed that it shall end.
    await session.connected.catch(() => undefined)
    await session.client.shutdown().catch(() => undefined)
    this.#sessions.delete(session)
  }

  async #ask(
    client: Client,
    statements: readonly Statement[],
    agreement: Agreement,
    pageState: string | undefined,
  ): Promise<Answer> {
    const { consistencies } = this.#driver.types
    const [first, ...others] = statements
    const isRead = first?.cql.startsWith('SELECT') === true
    const level = isRead && agreement === 'serial' ? 'serial' : this.#majority
    const options = {
      prepare: true,
      consistency: consistencies[level],
      serialConsistency: consistencies['serial'],
      fetchSize: PAGE_ROWS,
      ...(pageState === undefined ? {} : { pageState }),
    }
    const { rows = [], pageState: next } =
      others.length === 0
        ? await client.execute(first?.cql ?? '', first?.values ?? [], options)
        : await client.batch(
            statements.map(({ cql, values }) => ({ query: cql, params: values })),
            options,
          )
    return { rows, pageState: next ?? undefined }
  }
}

/** Where no node is up to tell of the others, it waits for ever. */
function stopWhenLost(balancing: Balancing, session: Session): void {
  const plan = balancing.newQueryPlan.bind(balancing)
  balancing.newQueryPlan = (keyspace, request, planned) => {
    plan(keyspace, request, (error, nodes) => {
      if (request !== null || error !== null || nodes === undefined) return planned(error, nodes)
      const all: Node[] = []
      for (let next = nodes.next(); next.done !== true; next = nodes.next()) all.push(next.value)
      if (all.some((node) => node.isUp())) return planned(null, all.values())
      session.isLost = true
      return undefined
    })
  }
}

function knowsNoNode(error: unknown): boolean {
  return Reflect.get(Object(error), 'innerErrors') !== undefined
}
