/**
 * Reads the rows and collections of one table from the store below: rows that are asked for, those
 * of a batch in one call, parts of collections, and all keys.
 */
import { Buffer } from 'node:buffer'
import { routeHash as hashOf } from '../../types/keys.ts'
import { required } from '../../util/assert.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'
import type { ColdStore } from '../cold-store.ts'
import { beginKey, endOfPrefix, endStateKey, SCALAR_ROW, SECTION_ROWS } from '../runs/entry.ts'
import { readRowKey } from '../runs/entry-key.ts'
import { readSummary } from './cold-format.ts'
import { collectionOf } from './collection-kinds.ts'
import type { ColdEntry, ColdRange } from './collection.ts'
import { readUserKey, writeUserKey } from './entry-codec.ts'
import type { Item, ItemOwner } from './item.ts'
import type { KeyedTable, TableSource } from './keyed-table.ts'
import { ROW_BELOW, ROW_RECORDED } from './layout.ts'
import type { KeyAndHash, RowSource } from './row-source.ts'
import { keysOfShard } from './shard-keys.ts'
import { isEmptyRow } from './sweep.ts'

const KEYS_PER_SCAN = 256
/** What follows the key in the key of a row: its state id and the end of the namespace. */
const SCALAR_ROW_KEY_BYTES = 3

/** What the cold tables of a backend share. */
export interface ColdSide {
  readonly store: ColdStore
  /** Nothing was ever written: there is nothing to be read. */
  isEmpty: boolean
  prefetchedReads: number
  coldReads: number
  relieve(): void
  discard(table: KeyedTable, item: Item): void
  flush(): void
}

export class ColdTable implements RowSource, TableSource {
  readonly #table: KeyedTable
  readonly #side: ColdSide
  readonly #out = new ByteWriter()
  readonly #input = new ByteReader(new Uint8Array(0))

  constructor(table: KeyedTable, side: ColdSide) {
    this.#table = table
    this.#side = side
  }

  relieve(): void {
    this.#side.relieve()
  }

  discard(item: Item): void {
    this.#side.discard(this.#table, item)
  }

  flush(): void {
    this.#side.flush()
  }

  load(key: unknown, routeHash: number, shardIndex: number): void {
    const side = this.#side
    if (side.isEmpty) return this.#table.addRow(key, routeHash, shardIndex, 0)
    side.coldReads++
    const [value] = side.store.getMany([this.#rowKey(key, shardIndex)])
    this.#place(key, routeHash, shardIndex, value)
  }

  prefetch(keys: readonly unknown[], routeHashes: Int32Array, count: number): void {
    const table = this.#table
    table.deselect()
    // A batch of look-ups in runs would hold up the records before it.
    if (this.#side.isEmpty || table.group.isRestoring) return
    const missing: { readonly key: unknown; readonly at: number; readonly shardIndex: number }[] =
      []
    const wanted: Buffer[] = []
    const seen = new Set<unknown>()
    for (let at = 0; at < count; at++) {
      const key = keys[at]
      if (seen.has(key)) continue
      const shardIndex = table.shardIndexOf(routeHashes[at] as number) // at < count
      const shard = required(table.shards[shardIndex], 'the key is of this table')
      if (shard.find(key, routeHashes[at] as number) >= 0) continue
      seen.add(key)
      missing.push({ key, at, shardIndex })
      wanted.push(this.#rowKey(key, shardIndex))
    }
    if (missing.length === 0) return
    const values = this.#side.store.getMany(wanted)
    for (const [index, { key, at, shardIndex }] of missing.entries()) {
      const hash = routeHashes[at] as number // as above
      // Equal keys that are different objects may be among the missing ones.
      if (required(table.shards[shardIndex], 'as above').find(key, hash) >= 0) continue
      this.#side.prefetchedReads++
      this.#place(table.keyType.isolate(key), hash, shardIndex, values[index])
    }
    table.deselect()
  }

  entry(owner: ItemOwner, key: unknown): Pick<ColdEntry, 'value' | 'stampMs'> | undefined {
    this.#collectionKey(owner)
    writeUserKey(this.#out, owner.state, key)
    const value = this.#read(this.#out.copy())
    if (value === undefined) return undefined
    const { codec } = this.#table
    const read = codec.readMapValue(this.#input.reset(value), owner.state)
    return { value: read, stampMs: codec.stampMs }
  }

  entries(owner: ItemOwner, range: ColdRange, limit: number): readonly ColdEntry[] {
    if (this.#side.isEmpty) return []
    const prefix = this.#collectionKey(owner).copy()
    const { lower, upper } = range
    const from = lower === undefined ? prefix : Buffer.concat([prefix, lower])
    const to = upper === undefined ? endOfPrefix(prefix) : Buffer.concat([prefix, upper])
    if (from.compare(to) >= 0) return []
    const { store } = this.#side
    const found =
      range.isDown === true ? store.scanDown(from, to, limit) : store.scan(from, to, limit)
    const { codec } = this.#table
    const entries: ColdEntry[] = []
    for (let index = 0; index + 1 < found.length; index += 2) {
      const [key, value] = [found[index], found[index + 1]]
      if (key === undefined || value === undefined) break
      const keyBytes = key.subarray(prefix.length)
      entries.push({
        key: readUserKey(this.#input.reset(keyBytes), owner.state),
        value: codec.readMapValue(this.#input.reset(value), owner.state),
        stampMs: codec.stampMs,
        keyBytes,
      })
    }
    this.#side.coldReads += entries.length
    return entries
  }

  chunk(owner: ItemOwner, number: number): unknown[] {
    this.#collectionKey(owner).uint32BE(number)
    const value = this.#read(this.#out.copy())
    const held = required(value, `chunk ${number} of ${owner.state.name} is not below`)
    return this.#table.codec.readChunk(this.#input.reset(held), owner.state)
  }

  /** Key group by key group: first what is in memory, then what lies below and was not there. */
  *keys(): Generator<KeyAndHash> {
    const table = this.#table
    const groups = table.timers.changes.groupCount
    for (let group = 0; group < groups; group++) {
      const seen = new Set<string>()
      const end = (group + 1) << table.subBits
      for (let shardIndex = group << table.subBits; shardIndex < end; shardIndex++) {
        for (const found of keysOfShard(table, shardIndex)) {
          seen.add(this.#rowKey(found.key, shardIndex).toString('latin1'))
          yield found
        }
      }
      if (!this.#side.isEmpty) yield* this.#keysBelow(table.group.keyGroups.start + group, seen)
    }
  }

  *#keysBelow(keyGroup: number, seen: ReadonlySet<string>): Generator<KeyAndHash> {
    const table = this.#table
    this.#out.reset()
    beginKey(this.#out, keyGroup, table.spec.record.id, SECTION_ROWS)
    let from = this.#out.copy()
    const end = endOfPrefix(from)
    for (;;) {
      const found = this.#side.store.scan(from, end, KEYS_PER_SCAN)
      for (let index = 0; index < found.length; index += 2) {
        const bytes = required(found[index], 'scans give pairs')
        const { key, stateId } = readRowKey(bytes)
        if (stateId !== SCALAR_ROW || seen.has(bytes.toString('latin1'))) continue
        const record = required(found[index + 1], 'scans give pairs')
        const routeHash = hashOf(key)
        if (isKnownEmpty(table, key, routeHash) || !this.#hasContent(bytes, record)) continue
        yield { key: table.keyType.isolate(key), routeHash }
      }
      const last = found.at(-2)
      if (found.length < 2 * KEYS_PER_SCAN || last === undefined) return
      from = Buffer.concat([last, Buffer.alloc(1)])
    }
  }

  /** True if the record of a row says, or a look at its maps shows, that it has state. */
  #hasContent(rowKey: Buffer, record: Buffer): boolean {
    const { layout } = this.#table
    const sizes = readSummary(this.#input.reset(record), layout)
    if (this.#input.remaining > 0) return true
    return layout.collections.some((state, ordinal) => {
      if (sizes[ordinal]?.size === 0) return false
      if (state.kind === 'list' || state.kind === 'deque') return true
      const out = this.#out
      out.reset()
      out.raw(rowKey, 0, rowKey.length - SCALAR_ROW_KEY_BYTES)
      endStateKey(out, state.stateId)
      const prefix = out.copy()
      return this.#side.store.scan(prefix, endOfPrefix(prefix), 1).length > 0
    })
  }

  #place(key: unknown, routeHash: number, shardIndex: number, value: Buffer | undefined): void {
    const table = this.#table
    table.addRow(key, routeHash, shardIndex, 0)
    if (value === undefined) return
    const input = this.#input.reset(value)
    table.setFlags(ROW_RECORDED)
    const sizes = readSummary(input, table.layout)
    const row = sizes.some(({ size }) => size > 0) && table.newCollections(routeHash, shardIndex)
    for (const [ordinal, summary] of sizes.entries()) {
      const state = table.layout.collections[ordinal]
      if (summary.size === 0 || state === undefined || row === false) continue
      row.place(collectionOf(table, row, state, summary))
    }
    if (input.remaining === 0) return
    table.codec.readRow(input, required(table.shard, 'the row was added'), table.slot)
    table.setFlags(ROW_BELOW)
  }

  #rowKey(key: unknown, shardIndex: number): Buffer {
    this.#out.reset()
    this.#table.codec.writeRowKey(this.#out, this.#table.cuts.keyGroupOf(shardIndex), key)
    return this.#out.copy()
  }

  #collectionKey(owner: ItemOwner): ByteWriter {
    this.#out.reset()
    const keyGroup = this.#table.cuts.keyGroupOf(owner.row.shardIndex)
    this.#table.codec.writeCollectionKey(this.#out, keyGroup, owner)
    return this.#out
  }

  #read(key: Buffer): Buffer | undefined {
    if (this.#side.isEmpty) return undefined
    this.#side.coldReads++
    return this.#side.store.getMany([key])[0]
  }
}

/** True if the row of a key is in memory and holds nothing. */
function isKnownEmpty(table: KeyedTable, key: unknown, routeHash: number): boolean {
  const shard = required(table.shards[table.shardIndexOf(routeHash)], 'the key is of this table')
  const slot = shard.find(key, routeHash)
  return slot >= 0 && isEmptyRow(table.records, shard, slot)
}
