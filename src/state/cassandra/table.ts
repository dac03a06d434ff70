/**
 * Rows in tables of Cassandra, for the helper thread of a remote store. Everything is read and
 * written by a majority of the replicas, so a read sees what was written before it.
 */
import { Buffer } from 'node:buffer'
import {
  type CassandraConnection,
  connectCassandra,
  type Row,
} from '../../storage/cassandra/driver.ts'
import { type CassandraPlace, parseCassandraPlace } from '../../storage/cassandra/place.ts'
import { eachOf } from '../../storage/remote/each.ts'
import { Retries } from '../../storage/remote/retries.ts'
import { type Clock, systemClock } from '../../util/clock.ts'
import { type Random, systemRandom } from '../../util/random.ts'
import { byHead, headOf, held, heldIn, partsOf } from '../remote/rows.ts'
import type {
  OpenRemoteTable,
  RemotePut,
  RemoteRange,
  RemoteScan,
  RemoteTable,
} from '../remote/remote-table.ts'
import { Scope } from '../remote/scope.ts'
import { RowRequests, type Said } from './requests.ts'
import { CassandraScopes } from './scopes.ts'

/** Keys of one request. */
const KEYS_MAX = 64
/** A node refuses batches of 50 KiB. */
const BATCH_BYTES_MAX = 24 * 1024
const BATCH_ROWS_MAX = 64
const REQUESTS_AT_ONCE = 24

/** What the table reaches the world by. */
export interface TableWorld {
  readonly clock: Clock
  readonly random: Random
  readonly connection: CassandraConnection
}

const openTable: OpenRemoteTable<{ readonly url: string }> = async ({ url }, scope) => {
  const place = parseCassandraPlace(url)
  const connection = connectCassandra(place, process.env)
  const world = { clock: systemClock, random: systemRandom(), connection }
  return await openCassandraTable(place, scope, world)
}

export default openTable

export async function openCassandraTable(
  place: CassandraPlace,
  scope: string,
  { clock, random, connection }: TableWorld,
): Promise<RemoteTable> {
  const { timeoutMs, retryForMs } = place
  const retries = new Retries({ clock, random, timeoutMs, retryForMs })
  const requests = new RowRequests(place, connection, retries)
  try {
    await requests.create()
    const scopes = new CassandraScopes(requests)
    const own = new Scope(`${place.folder}/${scope}`, scopes, clock)
    await own.open()
    return new CassandraTable(requests, scopes, own)
  } catch (error) {
    await requests.close()
    throw error
  }
}

class CassandraTable implements RemoteTable {
  readonly #requests: RowRequests
  readonly #scopes: CassandraScopes
  readonly #scope: Scope

  constructor(requests: RowRequests, scopes: CassandraScopes, scope: Scope) {
    this.#requests = requests
    this.#scopes = scopes
    this.#scope = scope
  }

  get requests(): number {
    return this.#requests.count
  }

  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    this.#scope.expectAlive()
    const found = new Map<string, Buffer>()
    const groups = [...byHead(keys, (key) => key)].flatMap(([head, of]) =>
      partsOf(of, KEYS_MAX).map((part) => ({ head, part })),
    )
    await eachOf(groups, REQUESTS_AT_ONCE, async ({ head, part }) => {
      const rows = await this.#requests.read('read rows', ['get', this.#scope.name, head, part])
      for (const { key, value } of rows.map(pairOf)) {
        if (value !== undefined) found.set(key.toString('latin1'), value)
      }
    })
    return keys.map((key) => found.get(key.toString('latin1')))
  }

  async scan({ lower, upper, limit, isDown }: RemoteScan): Promise<readonly Buffer[]> {
    this.#scope.expectAlive()
    const found: Buffer[] = []
    let [from, to] = [lower, upper]
    for (;;) {
      const name = isDown ? 'scanDown' : 'scan'
      const said: Said = [name, this.#scope.name, headOf(lower), from, to, limit]
      const rows = (await this.#requests.read('read rows', said)).map(pairOf)
      for (const { key, value } of rows) {
        if (value !== undefined && found.length < 2 * limit) found.push(key, value)
      }
      const last = rows.at(-1)
      if (rows.length < limit || last === undefined || found.length === 2 * limit) return found
      // Some of them were deleted.
      if (isDown) to = last.key
      else from = Buffer.concat([last.key, Buffer.alloc(1)])
    }
  }

  async write(puts: readonly RemotePut[]): Promise<void> {
    const batches: RemotePut[][] = []
    for (const [head, of] of byHead(puts, ({ key }) => key)) {
      await this.#scopes.need(this.#scope.name, head)
      batches.push(...batchesOf(of))
    }
    await eachOf(batches, REQUESTS_AT_ONCE, async (batch) => {
      const said = batch.map(({ key, value }): Said => {
        const place = [this.#scope.name, headOf(key), key] as const
        return value === undefined ? ['empty', ...place] : ['put', ...place, held(value)]
      })
      await this.#requests.write('write rows', said, bytesOf(batch))
    })
  }

  async deleteRange({ lower, upper }: RemoteRange): Promise<void> {
    const said: Said = ['dropRange', this.#scope.name, headOf(lower), lower, upper]
    await this.#requests.write('delete rows', [said])
  }

  drop(): Promise<void> {
    return this.#scope.drop()
  }

  async close(): Promise<void> {
    this.#scope.close()
    await this.#requests.close()
  }
}

function batchesOf(puts: readonly RemotePut[]): RemotePut[][] {
  const batches: RemotePut[][] = []
  let bytes = 0
  for (const put of puts) {
    const last = batches.at(-1)
    bytes += bytesOf([put])
    if (last !== undefined && bytes <= BATCH_BYTES_MAX && last.length < BATCH_ROWS_MAX) {
      last.push(put)
      continue
    }
    batches.push([put])
    bytes = bytesOf([put])
  }
  return batches
}

function bytesOf(puts: readonly RemotePut[]): number {
  return puts.reduce((sum, { key, value }) => sum + key.length + (value?.length ?? 0), 0)
}

function pairOf({ key, value }: Row): {
  readonly key: Buffer
  readonly value: Buffer | undefined
} {
  // Both columns are blobs, and never null: a row is put in whole.
  return { key: key as Buffer, value: heldIn(value as Buffer) }
}
