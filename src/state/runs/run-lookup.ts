/**
 * Look-ups in one run while a record waits: synchronous reads of single blocks. Whatever is read is
 * verified as by `run-reader.ts`. Unfolded blocks are kept for a while, for what is asked next is
 * often near by.
 */
import type { ReadSync } from '../../storage/blob-store.ts'
import type { Entry } from '../backend.ts'
import type { RunReference } from '../snapshot.ts'
import type { BlockIndex } from './block-index.ts'
import type { BlockTable } from './block-table.ts'
import type { BlockCache } from './block-cache.ts'
import { findInBlock } from './block.ts'
import { corrupt } from './damage.ts'
import {
  endOfPrefix,
  keyGroupOfKey,
  operatorOfKey,
  SECTION_ROWS,
  sectionOfKey,
  startsWith,
} from './entry.ts'
import { isRowKey, isScalarKey, rowPrefixLength } from './entry-key.ts'
import { mayContain, rowHash } from './filter.ts'
import type { RunReader } from './run-reader.ts'
import { lastAtMost } from './search.ts'
import type { EntryBatch } from './stream.ts'

/** Three lengths and a byte of the key. */
const ENTRY_BYTES_MIN = 4

export class RunLookup {
  readonly #table: BlockTable
  readonly #reference: RunReference
  readonly #readSync: ReadSync
  readonly #cache: BlockCache
  readonly #filters = new Map<number, Uint8Array>()

  /** @param cache shared with other runs. */
  constructor({ reference, table }: RunReader, readSync: ReadSync, cache: BlockCache) {
    this.#reference = reference
    this.#table = table
    this.#readSync = readSync
    this.#cache = cache
  }

  /** Whether entries of this key group and operator count. */
  covers(key: Uint8Array): boolean {
    const { keyGroups, operators } = this.#reference
    const keyGroup = keyGroupOfKey(key)
    if (keyGroup < keyGroups.start || keyGroup > keyGroups.end) return false
    return operators === undefined || operators.includes(operatorOfKey(key))
  }

  /** Whether there may be entries from here on: of timers many a run says that it has none. */
  mayHoldFrom(start: Uint8Array): boolean {
    if (!this.covers(start)) return false
    if (sectionOfKey(start) === SECTION_ROWS) return true
    const { timedOperators } = this.#table.footer.metadata
    return timedOperators === undefined || timedOperators.includes(operatorOfKey(start))
  }

  deletesOlder(key: Uint8Array): boolean {
    return this.#table.deletesOlder(key)
  }

  /** The value of one entry of a row, without unfolding those around it. */
  get(key: Uint8Array, prefixBytes: number): Uint8Array | undefined {
    const index = this.#table.blockBefore(key)
    if (index < 0 || !this.#mayHold(key.subarray(0, prefixBytes))) return undefined
    return findInBlock(this.#raw(index), key)
  }

  /** All entries of a row, whose keys begin with `prefix`. */
  row(prefix: Uint8Array): readonly Entry[] {
    if (!this.#mayHold(prefix)) return []
    return [...this.between(prefix, endOfPrefix(prefix))].flat()
  }

  /** The entries from key `start` to below `end`, or all from there on, block by block. */
  *between(start: Uint8Array, end?: Uint8Array): Generator<EntryBatch> {
    const { blocks } = this.#table.footer
    const until =
      end === undefined
        ? blocks.length
        : 1 + lastAtMost(blocks.length, (at) => below(blocks, at, end))
    for (let index = this.#firstBlock(start); index < until; index++) {
      const endsBelow = index + 1 < until || end === undefined
      const isWhole = endsBelow && blocks.compareFirstKey(index, start) >= 0
      const entries = isWhole
        ? this.#table.decode(this.#rawOnce(index), index)
        : this.#table.decodeBetween(this.#raw(index), index, start, end)
      if (entries.length > 0) yield entries
    }
  }

  /** The first block that may hold keys from `start` on. */
  #firstBlock(start: Uint8Array): number {
    const before = this.#table.blockBefore(start)
    const next = this.#table.footer.blocks.firstKey(before + 1)
    const isNext = next !== undefined && beginsRow(next, start)
    return isNext && !this.#table.deletesOlder(start) ? before + 1 : Math.max(0, before)
  }

  /** The operators of which entries of a key group count. */
  *operatorsOf(keyGroup: number): Generator<number> {
    const probe = new Uint8Array([keyGroup >>> 8, keyGroup & 0xff, 0, 0])
    for (;;) {
      const [batch] = this.between(probe).take(1)
      const first = batch?.[0]
      if (first === undefined || keyGroupOfKey(first.key) !== keyGroup) return
      if (this.covers(first.key)) yield operatorOfKey(first.key)
      const next = operatorOfKey(first.key) + 1
      if (next > 0xffff) return
      probe[2] = next >>> 8
      probe[3] = next & 0xff
    }
  }

  /** Stored bytes of the blocks that begin with a key in a range, `end` excluded. */
  bytesBetween(start: Uint8Array, end: Uint8Array): number {
    const { blocks } = this.#table.footer
    return this.#sumBetween(start, end, (at) => blocks.storedBytes(at))
  }

  /** The entries of these blocks; not more than they have bytes for. */
  entriesBetween(start: Uint8Array, end: Uint8Array): number {
    const { blocks } = this.#table.footer
    return this.#sumBetween(start, end, (at) =>
      Math.min(blocks.entries(at), blocks.rawBytes(at) / ENTRY_BYTES_MIN),
    )
  }

  #sumBetween(start: Uint8Array, end: Uint8Array, of: (at: number) => number): number {
    const { blocks } = this.#table.footer
    const before = (bound: Uint8Array): number =>
      lastAtMost(blocks.length, (at) => below(blocks, at, bound))
    const last = before(end)
    let sum = 0
    for (let at = before(start) + 1; at <= last; at++) sum += of(at)
    return sum
  }

  #mayHold(prefix: Uint8Array): boolean {
    const { blocks } = this.#table.footer
    // The first entry of a row is above its prefix: it may begin the next block.
    const before = this.#table.blockBefore(prefix)
    const next = blocks.firstKey(before + 1)
    if (next !== undefined && startsWith(next, prefix)) return true
    if (before < 0) return false
    const filter = this.#table.filterOf(before)
    return filter === undefined || mayContain(this.#filter(filter), rowHash(prefix, prefix.length))
  }

  #filter(index: number): Uint8Array {
    const cached = this.#filters.get(index)
    if (cached !== undefined) return cached
    const { name, footer } = this.#table
    const info = footer.filters[index]
    if (info === undefined) throw corrupt(name, `it has no filter ${index}`)
    const filter = this.#readSync(name, info.offsetBytes, info.storedBytes)
    this.#table.checkFilter(filter, index)
    this.#filters.set(index, filter)
    return filter
  }

  #raw(index: number): Uint8Array {
    const { name } = this.#table
    const cached = this.#cache.get(name, index)
    if (cached !== undefined) return cached
    const raw = this.#table.inflate(this.#stored(index), index)
    this.#cache.add(name, index, raw)
    return raw
  }

  /** Nobody comes back for a block that is used in whole: it would only grow old in memory. */
  #rawOnce(index: number): Uint8Array {
    const cached = this.#cache.take(this.#table.name, index)
    return cached ?? this.#table.inflate(this.#stored(index), index)
  }

  #stored(index: number): Uint8Array {
    const { offsetBytes, storedBytes } = this.#table.block(index)
    return this.#readSync(this.#table.name, offsetBytes, storedBytes)
  }
}

/** Positive from `bound` on: for the last block that begins below it. */
function below(blocks: BlockIndex, at: number, bound: Uint8Array): number {
  return blocks.compareFirstKey(at, bound) < 0 ? -1 : 1
}

/** Whether a key is the first that there can be of a row, but for a tombstone of the whole row. */
function beginsRow(key: Uint8Array, prefix: Uint8Array): boolean {
  return (
    startsWith(key, prefix) &&
    isRowKey(key) &&
    rowPrefixLength(key) === prefix.length &&
    isScalarKey(key, prefix.length)
  )
}
