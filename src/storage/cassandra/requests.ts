/**
 * The requests of a store, each repeated where that helps. The tables are looked for before the
 * first one, and made before the first write, if they are not there.
 */
import { MillraceError } from '../../errors.ts'
import type { Attempt, Retries } from '../remote/retries.ts'
import type { Agreement, Answer, CassandraConnection, Row, Statement } from './driver.ts'
import { judgeCassandra } from './errors.ts'
import type { CassandraPlace } from './place.ts'
import { KEYSPACE, type Statements, statementsOf, TABLES, TABLES_OF } from './tables.ts'
import { until } from './until.ts'

type Name = Exclude<keyof Statements, 'create'>

/** One of the statements, and its values. */
export type Said = readonly [statement: Name, ...values: readonly unknown[]]

export interface Request {
  /** For messages: `read`, `write`, … */
  readonly action: string
  /** The blob that it is about; empty for none. */
  readonly name: string
  /** Several are one transaction on one partition. */
  readonly said: readonly Said[]
  readonly agreement?: Agreement
  readonly sentBytes?: number
}

export class CassandraRequests {
  readonly place: CassandraPlace
  readonly #connection: CassandraConnection
  readonly #retries: Retries
  readonly #statements: Statements
  #hasTables = false
  #making: Promise<void> | undefined

  constructor(place: CassandraPlace, connection: CassandraConnection, retries: Retries) {
    this.place = place
    this.#connection = connection
    this.#retries = retries
    this.#statements = statementsOf(place.keyspace)
  }

  /** The rows of all pages; none if there are no tables. */
  async read(request: Request): Promise<readonly Row[]> {
    if (!this.#hasTables && !(await this.#findTables())) return []
    const rows: Row[] = []
    let pageState: string | undefined
    do {
      const page = await this.#send(request, pageState)
      rows.push(...page.rows)
      pageState = page.pageState
    } while (pageState !== undefined)
    return rows
  }

  async write(request: Request): Promise<void> {
    await this.#requireTables()
    await this.#send(request)
  }

  /**
   * A transaction.
   *
   * @returns what is there if its condition does not hold: perhaps because an attempt before this
   *   one was heeded, although it was not answered.
   */
  async decide(request: Request): Promise<Row | undefined> {
    await this.#requireTables()
    const { rows } = await this.#send({ ...request, agreement: 'serial' })
    const [row = {}] = rows
    return row['[applied]'] === true ? undefined : row
  }

  async close(): Promise<void> {
    this.#retries.close()
    await this.#connection.close()
  }

  #requireTables(): Promise<void> | undefined {
    if (this.#hasTables) return undefined
    this.#making ??= this.#makeTables().catch((error: unknown) => {
      this.#making = undefined
      throw error
    })
    return this.#making
  }

  async #makeTables(): Promise<void> {
    if (await this.#findTables()) return
    for (const cql of this.#statements.create) {
      await this.#attempts('make the tables', '', 0, ({ signal }) =>
        until(signal, this.#connection.send([{ cql, values: [] }], 'majority')),
      )
    }
    this.#hasTables = true
  }

  /** Throws `STORAGE_BUCKET_MISSING` if there is not even the keyspace. */
  async #findTables(): Promise<boolean> {
    const { keyspace, location } = this.place
    const ask = (cql: string): Promise<Answer> =>
      this.#attempts('look up the tables', '', 0, ({ signal }) =>
        until(signal, this.#connection.send([{ cql, values: [keyspace] }], 'majority')),
      )
    const found = new Set((await ask(TABLES_OF)).rows.map((row) => row['table_name']))
    this.#hasTables = TABLES.every((table) => found.has(table))
    if (found.size === 0 && (await ask(KEYSPACE)).rows.length === 0) {
      const cure = `create the keyspace ${keyspace}, or correct its name: docs/guide/storage.md`
      const message = `${location}: there is no keyspace ${keyspace}`
      throw new MillraceError('STORAGE_BUCKET_MISSING', message, { cure })
    }
    return this.#hasTables
  }

  #send({ said, agreement = 'majority', ...about }: Request, pageState?: string): Promise<Answer> {
    const statements: readonly Statement[] = said.map(([statement, ...values]) => {
      return { cql: this.#statements[statement], values }
    })
    const { action, name, sentBytes = 0 } = about
    return this.#attempts(action, name, sentBytes, ({ signal }) =>
      until(signal, this.#connection.send(statements, agreement, pageState)),
    )
  }

  #attempts<T>(
    action: string,
    name: string,
    sentBytes: number,
    body: (attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    const what = `${action} ${name === '' ? '' : `${name} `}of ${this.place.location}`
    return this.#retries.run(what, sentBytes, body, (error) =>
      judgeCassandra(error, what, this.place, name === '' ? undefined : name),
    )
  }
}
