/**
 * Rows in a table of HBase, for the helper thread of a remote store. A row is served by one region
 * at any time, so a read sees what was written before it.
 *
 * A key that is deleted keeps a row without value: many of these are put by one request, while
 * HBase's REST server deletes rows one by one. And so a row that was written is always there: one
 * that is said to be missing is asked for where failures are not hidden (`HBaseRequests.rows`).
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import type { PutRow } from '../../storage/hbase/cells.ts'
import { type HBasePlace, parseHBasePlace } from '../../storage/hbase/place.ts'
import { HBaseRequests } from '../../storage/hbase/requests.ts'
import { authorityIn } from '../../storage/remote/authority.ts'
import { eachOf } from '../../storage/remote/each.ts'
import { HttpClient, type HttpLine } from '../../storage/remote/http.ts'
import { Retries } from '../../storage/remote/retries.ts'
import { type Clock, systemClock } from '../../util/clock.ts'
import { type Random, systemRandom } from '../../util/random.ts'
import { held, heldIn } from '../remote/rows.ts'
import type {
  OpenRemoteTable,
  RemotePut,
  RemoteRange,
  RemoteScan,
  RemoteTable,
} from '../remote/remote-table.ts'
import { Scope } from '../remote/scope.ts'
import { StateRows, VALUE, versionAt } from './rows.ts'
import { HBaseScopes } from './scopes.ts'

const READ = { action: 'read rows', name: '' }
const WRITE = { action: 'write rows', name: '' }
const DELETE = { action: 'delete rows', name: '' }

const REQUESTS_AT_ONCE = 8
/** Rows of one request; those that are read are named in its URL. */
const READ_ROWS_MAX = 128
const READ_CHARS_MAX = 6_000
const SCAN_ROWS_MAX = 1_024
const WRITE_ROWS_MAX = 1_024
const WRITE_BYTES_MAX = 256 * 1024
/** Two of them go into the URL of a scan, whose length is limited. */
const ROW_CHARS_MAX = 24_000
const NOT_DELETED = "ValueFilter(!=,'binary:')"
const NO_BYTES = new Uint8Array(0)

/** What the table reaches the world by. */
export interface TableWorld {
  readonly clock: Clock
  readonly random: Random
  readonly http: HttpLine
}

const openTable: OpenRemoteTable<{ readonly url: string }> = async ({ url }, scope) => {
  const place = parseHBasePlace(url)
  const http = new HttpClient(authorityIn(place.authorityFile))
  const world = { clock: systemClock, random: systemRandom(), http }
  return await openHBaseTable(place, scope, world)
}

export default openTable

export async function openHBaseTable(
  place: HBasePlace,
  scope: string,
  { clock, random, http }: TableWorld,
): Promise<RemoteTable> {
  const { timeoutMs, retryForMs } = place
  const retries = new Retries({ clock, random, timeoutMs, retryForMs })
  const requests = new HBaseRequests(place, retries, http)
  try {
    const scopes = new HBaseScopes(requests, clock)
    const own = new Scope(`${place.folder}/${scope}`, scopes, clock)
    await own.open()
    return new HBaseTable(requests, scopes, own)
  } catch (error) {
    requests.close()
    throw error
  }
}

class HBaseTable implements RemoteTable {
  readonly #requests: HBaseRequests
  readonly #scopes: HBaseScopes
  readonly #scope: Scope
  readonly #rows: StateRows
  #changes = 0

  constructor(requests: HBaseRequests, scopes: HBaseScopes, scope: Scope) {
    this.#requests = requests
    this.#scopes = scopes
    this.#scope = scope
    this.#rows = new StateRows(scope.name)
  }

  get requests(): number {
    return this.#requests.count
  }

  async getMany(keys: readonly Buffer[]): Promise<readonly (Buffer | undefined)[]> {
    const rows = keys.map((key) => this.#rows.ofKey(key))
    const found = new Map<string, Buffer>()
    const charsOf = (row: string): number => row.length
    const parts = partsBelow([...new Set(rows)], READ_ROWS_MAX, READ_CHARS_MAX, charsOf)
    await eachOf(parts, REQUESTS_AT_ONCE, async (part) => {
      for (const { key, cells } of await this.#requests.rows(READ, part, VALUE)) {
        const value = cells.get(VALUE)
        if (value !== undefined) found.set(key, value)
      }
    })
    // Rows may have been deleted while it stood still.
    this.#scope.expectAlive()
    return rows.map((row) => valueIn(found.get(row)))
  }

  async scan({ lower, upper, limit, isDown }: RemoteScan): Promise<readonly Buffer[]> {
    const found: Buffer[] = []
    let [from, to] = [lower, upper]
    for (let left = limit; left > 0;) {
      const most = Math.min(left, SCAN_ROWS_MAX)
      const options = { filter: NOT_DELETED, limit: most, isDown }
      const range = this.#rows.range(from, to, isDown)
      const rows = await this.#requests.scan(READ, range, [VALUE], options)
      for (const { key, cells } of rows) {
        const value = valueIn(cells.get(VALUE))
        if (value !== undefined) found.push(this.#rows.keyOf(key), value)
      }
      left -= rows.length
      const last = found.at(-2)
      if (rows.length < most || last === undefined) break
      if (isDown) to = last
      else from = after(last)
    }
    this.#scope.expectAlive()
    return found
  }

  async write(puts: readonly RemotePut[]): Promise<void> {
    this.#scope.expectAlive()
    const rows = puts.map(({ key, value }) => {
      return this.#put(this.#rows.ofKey(key), value === undefined ? NO_BYTES : held(value))
    })
    await this.#write(WRITE, rows)
  }

  async deleteRange({ lower, upper }: RemoteRange): Promise<void> {
    this.#scope.expectAlive()
    const options = { filter: `${NOT_DELETED} AND KeyOnlyFilter()`, limit: SCAN_ROWS_MAX }
    for (let from = lower; ;) {
      const range = this.#rows.range(from, upper)
      const rows = await this.#requests.scan(DELETE, range, [VALUE], options)
      await this.#write(
        DELETE,
        rows.map(({ key }) => this.#put(key, NO_BYTES)),
      )
      const last = rows.at(-1)
      if (rows.length < SCAN_ROWS_MAX || last === undefined) return
      from = after(this.#rows.keyOf(last.key))
    }
  }

  async drop(): Promise<void> {
    this.#scope.close()
    await this.#scopes.leave(this.#scope.name)
  }

  async close(): Promise<void> {
    this.#scope.close()
    this.#requests.close()
  }

  #put(row: string, value: Uint8Array): PutRow {
    if (row.length <= ROW_CHARS_MAX) return { row, cells: { [VALUE]: value } }
    const message = `a key is too long for ${this.#requests.place.location}`
    throw new MillraceError('STORAGE_UNSUITABLE', message, {
      cure: 'use keys of less than 16 KiB, or another backend',
      details: { chars: row.length },
    })
  }

  /** What is repeated or comes late has the version of its change, and hides no later one. */
  async #write(asked: typeof WRITE, rows: readonly PutRow[]): Promise<void> {
    const version = versionAt(++this.#changes)
    const parts = partsBelow(rows, WRITE_ROWS_MAX, WRITE_BYTES_MAX, bytesOf)
    await eachOf(parts, REQUESTS_AT_ONCE, (part) => this.#requests.putRows(asked, part, version))
  }
}

function valueIn(bytes: Buffer | undefined): Buffer | undefined {
  return bytes === undefined ? undefined : heldIn(bytes)
}

function bytesOf({ row, cells }: PutRow): number {
  return row.length + (cells[VALUE]?.length ?? 0)
}

/** The least key that is greater. */
function after(key: Buffer): Buffer {
  return Buffer.concat([key, Uint8Array.of(0)])
}

/** In parts of so many items, and so large unless one item is larger. */
function partsBelow<T>(
  items: readonly T[],
  lengthMax: number,
  sizeMax: number,
  sizeOf: (item: T) => number,
): T[][] {
  const parts: T[][] = []
  let size = 0
  for (const item of items) {
    const last = parts.at(-1)
    size += sizeOf(item)
    if (last !== undefined && size <= sizeMax && last.length < lengthMax) {
      last.push(item)
      continue
    }
    parts.push([item])
    size = sizeOf(item)
  }
  return parts
}
