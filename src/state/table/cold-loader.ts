/**
 * Loads a snapshot into the store below, without decoding values. Entries of one key come together,
 * its row before its collections, so what the row's record says of them is known when the next key
 * begins.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import { asBuffer, ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { Entry } from '../backend.ts'
import { ColdBatch } from '../cold-store.ts'
import {
  SCALAR_ROW,
  SECTION_ROWS,
  SECTION_TIMERS,
  sectionOfKey,
  startsWith,
} from '../runs/entry.ts'
import { isScalarKey, rowPrefixLength } from '../runs/entry-key.ts'
import { writeSummary } from './cold-format.ts'
import type { ColdSide } from './cold-table.ts'
import { NO_ENTRIES, type Summary } from './collection-kinds.ts'
import { extended } from './deque-collection.ts'
import type { KeyedTable } from './keyed-table.ts'
import type { Loader } from './restore.ts'

const BATCH_BYTES = 1 << 20
/** Of the state's id and the end of its namespace. */
const STATE_ID_BYTES = 3
const NOTHING = Buffer.alloc(0)

export class ColdLoader {
  readonly #loader: Loader
  readonly #side: ColdSide
  readonly #batch = new ColdBatch()
  readonly #out = new ByteWriter()
  readonly #input = new ByteReader(NOTHING)
  #batchBytes = 0
  /** The row that is gathered: what its keys begin with, its entry, what its collections hold. */
  #table: KeyedTable | undefined
  #prefix: Uint8Array = NOTHING
  #row: Uint8Array = NOTHING
  #sizes: Summary[] = []

  constructor(loader: Loader, side: ColdSide) {
    this.#loader = loader
    this.#side = side
  }

  add(entry: Entry): void {
    const section = sectionOfKey(entry.key)
    if (section === SECTION_TIMERS) return this.#loader.addTimer(entry)
    if (section !== SECTION_ROWS) throw new MillraceError('STORAGE_CORRUPT', `section ${section}`)
    if (this.#table === undefined || !startsWith(entry.key, this.#prefix)) this.#begin(entry)
    const table = this.#loader.tableOf(entry)
    this.#loader.marks.seeEntry(table, entry)
    const stateId = this.#input.reset(entry.key, this.#prefix.length).uint16BE()
    if (stateId === SCALAR_ROW) {
      // Without collections the record is the entry itself.
      if (this.#sizes.length === 0) this.#put(asBuffer(entry.key), asBuffer(entry.value))
      else this.#row = entry.value
      return
    }
    const state = this.#loader.collectionOf(table, stateId)
    if (state === undefined) return
    const { size, extent } = this.#sizes[state.ordinal] ?? NO_ENTRIES
    const counts = state.kind === 'list' || state.kind === 'deque'
    this.#sizes[state.ordinal] = {
      size: counts ? size + 1 : 1,
      ...(state.kind === 'deque' ? { extent: extended(extent, this.#userKeyOf(entry)) } : {}),
    }
    this.#put(asBuffer(entry.key), asBuffer(entry.value))
  }

  /** The same for an entry that is the whole row, of a table that has no collections now. */
  addScalarRow(table: KeyedTable, entry: Entry): void {
    const { key, value } = entry
    // Of a collection that was dropped.
    if (!isScalarKey(key, rowPrefixLength(key))) return this.add(entry)
    this.#end()
    this.#loader.marks.seeEntry(table, entry)
    this.#put(asBuffer(key), asBuffer(value))
  }

  finish(): void {
    this.flush()
    this.#loader.finish()
  }

  /** The last row has no more entries: writes everything out. */
  flush(): void {
    this.#end()
    this.#flush()
  }

  #begin(entry: Entry): void {
    this.#end()
    this.#table = this.#loader.tableOf(entry)
    this.#prefix = entry.key.subarray(0, rowPrefixLength(entry.key))
    this.#row = NOTHING
    this.#sizes = this.#table.layout.collections.map(() => NO_ENTRIES)
  }

  /** Behind the row's prefix come the state's id and an empty namespace. */
  #userKeyOf({ key }: Entry): Uint8Array {
    return key.subarray(this.#prefix.length + STATE_ID_BYTES)
  }

  #end(): void {
    if (this.#table === undefined) return
    const out = this.#out
    if (this.#row.length === 0 && this.#sizes.every((each) => each.size === 0)) {
      this.#table = undefined // it held dropped states only
      return
    }
    out.reset()
    out.raw(this.#prefix)
    out.uint16BE(SCALAR_ROW)
    out.uint8(0)
    const key = out.copy()
    out.reset()
    writeSummary(out, this.#sizes)
    out.raw(this.#row)
    this.#put(key, out.copy())
    this.#table = undefined
  }

  /** Entries stay as they are (`EntryBatch`), so they need no copies until they are written. */
  #put(key: Buffer, value: Buffer): void {
    this.#batch.put(key, value)
    this.#batchBytes += key.length + value.length
    if (this.#batchBytes >= BATCH_BYTES) this.#flush()
  }

  #flush(): void {
    if (this.#batch.length === 0) return
    this.#side.store.write(this.#batch)
    this.#side.isEmpty = false
    this.#batch.clear()
    this.#batchBytes = 0
  }
}
