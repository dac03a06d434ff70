// Cassandra without any of our code: for what tests prepare, and look up behind its back.
import { createRequire } from 'node:module'
import { CREDENTIALS } from './cassandra-server.ts'

export const KEYSPACE = 'jobs'

export interface PlainClient {
  execute(
    cql: string,
    values?: readonly unknown[],
    options?: object,
  ): Promise<{ readonly rows: readonly Readonly<Record<string, unknown>>[] }>
  shutdown(): Promise<void>
}

/** Asks the server without any store. */
export function plainClient(port: number): PlainClient {
  const driver = createRequire(import.meta.url)('cassandra-driver') as {
    readonly Client: new (options: object) => PlainClient
  }
  const { CASSANDRA_USERNAME: username, CASSANDRA_PASSWORD: password } = CREDENTIALS
  return new driver.Client({
    contactPoints: [`127.0.0.1:${port}`],
    localDataCenter: 'datacenter1',
    credentials: { username, password },
    socketOptions: { readTimeout: 60_000 },
  })
}

export async function makeKeyspace(port: number): Promise<void> {
  const replication = "{'class': 'SimpleStrategy', 'replication_factor': 1}"
  // The role of a new cluster comes some time after its port.
  for (let tries = 1; ; tries++) {
    const client = plainClient(port)
    try {
      await client.execute(`CREATE KEYSPACE ${KEYSPACE} WITH replication = ${replication}`)
      return
    } catch (error) {
      if (tries === 60) throw error
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    } finally {
      await client.shutdown().catch(() => undefined)
    }
  }
}
