/**
 * Which blob has which name in a table of HBase, at every instant: what becomes visible is looked
 * at when it does, and chunks stay while their blob has its name.
 */
import { Buffer } from 'node:buffer'
import { Rows } from '../../src/storage/hbase/rows.ts'
import { Violation } from '../scheduler.ts'
import type { BlobWatch } from './blob-tables.ts'
import { type CellsOfRow, Region, type RegionWatch } from './region.ts'

const NAME = 'n!'
const CHUNKS = /^c!(.*)!!([0-9a-f]+)!\d+$/

export class RegionBlobs implements RegionWatch {
  readonly region = new Region(this)
  readonly #watch: BlobWatch
  readonly #folders = new Set<string>()
  /** Ids, by the row of the name. */
  readonly #holders = new Map<string, string>()

  constructor(watch: BlobWatch) {
    this.#watch = watch
  }

  /** Rows of names do not tell where the folder ends. */
  hasFolder(folder: string): void {
    this.#folders.add(folder)
  }

  changed(row: string): void {
    if (!row.startsWith(NAME)) return
    const cells = this.region.cellsOf(row)
    const [before, after] = [this.#holders.get(row), cells.get('id')?.toString()]
    if (before === after) return
    const { folder, rows } = this.#placeOf(row)
    const name = rows.nameOf(row)
    if (before !== undefined) this.#watch.disappeared(folder, name)
    if (after === undefined) this.#holders.delete(row)
    else this.#holders.set(row, after)
    if (after === undefined) return
    this.#watch.appeared(folder, name, this.#bytesOf(rows, name, after, cells))
  }

  dropping(row: string): void {
    const [, , id] = CHUNKS.exec(row) ?? []
    if (id === undefined || ![...this.#holders.values()].includes(id)) return
    throw new Violation(`the chunks of ${row} go while their blob has its name`)
  }

  /** At the moment at which it gets its name all of it must be there. */
  #bytesOf(rows: Rows, name: string, id: string, cells: CellsOfRow): Buffer {
    const length = Number(cells.get('length'))
    const chunk = cells.get('chunk')
    const bytes = cells.get('bytes')
    const parts = chunk === undefined ? 0 : Math.ceil(length / Number(chunk))
    const chunks = Array.from({ length: parts }, (_, part) => {
      const [row, column] = rows.ofChunk(id, part)
      return this.region.cellsOf(row).get(column) ?? Buffer.alloc(0)
    })
    const found = chunk === undefined ? (bytes ?? Buffer.alloc(0)) : Buffer.concat(chunks)
    if (found.length === length) return found
    throw new Violation(`${name} gets its name with ${found.length} of ${length} bytes`)
  }

  #placeOf(row: string): { readonly folder: string; readonly rows: Rows } {
    const folders = [...this.#folders].toSorted((a, b) => b.length - a.length)
    for (const folder of folders) {
      const rows = new Rows(folder)
      if (row.startsWith(rows.ofName(''))) return { folder, rows }
    }
    throw new Violation(`${row} is of no folder`)
  }
}
