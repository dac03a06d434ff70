/** Loads the entries of a snapshot into tables in memory. */
import { MillraceError } from '../../errors.ts'
import { readKey, routeHash } from '../../types/keys.ts'
import { ByteReader } from '../../util/bytes.ts'
import { assert, required } from '../../util/assert.ts'
import type { Entry } from '../backend.ts'
import { keyGroupOf } from '../key-groups.ts'
import { isDroppedState } from '../snapshot.ts'
import {
  KEY_HEAD_BYTES,
  operatorOfKey,
  SCALAR_ROW,
  SECTION_ROWS,
  SECTION_TIMERS,
  sectionOfKey,
} from '../runs/entry.ts'
import { isScalarSuffix, readRowKey, readTimeKey, type RowKey } from '../runs/entry-key.ts'
import { type EntryRange, flagsOfEntry } from '../runs/entry-range.ts'
import { EntryHeader, FLAG_ANY_TOMBSTONE } from '../runs/entry-value.ts'
import { timerNameOf } from '../runs/timer-payload.ts'
import { readUserKey } from './entry-codec.ts'
import type { KeyedTable } from './keyed-table.ts'
import { type CollectionState, ROW_BELOW } from './layout.ts'
import { ListCollection } from './list-collection.ts'
import { MapCollection } from './map-collection.ts'
import { PackedMapCollection } from './packed-map-collection.ts'
import { RestoredMarks } from './restored-marks.ts'

interface Place {
  readonly table: KeyedTable
  readonly parts: RowKey
  /** Undefined for the scalar states. */
  readonly state: CollectionState | undefined
  readonly hash: number
}

export class Loader {
  readonly marks = new RestoredMarks()
  readonly #tables: ReadonlyMap<number, KeyedTable>
  readonly #header = new EntryHeader()
  readonly #value = new ByteReader(new Uint8Array(0))
  readonly #key = new ByteReader(new Uint8Array(0))
  readonly #userKey = new ByteReader(new Uint8Array(0))

  constructor(tables: readonly KeyedTable[]) {
    this.#tables = new Map(tables.map((table) => [table.spec.record.id, table]))
  }

  /** The table that an entry belongs to. */
  tableOf(entry: Entry): KeyedTable {
    return this.requireTable(operatorOfKey(entry.key))
  }

  /** Throws `CHECKPOINT_INCOMPATIBLE` for an operator that there is not. */
  requireTable(id: number): KeyedTable {
    const table = this.#tables.get(id)
    if (table !== undefined) return table
    throw new MillraceError(
      'CHECKPOINT_INCOMPATIBLE',
      `the snapshot holds state of operator ${id}, which this job has not`,
    )
  }

  /** Puts an entry in its place in memory. Entries come in key order, without tombstones. */
  add(entry: Entry): void {
    assert((flagsOfEntry(entry) & FLAG_ANY_TOMBSTONE) === 0, 'a restore holds no tombstones')
    const table = this.tableOf(entry)
    const section = sectionOfKey(entry.key)
    if (section === SECTION_TIMERS) return this.addTimer(entry)
    if (section !== SECTION_ROWS) throw new MillraceError('STORAGE_CORRUPT', `section ${section}`)
    const place = this.#placeOf(table, entry)
    if (place === undefined) return
    table.select(table.keyType.isolate(place.parts.key), place.hash)
    if (table.shard === undefined) table.create()
    this.#fill(place, entry)
  }

  /**
   * Puts the entries of one row in their place, unless it is in memory already; it is then current,
   * with these flags, if any of the entries counts.
   */
  addRow(table: KeyedTable, entries: readonly Entry[], flags: number): void {
    let isNew = true
    for (const entry of entries) {
      const place = this.#placeOf(table, entry)
      if (place === undefined) continue
      const { hash, parts } = place
      if (isNew) {
        const shardIndex = table.shardIndexOf(hash)
        const shard = required(table.shards[shardIndex], 'the key is of this table')
        if (shard.find(parts.key, hash) >= 0) return
        table.addRow(table.keyType.isolate(parts.key), hash, shardIndex, flags)
      }
      isNew = false
      this.#fill(place, entry)
    }
  }

  /** The same for an entry that is the whole row, of a table that has no collections now. */
  addScalarRow(table: KeyedTable, entry: EntryRange, flags: number): void {
    const { keys, keyStart, keyEnd, values, valueStart, valueEnd } = entry
    const input = this.#key.reset(keys, keyStart + KEY_HEAD_BYTES, keyEnd)
    const key = readKey(input)
    // Of a collection that was dropped, or not as it should be.
    if (!isScalarSuffix(input)) return this.addRow(table, [entry], flags)
    const hash = routeHash(key)
    this.#expectOwn(table, hash, keys.readUInt16BE(keyStart))
    const shardIndex = table.shardIndexOf(hash)
    const shard = required(table.shards[shardIndex], 'the key is of this table')
    if (shard.find(key, hash) >= 0) return
    table.addRow(table.keyType.isolate(key), hash, shardIndex, flags)
    this.marks.seeEntry(table, entry)
    this.#readRow(table, this.#value.reset(values, valueStart, valueEnd))
  }

  addTimer(entry: Entry): void {
    const parts = readTimeKey(entry.key)
    const { schemaId } = this.#header.read(this.#value.reset(entry.value))
    const bytes = this.#value.raw(this.#value.remaining)
    const table = this.tableOf(entry)
    const { codec } = table.timers
    const payload = codec.currentPayload(bytes, timerNameOf(parts.name), schemaId)
    table.timers.restore(parts, routeHash(parts.key), payload)
    this.marks.seeTimer(table, parts)
  }

  /** Undefined for a state that was dropped. Throws for one that there never was. */
  collectionOf(table: KeyedTable, stateId: number): CollectionState | undefined {
    const state = table.layout.collections.find((each) => each.stateId === stateId)
    if (state !== undefined || isDroppedState(table.spec.record, stateId)) return state
    const { uid } = table.spec.record
    const message = `the snapshot holds state ${stateId} of "${uid}", which declares none`
    throw new MillraceError('CHECKPOINT_INCOMPATIBLE', message)
  }

  /** Ends the loading. */
  finish(): void {
    this.marks.settle()
    for (const table of this.#tables.values()) table.deselect()
  }

  /** Where an entry of rows belongs; undefined if its state was dropped. */
  #placeOf(table: KeyedTable, entry: Entry): Place | undefined {
    const parts = readRowKey(entry.key)
    const isScalar = parts.stateId === SCALAR_ROW
    const state = isScalar ? undefined : this.collectionOf(table, parts.stateId)
    if (!isScalar && state === undefined) return undefined
    const hash = routeHash(parts.key)
    this.#expectOwn(table, hash, parts.keyGroup)
    return { table, parts, state, hash }
  }

  #expectOwn(table: KeyedTable, hash: number, keyGroup: number): void {
    if (keyGroupOf(hash, table.group.maxParallelism) === keyGroup) return
    const message = `a key of "${table.spec.record.uid}" lies in a foreign key group`
    throw new MillraceError('STORAGE_CORRUPT', message)
  }

  /** Into the current row. */
  #fill({ table, parts, state }: Place, entry: Entry): void {
    this.marks.seeEntry(table, entry)
    if (state === undefined) this.#readRow(table, this.#value.reset(entry.value))
    else this.#addItem(table, state, parts, entry)
  }

  #readRow(table: KeyedTable, value: ByteReader): void {
    const shard = required(table.shard, 'the row was created')
    table.codec.readRow(value, shard, table.slot)
    table.setFlags(ROW_BELOW)
  }

  #addItem(table: KeyedTable, state: CollectionState, { userKey }: RowKey, entry: Entry): void {
    this.#value.reset(entry.value)
    this.#userKey.reset(userKey)
    const collection = table.collections().of(table, state)
    if (collection instanceof ListCollection) {
      const elements = table.codec.readChunk(this.#value, state)
      collection.restore(this.#userKey.uint32BE(), elements)
    } else if (collection instanceof PackedMapCollection) {
      const key = readUserKey(this.#userKey, state)
      assert(typeof key === 'number', 'packed maps have numbers as keys')
      collection.restore(key, Number(table.codec.readMapValue(this.#value, state)))
    } else if (collection instanceof MapCollection) {
      const key = readUserKey(this.#userKey, state)
      const value = table.codec.readMapValue(this.#value, state)
      collection.restore(key, value, table.codec.stampMs)
    }
  }
}
