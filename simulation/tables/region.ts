/**
 * A table of HBase as its REST server shows it: cells with versions, of which the greatest counts,
 * and deletions that hide what has their version or an older one, also if it comes later. A row is
 * read and changed at one instant.
 */
import { Buffer } from 'node:buffer'
import { bodyOfRows, cellOf } from '../../src/storage/hbase/cells.ts'
import { FAMILY } from '../../src/storage/hbase/rows.ts'
import type { HttpAnswer } from '../../src/storage/remote/http.ts'

export interface RestRequest {
  readonly method: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

/** Is told of each row that may have changed. */
export interface RegionWatch {
  changed(row: string): void
  /** A whole row is about to be deleted. */
  dropping(row: string): void
}

export type CellsOfRow = ReadonlyMap<string, Buffer>

interface StoredRow {
  readonly columns: Map<string, Map<number, Buffer>>
  /** Versions that were deleted of a column, each by itself. */
  readonly gone: Map<string, Set<number>>
  /** All cells up to that version are deleted. */
  droppedUpTo: number
}

interface SentCell {
  readonly column: string
  readonly value: Buffer
  readonly version: number
}

const NO_WATCH: RegionWatch = { changed: () => undefined, dropping: () => undefined }

export class Region {
  readonly #watch: RegionWatch
  readonly #rows = new Map<string, StoredRow>()

  constructor(watch: RegionWatch = NO_WATCH) {
    this.#watch = watch
  }

  /** What is not hidden. */
  cellsOf(row: string): CellsOfRow {
    const cells = new Map<string, Buffer>()
    const stored = this.#rows.get(row)
    for (const [column, versions] of stored?.columns ?? []) {
      let newest = stored?.droppedUpTo ?? -1
      for (const version of versions.keys()) {
        if (version > newest && stored?.gone.get(column)?.has(version) !== true) newest = version
      }
      const value = versions.get(newest)
      if (value !== undefined && newest !== stored?.droppedUpTo) cells.set(column, value)
    }
    return cells
  }

  run({ method, url, headers, body }: RestRequest): HttpAnswer {
    const { searchParams: query } = url
    const [, , named = '', part, version] = url.pathname.split('/').map(decodeURIComponent)
    if (method === 'GET' && named === '*') return answered(this.#scan(query))
    if (method === 'GET' && named === 'multiget') return this.#rowsOf(query)
    if (method === 'GET') {
      const value = this.cellsOf(named).get(columnOf(part))
      return value === undefined ? status(404) : status(200, value)
    }
    if (method === 'DELETE') {
      this.#watch.dropping(named)
      const stored = this.#row(named)
      stored.droppedUpTo = Math.max(stored.droppedUpTo, Number(version))
      this.#watch.changed(named)
      return status(200)
    }
    if (part !== undefined) {
      const cell = { column: columnOf(part), value: Buffer.from(body) }
      this.#put(named, [{ ...cell, version: Number(headers['x-timestamp']) }])
      return status(200)
    }
    return this.#change(query.get('check'), body)
  }

  #change(check: string | null, body: Uint8Array): HttpAnswer {
    const rows = sentIn(body)
    if (check === null) {
      for (const { row, cells } of rows) this.#put(row, cells)
      return status(200)
    }
    const [{ row, cells } = { row: '', cells: [] }] = rows
    const [expected, changes] = [cells.at(-1), cells.slice(0, -1)]
    const value = this.cellsOf(row).get(expected?.column ?? '') ?? Buffer.alloc(0)
    if (expected === undefined || !value.equals(expected.value)) return status(304)
    if (check === 'put') this.#put(row, changes)
    else this.#hide(row, changes)
    return status(200)
  }

  #put(row: string, cells: readonly SentCell[]): void {
    const { columns } = this.#row(row)
    for (const { column, value, version } of cells) {
      const versions = columns.get(column) ?? new Map<number, Buffer>()
      columns.set(column, versions.set(version, value))
    }
    this.#watch.changed(row)
  }

  #hide(row: string, cells: readonly SentCell[]): void {
    const { gone } = this.#row(row)
    for (const { column, version } of cells) {
      gone.set(column, (gone.get(column) ?? new Set<number>()).add(version))
    }
    this.#watch.changed(row)
  }

  #scan(query: URLSearchParams): readonly (readonly [string, CellsOfRow])[] {
    const [start, end] = [query.get('startrow') ?? '', query.get('endrow') ?? '']
    const isDown = query.get('reversed') === 'true'
    const filter = query.get('filter') ?? ''
    const columns = query.getAll('column').map(columnOf)
    const names = [...this.#rows.keys()].filter((row) => {
      return isDown ? row <= start && row > end : row >= start && row < end
    })
    const sorted = isDown ? names.toSorted().reverse() : names.toSorted()
    const found = sorted.flatMap((row) => {
      const cells = [...this.cellsOf(row)].filter(([column, value]) => {
        const isEmptyHidden = filter.includes('ValueFilter') && value.length === 0
        return !isEmptyHidden && (columns.length === 0 || columns.includes(column))
      })
      if (cells.length === 0) return []
      const isBare = filter.includes('KeyOnlyFilter')
      const shown = cells.map(([column, value]) => [column, isBare ? Buffer.alloc(0) : value])
      return [[row, new Map(shown as [string, Buffer][])] as const] // as it was made just before
    })
    return found.slice(0, Number(query.get('limit') ?? found.length))
  }

  #rowsOf(query: URLSearchParams): HttpAnswer {
    const columns = query.getAll('column').map(columnOf)
    const found = query.getAll('row').flatMap((row) => {
      const cells = [...this.cellsOf(row)].filter(([column]) => columns.includes(column))
      return cells.length === 0 ? [] : [[row, new Map(cells)] as const]
    })
    return found.length === 0 ? status(404) : answered(found)
  }

  #row(row: string): StoredRow {
    const stored = this.#rows.get(row) ?? { columns: new Map(), gone: new Map(), droppedUpTo: -1 }
    this.#rows.set(row, stored)
    return stored
  }
}

export function status(code: number, body: Buffer = Buffer.alloc(0)): HttpAnswer {
  return { status: code, location: undefined, body: Buffer.from(body) }
}

function answered(rows: readonly (readonly [string, CellsOfRow])[]): HttpAnswer {
  const all = rows.map(([row, cells]) => {
    return [row, [...cells].map(([column, value]) => cellOf(column, value))] as const
  })
  return status(200, bodyOfRows(all))
}

function columnOf(named = ''): string {
  return named.slice(FAMILY.length + 1)
}

function sentIn(body: Uint8Array) {
  // As `bodyOfRows` has made it.
  const { Row: rows } = JSON.parse(Buffer.from(body).toString()) as {
    readonly Row: readonly {
      readonly key: string
      readonly Cell: readonly { readonly column: string; $: string; timestamp?: number }[]
    }[]
  }
  return rows.map(({ key, Cell: cells }) => ({
    row: Buffer.from(key, 'base64').toString(),
    cells: cells.map(({ column, $, timestamp = 0 }): SentCell => {
      const name = columnOf(Buffer.from(column, 'base64').toString())
      return { column: name, value: Buffer.from($, 'base64'), version: timestamp }
    }),
  }))
}
