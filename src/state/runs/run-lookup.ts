/**
 * Look-ups in one run while a record waits: synchronous reads of single blocks. Whatever is read is
 * verified as by `run-reader.ts`. A few unfolded blocks are kept, for what is asked next is often
 * near by.
 */
import type { ReadSync } from '../../storage/blob-store.ts'
import type { Entry } from '../backend.ts'
import type { RunReference } from '../snapshot.ts'
import type { BlockTable } from './block-table.ts'
import { findInBlock } from './block.ts'
import { corrupt } from './damage.ts'
import { compareBytes, keyGroupOfKey, operatorOfKey, startsWith } from './entry.ts'
import { mayContain, rowHash } from './filter.ts'
import type { RunReader } from './run-reader.ts'
import { clip, lastAtMost, remember } from './search.ts'
import type { EntryBatch } from './stream.ts'

const CACHED_BLOCKS = 16
const CACHED_BLOCK_BYTES_MAX = 1 << 18

export class RunLookup {
  readonly #table: BlockTable
  readonly #reference: RunReference
  readonly #readSync: ReadSync
  /** Most recently used last. */
  readonly #blocks = new Map<number, EntryBatch>()
  /** The same, not unfolded: those of single entries. */
  readonly #rawBlocks = new Map<number, Uint8Array>()
  readonly #filters = new Map<number, Uint8Array>()

  constructor({ reference, table }: RunReader, readSync: ReadSync) {
    this.#reference = reference
    this.#table = table
    this.#readSync = readSync
  }

  /** Whether entries of this key group and operator count. */
  covers(key: Uint8Array): boolean {
    const { keyGroups, operators } = this.#reference
    const keyGroup = keyGroupOfKey(key)
    if (keyGroup < keyGroups.start || keyGroup > keyGroups.end) return false
    return operators === undefined || operators.includes(operatorOfKey(key))
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
    const found: Entry[] = []
    for (const entry of this.from(prefix)) {
      if (!startsWith(entry.key, prefix)) break
      found.push(entry)
    }
    return found
  }

  /** The entries from key `start` on. */
  *from(start: Uint8Array): Generator<Entry> {
    const first = Math.max(0, this.#table.blockBefore(start))
    for (let index = first; index < this.#table.footer.blocks.length; index++) {
      const entries = this.#entries(index)
      let at = 0
      if (index === first) {
        at = 1 + lastAtMost(entries.length, (probe) => below(entries[probe]?.key, start))
      }
      for (; at < entries.length; at++) yield entries[at] as Entry // below its length
    }
  }

  /** The entries from key `start` to below `end`, block by block. */
  *between(start: Uint8Array, end: Uint8Array): Generator<EntryBatch> {
    const { blocks } = this.#table.footer
    const beyond = (key: Uint8Array): boolean => compareBytes(key, end) >= 0
    for (let index = Math.max(0, this.#table.blockBefore(start)); index < blocks.length; index++) {
      if (beyond(this.#table.block(index).firstKey)) return
      const entries = this.#entries(index)
      const clipped = clip(entries, start, beyond)
      if (clipped.length > 0) yield clipped
      // Nobody comes back for a block that was used in whole: it would only grow old in memory.
      if (clipped === entries) this.#blocks.delete(index)
    }
  }

  /** The operators of which entries of a key group count. */
  *operatorsOf(keyGroup: number): Generator<number> {
    const probe = new Uint8Array([keyGroup >>> 8, keyGroup & 0xff, 0, 0])
    for (;;) {
      const [first] = this.from(probe).take(1)
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
    const from = lastAtMost(blocks.length, (at) => below(blocks[at]?.firstKey, start))
    const to = lastAtMost(blocks.length, (at) => below(blocks[at]?.firstKey, end))
    let bytes = 0
    for (let index = from + 1; index <= to; index++) bytes += blocks[index]?.storedBytes ?? 0
    return bytes
  }

  #mayHold(prefix: Uint8Array): boolean {
    const { blocks } = this.#table.footer
    // The first entry of a row is above its prefix: it may begin the next block.
    const before = this.#table.blockBefore(prefix)
    const next = blocks[before + 1]
    if (next !== undefined && startsWith(next.firstKey, prefix)) return true
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

  #entries(index: number): EntryBatch {
    const cached = this.#blocks.get(index)
    if (cached !== undefined) {
      this.#blocks.delete(index)
      this.#blocks.set(index, cached)
      return cached
    }
    const entries = this.#table.unfold(this.#stored(index), index)
    if (this.#isSmall(index)) remember(this.#blocks, CACHED_BLOCKS, index, entries)
    return entries
  }

  #raw(index: number): Uint8Array {
    const cached = this.#rawBlocks.get(index)
    if (cached !== undefined) return cached
    const raw = this.#table.inflate(this.#stored(index), index)
    if (this.#isSmall(index)) remember(this.#rawBlocks, CACHED_BLOCKS, index, raw)
    return raw
  }

  #stored(index: number): Uint8Array {
    const { offsetBytes, storedBytes } = this.#table.block(index)
    return this.#readSync(this.#table.name, offsetBytes, storedBytes)
  }

  #isSmall(index: number): boolean {
    return this.#table.block(index).rawBytes <= CACHED_BLOCK_BYTES_MAX
  }
}

/** Positive from `bound` on: for the last one below it. */
function below(key: Uint8Array | undefined, bound: Uint8Array): number {
  return key !== undefined && compareBytes(key, bound) < 0 ? -1 : 1
}
