/** Cassandra by its driver: a row for each part, several on their way at a time. */
import { Buffer } from 'node:buffer'
import { eachOf } from '../../src/storage/remote/each.ts'
import { KEYSPACE, makeKeyspace, plainClient } from '../../test/servers/cassandra-plain.ts'
import { CREDENTIALS, startCassandra } from '../../test/servers/cassandra-server.ts'
import { partNumbers, partsOf, type Place } from './place.ts'

const PART_BYTES = 256 * 1024
const PARTS_AT_ONCE = 16

export async function openCassandra(signal: AbortSignal): Promise<Place> {
  const server = await startCassandra(signal)
  const { port } = server
  Object.assign(process.env, CREDENTIALS)
  await makeKeyspace(port)
  const client = plainClient(port)
  const table = `${KEYSPACE}.raw`
  await client.execute(
    `CREATE TABLE ${table} (name text, part int, bytes blob, PRIMARY KEY ((name, part)))`,
  )
  const prepare = { prepare: true }
  return {
    location: `cassandra://127.0.0.1:${port}/${KEYSPACE}/bench`,
    upload(name, bytes) {
      const insert = `INSERT INTO ${table} (name, part, bytes) VALUES (?, ?, ?)`
      return eachOf(partsOf(bytes, PART_BYTES), PARTS_AT_ONCE, async ([part, own]) => {
        await client.execute(insert, [name, part, Buffer.from(own)], prepare)
      })
    },
    async download(name, lengthBytes) {
      const select = `SELECT bytes FROM ${table} WHERE name = ? AND part = ?`
      let bytes = 0
      await eachOf(partNumbers(lengthBytes, PART_BYTES), PARTS_AT_ONCE, async (part) => {
        const { rows } = await client.execute(select, [name, part], prepare)
        const [row] = rows
        if (row !== undefined) bytes += (row['bytes'] as Buffer).length // as the table has it
      })
      return bytes
    },
    async close() {
      await client.shutdown()
      await server.close()
    },
  }
}
