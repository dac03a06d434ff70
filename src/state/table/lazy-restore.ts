/**
 * Loads the state of a restored task while records go on: key group by key group, those first that
 * records ask for most, in slices. What is asked for before it is there is looked up in the runs,
 * row by row. A row is taken from the runs once: from then on what memory, or the store below,
 * holds of it is the truth.
 */
import { assert, required } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { keyGroupOf } from '../key-groups.ts'
import type { Entry } from '../backend.ts'
import { beginKey, endOfPrefix, NO_BYTES, SECTION_ROWS, startsWith } from '../runs/entry.ts'
import { rowPrefixLength } from '../runs/entry-key.ts'
import type { RunLookups } from '../runs/run-lookups.ts'
import type { KeyedTable } from './keyed-table.ts'
import { LazyTimers } from './lazy-timers.ts'
import type { Loader } from './restore.ts'
import type { TableGroup } from './table-group.ts'

const ROWS_PER_STEP = 256
/** Of the first step: the code of all this is not compiled yet, and the first records wait. */
const FIRST_ROWS = 16
const ENTRIES_PER_STEP = 512

/** The entries of one row in key order. */
export type RowEntries = readonly Entry[]

/** Where rows go that nobody has asked for. */
export interface RowSink {
  /** Takes rows of a key group, unless it has them already. */
  addRows(table: KeyedTable, rows: readonly RowEntries[]): void
  /** The same for a table without collections: an entry is a row. */
  addScalars(table: KeyedTable, rows: readonly Entry[]): void
  /** The rows of a key group of a table without collections come next: about so many. */
  begin(table: KeyedTable, group: number, rows: number): void
  /** All rows of a key group (from the table's first on) are there. */
  finish(table: KeyedTable, group: number): void
}

export interface LazyRestoreOptions {
  readonly lookups: RunLookups
  /** In the order of their operator ids. */
  readonly tables: readonly KeyedTable[]
  readonly group: TableGroup
  readonly loader: Loader
  readonly sink: RowSink
  /** Rows that are loaded in one slice at most. */
  readonly rowsPerSlice: number
}

export class LazyRestore {
  /** Of the runs' blocks; for the progress. */
  readonly totalBytes: number
  restoredBytes = 0
  readonly #options: LazyRestoreOptions
  readonly #timers: readonly LazyTimers[]
  readonly #bytes: readonly number[]
  readonly #isLoaded: boolean[]
  /** How often rows of a key group were looked up. */
  readonly #pulls: number[]
  /** Rows that come at once; more from step to step, up to `#stepRowsMax`. */
  #stepRows: number
  readonly #stepRowsMax: number
  readonly #out = new ByteWriter()
  #left: number
  #current: { readonly group: number; readonly steps: Iterator<number> } | undefined

  constructor(options: LazyRestoreOptions) {
    this.#options = options
    const { tables, lookups, loader, group, rowsPerSlice } = options
    this.#stepRowsMax = Math.min(ROWS_PER_STEP, rowsPerSlice)
    this.#stepRows = Math.min(FIRST_ROWS, this.#stepRowsMax)
    const { start, end } = group.keyGroups
    this.#left = end - start + 1
    this.#bytes = Array.from({ length: this.#left }, (_, at) => lookups.bytesOf(start + at))
    this.#isLoaded = this.#bytes.map(() => false)
    this.#pulls = this.#bytes.map(() => 0)
    this.totalBytes = this.#bytes.reduce((sum, bytes) => sum + bytes, 0)
    this.#timers = tables.map((table) => {
      const { below } = table.timers
      const timers = new LazyTimers(table, lookups, loader.marks, below, this.#stepRowsMax)
      table.timers.below = timers
      return timers
    })
    group.isRestoring = true
  }

  get isDone(): boolean {
    return this.#left === 0
  }

  /** `group` counts from the first of the tables. */
  isLoaded(group: number): boolean {
    return this.#isLoaded[group] === true
  }

  /** What the runs hold of a row of a key group that is not loaded. */
  pull(table: KeyedTable, group: number, prefix: Uint8Array): RowEntries {
    this.#pulls[group] = (this.#pulls[group] ?? 0) + 1
    this.#options.group.pulls++
    return this.#options.lookups.row(prefix, table.layout.collections.length === 0, table.shredded)
  }

  /** Loads some more while `goesOn` says so, which is asked now and then; true if more is left. */
  slice(goesOn: () => boolean): boolean {
    let rows = 0
    while (!this.isDone) {
      rows += this.#step()
      if (rows >= this.#options.rowsPerSlice || !goesOn()) break
    }
    this.#deselect()
    return !this.isDone
  }

  /** Loads a key group at once, because all of its rows are asked for. */
  loadGroup(group: number): void {
    if (this.isLoaded(group)) return
    const current = this.#current
    if (current?.group !== group) {
      for (const _ of this.#group(group)) continue
      this.#finish(group)
    } else while (!this.isLoaded(group)) this.#step()
  }

  loadAll(): void {
    for (let group = 0; group < this.#isLoaded.length; group++) this.loadGroup(group)
  }

  /** Timers are again only where they are without a restore. */
  close(): void {
    const { tables, group } = this.#options
    group.isRestoring = false
    for (const [index, table] of tables.entries()) {
      table.timers.below = required(this.#timers[index], 'each table has its timers').inner
    }
  }

  /** How many rows, about, were loaded. */
  #step(): number {
    const current = (this.#current ??= this.#next())
    const result = current.steps.next()
    this.#stepRows = Math.min(2 * this.#stepRows, this.#stepRowsMax)
    if (result.done !== true) return result.value
    this.#current = undefined
    this.#finish(current.group)
    return 1
  }

  #next(): { readonly group: number; readonly steps: Iterator<number> } {
    let hottest = -1
    for (const [group, isLoaded] of this.#isLoaded.entries()) {
      if (isLoaded) continue
      if (hottest < 0 || this.#pulled(group) > this.#pulled(hottest)) hottest = group
    }
    assert(hottest >= 0, 'a key group is left')
    return { group: hottest, steps: this.#group(hottest) }
  }

  #pulled(group: number): number {
    return this.#pulls[group] ?? 0
  }

  /** Timers first: what rows must be marked for is known by them. */
  *#group(group: number): Generator<number> {
    const { tables, loader, lookups, group: shared } = this.#options
    for (const id of lookups.operatorsOf(shared.keyGroups.start + group)) loader.requireTable(id)
    for (const [index, table] of tables.entries()) {
      const timers = required(this.#timers[index], 'each table has its timers')
      for (const _ of timers.load(group)) yield this.#stepRowsMax
      yield* this.#rows(table, group)
    }
    const { maxParallelism, keyGroups } = shared
    let settled = 0
    for (const _ of loader.marks.settling((hash) => {
      return keyGroupOf(hash, maxParallelism) === keyGroups.start + group
    })) {
      if (++settled % this.#stepRowsMax === 0) yield this.#stepRowsMax
    }
  }

  #rows(table: KeyedTable, group: number): Generator<number> {
    const { lookups, sink, group: shared } = this.#options
    this.#out.reset()
    beginKey(this.#out, shared.keyGroups.start + group, table.spec.record.id, SECTION_ROWS)
    const start = this.#out.copy()
    const batches = lookups.batchesBetween(start, endOfPrefix(start))
    const hasCollections = table.layout.collections.length > 0
    if (!hasCollections) sink.begin(table, group, lookups.entriesBetween(start, endOfPrefix(start)))
    return hasCollections ? this.#wholeRows(table, batches) : this.#scalars(table, batches)
  }

  *#scalars(table: KeyedTable, batches: Iterable<readonly Entry[]>): Generator<number> {
    const { sink } = this.#options
    let rows: Entry[] = []
    for (const batch of batches) {
      for (const entry of batch) {
        rows.push(entry)
        if (rows.length < this.#stepRows) continue
        sink.addScalars(table, rows)
        yield rows.length
        rows = []
      }
    }
    sink.addScalars(table, rows)
    yield rows.length
  }

  *#wholeRows(table: KeyedTable, batches: Iterable<readonly Entry[]>): Generator<number> {
    const { sink } = this.#options
    let rows: Entry[][] = []
    let row: Entry[] = []
    let prefix: Uint8Array = NO_BYTES
    let prefixBytes = 0
    let entries = 0
    for (const batch of batches) {
      for (const entry of batch) {
        const { key } = entry
        if (row.length === 0 || !startsWith(key, prefix, prefixBytes)) {
          if (rows.length >= this.#stepRows || entries >= ENTRIES_PER_STEP) {
            sink.addRows(table, rows)
            yield rows.length
            rows = []
            entries = 0
          }
          row = []
          rows.push(row)
          prefix = key
          prefixBytes = rowPrefixLength(prefix)
        }
        row.push(entry)
        entries++
      }
    }
    sink.addRows(table, rows)
    yield rows.length
  }

  #finish(group: number): void {
    const { tables, sink } = this.#options
    this.#isLoaded[group] = true
    this.restoredBytes += this.#bytes[group] ?? 0
    for (const table of tables) sink.finish(table, group)
    this.#left--
  }

  #deselect(): void {
    for (const table of this.#options.tables) table.deselect()
  }
}
