/** Rows and their cells as HBase's REST server has them in JSON: names and values in base64. */
import { Buffer } from 'node:buffer'
import { FAMILY } from './rows.ts'

/** Values by column. */
export type Cells = Readonly<Record<string, string | Uint8Array>>

export interface Row {
  readonly key: string
  readonly cells: ReadonlyMap<string, Buffer>
}

/** A row as it is put. */
export interface PutRow {
  readonly row: string
  readonly cells: Cells
}

/** @param value empty for that of no cell. */
export function cellOf(column: string, value: string | Uint8Array, version?: number): object {
  const $ = Buffer.from(value).toString('base64')
  const cell = { column: Buffer.from(`${FAMILY}:${column}`).toString('base64'), $ }
  return version === undefined ? cell : { ...cell, timestamp: version }
}

export function cellsOf(cells: Cells, version: number): readonly object[] {
  return Object.entries(cells).map(([column, value]) => cellOf(column, value, version))
}

export function bodyOf(row: string, cells: readonly object[]): Buffer {
  return bodyOfRows([[row, cells]])
}

export function bodyOfRows(rows: readonly (readonly [string, readonly object[]])[]): Buffer {
  const all = rows.map(([row, cells]) => ({
    key: Buffer.from(row).toString('base64'),
    Cell: cells,
  }))
  return Buffer.from(JSON.stringify({ Row: all }))
}

/** Throws like a broken connection if the text is none of HBase. */
export function rowsOf(body: Buffer): readonly Row[] {
  try {
    // As HBase declares it; anything else fails here, or has no rows.
    const { Row: rows } = JSON.parse(body.toString('utf8')) as {
      readonly Row: readonly {
        readonly key: string
        readonly Cell: readonly { readonly column: string; readonly $: string }[]
      }[]
    }
    return rows.map(({ key, Cell: cells }) => ({
      key: Buffer.from(key, 'base64').toString(),
      cells: new Map(
        cells.map(({ column, $ }) => [
          Buffer.from(column, 'base64')
            .toString()
            .slice(FAMILY.length + 1),
          Buffer.from($, 'base64'),
        ]),
      ),
    }))
  } catch {
    throw Object.assign(new Error('the answer is not that of HBase'), {
      code: 'HPE_INVALID_CONSTANT',
    })
  }
}
