/**
 * A lazy restore over a store below: a row is copied from the runs into the store, in whole, when
 * it is asked for or when it is its turn, and is read from there like any other. The store's record
 * of a row says that it was taken from the runs; so a record is never deleted before the key group
 * is loaded, but emptied.
 */
import { Buffer } from 'node:buffer'
import { required } from '../../util/assert.ts'
import { ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { ColdBatch, type ColdStore } from '../cold-store.ts'
import {
  KEY_HEAD_BYTES,
  keyGroupOfKey,
  operatorOfKey,
  SECTION_ROWS,
  sectionOfKey,
} from '../runs/entry.ts'
import {
  isScalarKey,
  rowPrefixLength,
  SCALAR_SUFFIX,
  SCALAR_SUFFIX_BYTES,
} from '../runs/entry-key.ts'
import { writeSummary } from './cold-format.ts'
import { rowHash } from '../runs/filter.ts'
import type { ColdLoader } from './cold-loader.ts'
import { NO_ENTRIES } from './collection-kinds.ts'
import type { KeyedTable } from './keyed-table.ts'
import type { LazyRestore, RowEntries, RowSink } from './lazy-restore.ts'

/** Copies rows into the store that it does not know. */
export class StoreSink implements RowSink {
  readonly #store: ColdStore
  readonly #loader: ColdLoader
  /** Hashes of rows that were looked up: the store can know no others. */
  readonly #taken = new Set<number>()

  constructor(store: ColdStore, loader: ColdLoader) {
    this.#store = store
    this.#loader = loader
  }

  /** A row, by what its keys begin with, is copied because it was looked up. */
  take(prefix: Uint8Array, entries: RowEntries): void {
    this.#taken.add(rowHash(prefix, prefix.length))
    for (const entry of entries) this.#loader.add(entry)
  }

  addRows(_table: KeyedTable, rows: readonly RowEntries[]): void {
    for (const row of rows) {
      if (!this.#isThere(required(row[0], 'a row has entries')))
        for (const entry of row) this.#loader.add(entry)
    }
    this.#loader.flush()
  }

  /** The store needs no room. */
  begin(): void {}

  addScalars(table: KeyedTable, rows: readonly Entry[]): void {
    for (const row of rows) if (!this.#isThere(row)) this.#loader.addScalarRow(table, row)
    this.#loader.flush()
  }

  /** Whether the row of an entry is. */
  #isThere(first: Entry): boolean {
    if (this.#taken.size === 0) return false
    const { key } = first
    const prefixBytes = rowPrefixLength(key)
    if (!this.#taken.has(rowHash(key, prefixBytes))) return false
    const recordKey = Buffer.concat([key.subarray(0, prefixBytes), SCALAR_SUFFIX])
    return this.#store.getMany([recordKey])[0] !== undefined
  }

  /** What was emptied meanwhile may stay: it says the same as no record. */
  finish(): void {}
}

/** The store with the rows of the runs under it. */
export class LazyStore implements ColdStore {
  readonly #inner: ColdStore
  readonly #restore: LazyRestore
  readonly #loader: ColdLoader
  readonly #sink: StoreSink
  readonly #tables: readonly KeyedTable[]
  readonly #batch = new ColdBatch()
  readonly #out = new ByteWriter()

  constructor(
    inner: ColdStore,
    restore: LazyRestore,
    loader: ColdLoader,
    sink: StoreSink,
    tables: readonly KeyedTable[],
  ) {
    this.#inner = inner
    this.#restore = restore
    this.#loader = loader
    this.#sink = sink
    this.#tables = tables
  }

  getMany(keys: readonly Buffer[]): readonly (Buffer | undefined)[] {
    const values = this.#inner.getMany(keys)
    const pulled = keys.filter((key, index) => values[index] === undefined && this.#pull(key))
    if (pulled.length === 0) return values
    this.#loader.flush()
    return this.#inner.getMany(keys)
  }

  scan(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    this.#beforeScan(lower)
    return this.#inner.scan(lower, upper, limit)
  }

  scanDown(lower: Buffer, upper: Buffer, limit: number): readonly Buffer[] {
    this.#beforeScan(lower)
    return this.#inner.scanDown(lower, upper, limit)
  }

  write(batch: ColdBatch): void {
    const kept = this.#batch
    for (const [index, key] of batch.keys.entries()) {
      const value = batch.values[index]
      const upper = batch.uppers[index]
      if (value !== undefined) kept.put(key, value)
      else if (upper !== undefined) kept.deleteRange(key, upper)
      else if (this.#isWanted(key)) kept.put(key, this.#emptyRecord(key))
      else kept.delete(key)
    }
    this.#inner.write(kept)
    kept.clear()
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /** True if the row of this record was found in the runs, and given to the loader. */
  #pull(key: Buffer): boolean {
    if (!this.#isWanted(key)) return false
    const prefix = key.subarray(0, key.length - SCALAR_SUFFIX_BYTES)
    const table = this.#tableOf(key)
    const entries = this.#restore.pull(table, this.#groupOf(key), prefix)
    if (entries.length > 0) this.#sink.take(prefix, entries)
    return entries.length > 0
  }

  /** True for records of rows of key groups that are not loaded. */
  #isWanted(key: Buffer): boolean {
    if (sectionOfKey(key) !== SECTION_ROWS) return false
    if (this.#restore.isLoaded(this.#groupOf(key))) return false
    return isScalarKey(key, rowPrefixLength(key))
  }

  /** A scan of more than one row is one of all rows of a key group. */
  #beforeScan(lower: Buffer): void {
    if (lower.length !== KEY_HEAD_BYTES || sectionOfKey(lower) !== SECTION_ROWS) return
    this.#restore.loadGroup(this.#groupOf(lower))
  }

  #emptyRecord(key: Buffer): Buffer {
    this.#out.reset()
    const { collections } = this.#tableOf(key).layout
    writeSummary(
      this.#out,
      collections.map(() => NO_ENTRIES),
    )
    return this.#out.copy()
  }

  #tableOf(key: Buffer): KeyedTable {
    const id = operatorOfKey(key)
    return required(
      this.#tables.find(({ spec }) => spec.record.id === id),
      `operator ${id} has a table`,
    )
  }

  #groupOf(key: Buffer): number {
    return keyGroupOfKey(key) - (this.#tables[0]?.group.keyGroups.start ?? 0)
  }
}
