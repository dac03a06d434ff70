/** The requests of a table of rows, each repeated where that helps, and counted. */
import type { CassandraConnection, Row, Statement } from '../../storage/cassandra/driver.ts'
import { judgeCassandra } from '../../storage/cassandra/errors.ts'
import type { CassandraPlace } from '../../storage/cassandra/place.ts'
import { until } from '../../storage/cassandra/until.ts'
import type { Retries } from '../../storage/remote/retries.ts'
import { type Statements, statementsOf } from './statements.ts'

export type Name = Exclude<keyof Statements, 'create'>

/** One of the statements, and its values. */
export type Said = readonly [statement: Name, ...values: readonly unknown[]]

export class RowRequests {
  count = 0
  readonly #place: CassandraPlace
  readonly #connection: CassandraConnection
  readonly #retries: Retries
  readonly #statements: Statements

  constructor(place: CassandraPlace, connection: CassandraConnection, retries: Retries) {
    this.#place = place
    this.#connection = connection
    this.#retries = retries
    this.#statements = statementsOf(place.keyspace)
  }

  /** Makes the tables that are not there. */
  async create(): Promise<void> {
    for (const cql of this.#statements.create) {
      await this.#send('make the tables', [{ cql, values: [] }], 0)
    }
  }

  /** The rows of all pages. */
  async read(action: string, [statement, ...values]: Said): Promise<readonly Row[]> {
    const said = [{ cql: this.#statements[statement], values }]
    const rows: Row[] = []
    let pageState: string | undefined
    do {
      const page = await this.#send(action, said, 0, pageState)
      rows.push(...page.rows)
      pageState = page.pageState
    } while (pageState !== undefined)
    return rows
  }

  /** Several are of one partition. */
  async write(action: string, said: readonly Said[], sentBytes = 0): Promise<void> {
    const statements = said.map(([statement, ...values]): Statement => {
      return { cql: this.#statements[statement], values }
    })
    await this.#send(action, statements, sentBytes)
  }

  async close(): Promise<void> {
    this.#retries.close()
    await this.#connection.close()
  }

  #send(action: string, said: readonly Statement[], sentBytes: number, pageState?: string) {
    const what = `${action} of ${this.#place.location}`
    return this.#retries.run(
      what,
      sentBytes,
      ({ signal }) => {
        this.count++
        return until(signal, this.#connection.send(said, 'majority', pageState))
      },
      (error) => judgeCassandra(error, what, this.#place),
    )
  }
}
