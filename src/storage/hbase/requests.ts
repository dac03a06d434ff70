/**
 * What is asked of HBase's REST server, repeated where that helps, at any of its servers.
 *
 * Its ways to read are not all to be trusted: a scanner of its own (`/scanner`) ends early, and
 * rows are said to be missing, when a region cannot be read. Only scans without a state
 * (`/table/*`) fail then, so rows are read by these. For bytes of a cell, which are asked for
 * plainly, and for rows that are named, "not found" is therefore no answer.
 */
import { eachOf } from '../remote/each.ts'
import type { HttpAnswer, HttpLine } from '../remote/http.ts'
import type { Attempt, Retries } from '../remote/retries.ts'
import { readTokenFile, type TokenKind } from '../remote/token.ts'
import {
  bodyOf,
  bodyOfRows,
  type Cells,
  cellOf,
  cellsOf,
  type PutRow,
  type Row,
  rowsOf,
} from './cells.ts'
import { HBaseFailure, isOfAnotherServer, judgeHBase } from './errors.ts'
import type { HBasePlace } from './place.ts'
import { FAMILY, only, PUT_VERSION, type Range } from './rows.ts'

/** For messages: what is done to which blob. */
export interface Asked {
  readonly action: string
  readonly name: string
}

/** What else is asked of a scan. */
export interface ScanOptions {
  /** In HBase's own words. */
  readonly filter?: string
  /** So many rows at most. */
  readonly limit?: number
  /** Downwards: the range is from its greatest row on and before a smaller one. */
  readonly isDown?: boolean
}

interface Exchange {
  readonly method: 'GET' | 'PUT' | 'DELETE'
  /** Below the server. */
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

/** A change of one row that happens if a cell is what is expected. */
interface Change extends Asked {
  readonly row: string
  readonly version: number
  /** Column and value; an empty value is that of no cell. */
  readonly expected: readonly [string, string]
}

/** Of rows that were said to be missing. */
const AT_ONCE = 8
const JSON_TYPE = 'application/json'
const BYTES_TYPE = 'application/octet-stream'
const TOKEN: TokenKind = {
  service: 'HBase',
  pattern: /^[\w.~+/-]{8,}=*$/,
  cure: 'write into it the token that the gateway takes as Authorization: Bearer',
}

export class HBaseRequests {
  readonly place: HBasePlace
  readonly #http: HttpLine
  readonly #retries: Retries
  readonly #table: string
  /** Of the server that answered last. */
  #active = 0
  #count = 0

  constructor(place: HBasePlace, retries: Retries, http: HttpLine) {
    this.place = place
    this.#http = http
    this.#retries = retries
    this.#table = `/${encodeURIComponent(place.table)}`
  }

  /** Sent so far, repeated ones included. */
  get count(): number {
    return this.#count
  }

  /** Rows in their order, whole or those columns of them. */
  scan(
    asked: Asked,
    [start, end]: Range,
    columns: readonly string[],
    { filter, limit, isDown = false }: ScanOptions = {},
  ): Promise<readonly Row[]> {
    const query = new URLSearchParams({ startrow: start, endrow: end })
    for (const column of columns) query.append('column', `${FAMILY}:${column}`)
    if (filter !== undefined) query.set('filter', filter)
    if (limit !== undefined) query.set('limit', String(limit))
    if (isDown) query.set('reversed', 'true')
    const path = `${this.#table}/*?${query.toString()}`
    return this.#run(asked, 0, async (attempt) => {
      const answer = await this.#exchange({ method: 'GET', path }, attempt)
      // Whatever the reason, that is all that it says then.
      if (answer.status === 500) await this.#explain(start, attempt)
      return rowsOf(succeeded(answer).body)
    })
  }

  /** The bytes of one cell; undefined if it is not there. */
  async cell(asked: Asked, row: string, column: string): Promise<Uint8Array | undefined> {
    // Who restores reads all of them, once: they are not worth a place in the cache.
    const path = `${this.#cellPath(row, column)}?nocache`
    const bytes = await this.#run(asked, 0, async (attempt) => {
      const headers = { accept: BYTES_TYPE }
      const answer = await this.#exchange({ method: 'GET', path, headers }, attempt)
      return answer.status === 404 ? undefined : succeeded(answer).body
    })
    if (bytes !== undefined) return bytes
    const [found] = await this.scan(asked, only(row), [column])
    return found?.cells.get(column)
  }

  /** Those of the rows that are there, by one request and one more for each that is not. */
  async rows(asked: Asked, rows: readonly string[], column: string): Promise<readonly Row[]> {
    const query = new URLSearchParams(rows.map((row) => ['row', row]))
    query.append('column', `${FAMILY}:${column}`)
    const path = `${this.#table}/multiget?${query.toString()}`
    const found = await this.#run(asked, 0, async (attempt) => {
      const answer = await this.#exchange({ method: 'GET', path }, attempt)
      return answer.status === 404 ? [] : rowsOf(succeeded(answer).body)
    })
    if (found.length === rows.length) return found
    const there = new Set(found.map(({ key }) => key))
    const missing = rows.filter((row) => !there.has(row))
    const all = [...found]
    await eachOf(missing, AT_ONCE, async (row) => {
      all.push(...(await this.scan(asked, only(row), [column])))
    })
    return all
  }

  /** Puts a cell of `PUT_VERSION`. */
  putCell(asked: Asked, row: string, column: string, body: Uint8Array): Promise<void> {
    const headers = { 'content-type': BYTES_TYPE, 'x-timestamp': String(PUT_VERSION) }
    const path = this.#cellPath(row, column)
    return this.#run(asked, body.length, async (attempt) => {
      succeeded(await this.#exchange({ method: 'PUT', path, headers, body }, attempt))
    })
  }

  async put(asked: Asked, row: string, version: number, cells: Cells): Promise<void> {
    const body = bodyOf(row, cellsOf(cells, version))
    await this.#run(asked, body.length, async (attempt) => {
      succeeded(await this.#exchange(this.#change(row, '', body), attempt))
    })
  }

  /** Puts several rows in any order; whoever repeats it changes nothing more. */
  async putRows(asked: Asked, rows: readonly PutRow[], version: number): Promise<void> {
    const body = bodyOfRows(rows.map(({ row, cells }) => [row, cellsOf(cells, version)]))
    await this.#run(asked, body.length, async (attempt) => {
      // Which rows these are, the body says.
      succeeded(await this.#exchange(this.#change('rows', '', body), attempt))
    })
  }

  /**
   * Puts cells, if another one is what is expected; whoever repeats a change that may have happened
   * is told that it is not.
   *
   * @param cells with a new value of the one that is expected: the server wants that.
   */
  checkAndPut(change: Change, cells: Cells): Promise<boolean> {
    return this.#checkAnd('put', change, cellsOf(cells, change.version))
  }

  /** Deletes those columns in that version only, if a cell is what is expected. */
  checkAndDelete(change: Change, columns: readonly string[]): Promise<boolean> {
    const cells = columns.map((column) => cellOf(column, '', change.version))
    return this.#checkAnd('delete', change, cells)
  }

  /** Deletes all cells of a row, up to that version. */
  drop(asked: Asked, row: string, version: number): Promise<void> {
    const path = `${this.#rowPath(row)}/${FAMILY}/${version}`
    return this.#run(asked, 0, async (attempt) => {
      succeeded(await this.#exchange({ method: 'DELETE', path }, attempt))
    })
  }

  close(): void {
    this.#retries.close()
    this.#http.close()
  }

  #checkAnd(kind: string, change: Change, cells: readonly object[]): Promise<boolean> {
    const { row, expected } = change
    const body = bodyOf(row, [...cells, cellOf(...expected)])
    return this.#run(change, body.length, async (attempt) => {
      const answer = await this.#exchange(this.#change(row, `?check=${kind}`, body), attempt)
      if (answer.status === 304) return false
      succeeded(answer)
      return true
    })
  }

  #change(row: string, query: string, body: Uint8Array): Exchange {
    const headers = { 'content-type': JSON_TYPE }
    return { method: 'PUT', path: `${this.#rowPath(row)}${query}`, headers, body }
  }

  #rowPath(row: string): string {
    return `${this.#table}/${encodeURIComponent(row)}`
  }

  #cellPath(row: string, column: string): string {
    return `${this.#rowPath(row)}/${FAMILY}:${column}`
  }

  /** Throws the reason if it can be had: by a read, and by a change that never happens. */
  async #explain(row: string, attempt: Attempt): Promise<void> {
    const path = this.#cellPath(row, 'id')
    const read = await this.#exchange({ method: 'GET', path }, attempt)
    if (read.status === 403) throw new HBaseFailure(read.status, read.body)
    const body = bodyOf(row, [cellOf('id', 'never'), cellOf('id', 'never')])
    const change = await this.#exchange(this.#change(row, '?check=put', body), attempt)
    const failure = new HBaseFailure(change.status, change.body)
    if (failure.status !== 403 && failure.exception !== '') throw failure
  }

  async #exchange(exchange: Exchange, attempt: Attempt): Promise<HttpAnswer> {
    const { method, path, body, headers } = exchange
    const { servers, user, tokenFile } = this.place
    const index = this.#active
    const url = new URL(`${servers[index] ?? ''}${path}`)
    if (user !== undefined) url.searchParams.set('user.name', user)
    const all: Record<string, string> = { accept: JSON_TYPE, ...headers }
    // Read anew each time: who renews it writes the file.
    if (tokenFile !== undefined) {
      all['authorization'] = `Bearer ${await readTokenFile(tokenFile, TOKEN)}`
    }
    this.#count++
    try {
      const answer = await this.#http.exchange(method, url, attempt, body, all)
      if (answer.status > 500) throw new HBaseFailure(answer.status, answer.body)
      return answer
    } catch (error) {
      const isSilent = attempt.signal.aborted || isOfAnotherServer(error)
      if (isSilent && this.#active === index) this.#active = (index + 1) % servers.length
      throw error
    }
  }

  #run<T>(
    { action, name }: Asked,
    sentBytes: number,
    body: (attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    const what = `${action} ${name === '' ? '' : `${name} `}of ${this.place.location}`
    return this.#retries.run(what, sentBytes, body, (error) => {
      return judgeHBase(error, what, this.place, name)
    })
  }
}

function succeeded(answer: HttpAnswer): HttpAnswer {
  if (answer.status >= 200 && answer.status < 300) return answer
  throw new HBaseFailure(answer.status, answer.body)
}
