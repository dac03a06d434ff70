/**
 * A lazy restore with nothing below memory. Rows come into memory in whole, when they are asked for
 * or when it is their turn. Until its key group is loaded a row that the runs hold stays in memory
 * even if nothing of it is left, so that it is not taken from the runs again.
 */
import { ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { SCALAR_SUFFIX_BYTES } from '../runs/entry-key.ts'
import { rangeOf } from '../runs/entry-range.ts'
import type { KeyedTable, TableSource } from './keyed-table.ts'
import { ROW_RECORDED, ROW_THINNED, WORD_FLAGS } from './layout.ts'
import type { LazyRestore, RowEntries, RowSink } from './lazy-restore.ts'
import type { Loader } from './restore.ts'
import type { KeyAndHash, RowSource } from './row-source.ts'
import { keysOfShard } from './shard-keys.ts'
import { slotsFor } from './shard-shape.ts'

/** The shards of a key group hold about as many rows; more than that are few. */
const UNEVEN = 1.05

/** Takes rows into memory, for all tables. */
export class MemorySink implements RowSink {
  readonly #loader: Loader

  constructor(loader: Loader) {
    this.#loader = loader
  }

  addRows(table: KeyedTable, rows: readonly RowEntries[]): void {
    for (const row of rows) this.#loader.addRow(table, row, ROW_RECORDED)
  }

  begin(table: KeyedTable, group: number, rows: number): void {
    const shards = 1 << table.subBits
    const slots = slotsFor(Math.ceil((rows / shards) * UNEVEN))
    for (let at = 0; at < shards; at++) table.reserve((group << table.subBits) + at, slots)
  }

  addScalars(table: KeyedTable, rows: readonly Entry[]): void {
    for (const row of rows) this.#loader.addScalarRow(table, rangeOf(row), ROW_RECORDED)
  }

  /** Rows are as those of any other table now. */
  finish(table: KeyedTable, group: number): void {
    const end = (group + 1) << table.subBits
    for (let index = group << table.subBits; index < end; index++) {
      const shard = table.shards[index]
      if (shard === undefined || shard.count === 0) continue
      const step = shard.stride * 2
      const first = shard.laneOf(0) * 2
      for (let word = WORD_FLAGS; word < shard.capacity * step; word += step) {
        const flags = shard.words[first + word] as number // the slot is below the capacity
        shard.words[first + word] = flags & ~ROW_RECORDED
        if ((flags & ROW_THINNED) !== 0) shard.isThinned = true
      }
    }
  }
}

/** Looks for missing rows of one table in the runs. */
export class LazyRows implements RowSource, TableSource {
  readonly #table: KeyedTable
  readonly #restore: LazyRestore
  readonly #loader: Loader
  readonly #out = new ByteWriter()

  constructor(table: KeyedTable, restore: LazyRestore, loader: Loader) {
    this.#table = table
    this.#restore = restore
    this.#loader = loader
  }

  load(key: unknown, _routeHash: number, shardIndex: number): void {
    const table = this.#table
    const group = shardIndex >>> table.subBits
    if (this.#restore.isLoaded(group)) return
    const out = this.#out
    out.reset()
    table.codec.writeRowKey(out, table.cuts.keyGroupOf(shardIndex), key)
    const prefix = out.view().subarray(0, out.length - SCALAR_SUFFIX_BYTES)
    const entries = this.#restore.pull(table, group, prefix)
    if (entries.length > 0) this.#loader.addRow(table, entries, ROW_RECORDED)
  }

  *keys(): Generator<KeyAndHash> {
    this.#restore.loadAll()
    this.#table.deselect()
    for (let index = 0; index < this.#table.shards.length; index++) {
      yield* keysOfShard(this.#table, index)
    }
  }

  /** Rows are looked up one by one: a batch of look-ups would hold up the records before it. */
  prefetch(): void {}
  /** Memory is all there is. */
  relieve(): void {}
  discard(): void {}
  flush(): void {}

  /** Collections come in whole, with their rows. */
  entry(): undefined {
    return undefined
  }

  entries(): readonly [] {
    return []
  }

  chunk(): unknown[] {
    return []
  }
}
