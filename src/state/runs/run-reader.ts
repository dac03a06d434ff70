/**
 * Reads a run and trusts nothing: trailer and footer are verified at open against the reference,
 * each block and filter when it is read. Damage is `STORAGE_CORRUPT` with file, block and offset.
 * Memory is bounded whatever the file says: the footer, a few blocks, and about 1 MiB at a time, of
 * a store far away 12 MiB.
 */
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import type { BlobStore } from '../../storage/blob-store.ts'
import { assert } from '../../util/assert.ts'
import type { Entry } from '../backend.ts'
import type { KeyGroupRange } from '../key-groups.ts'
import type { RunReference } from '../snapshot.ts'
import { findInBlock } from './block.ts'
import { BlockTable } from './block-table.ts'
import { corrupt, located, readExactly } from './damage.ts'
import { compareBytes, startsWith } from './entry.ts'
import { isRowKey, rowPrefixLength } from './entry-key.ts'
import { mayContain, rowHash } from './filter.ts'
import { readFooter, type RunFooter, type RunMetadata } from './run-format.ts'
import { readTrailer, TRAILER_BYTES } from './run-trailer.ts'
import { Pacer, type Slice } from './pace.ts'
import { readPieces } from './read-ahead.ts'
import { clip, keyGroupBound, remember } from './search.ts'
import { EntryBatches, type EntryBatch } from './stream.ts'

const TAIL_BYTES = 64 * 1024
/** What is read at once where an answer comes as from a disk, and where it takes its time. */
const NEAR_GROUP_BYTES = 1 << 20
const FAR_GROUP_BYTES = 1 << 22
/** So many of them are on their way while one is worked on. */
const FAR_AHEAD = 2
const CACHED_BLOCKS = 32
const CACHED_BLOCK_BYTES_MAX = 1 << 18
const CACHED_FILTERS = 256

/** Blocks that lie side by side. */
interface Group {
  readonly index: number
  readonly end: number
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export class RunReader {
  readonly reference: RunReference
  /** What it holds where. */
  readonly table: BlockTable
  readonly #store: BlobStore
  readonly #footer: RunFooter
  /** Most recently used last. */
  readonly #blockCache = new Map<number, Uint8Array>()
  readonly #filterCache = new Map<number, Uint8Array>()

  private constructor(store: BlobStore, reference: RunReference, footer: RunFooter) {
    this.#store = store
    this.reference = reference
    this.#footer = footer
    this.table = new BlockTable(reference.name, footer)
  }

  /**
   * Verifies length, trailer and footer of the run. Throws `STORAGE_CORRUPT`, or
   * `STORAGE_NOT_FOUND` if there is no such file.
   */
  static async open(store: BlobStore, reference: RunReference): Promise<RunReader> {
    const { name } = reference
    const { bytes, offset } = await footerOf(store, reference)
    try {
      const footer = readFooter(bytes, offset)
      if (footer.entries !== reference.entries)
        throw corrupt(name, 'its number of entries is wrong')
      return new RunReader(store, reference, footer)
    } catch (error) {
      throw located(error, name)
    }
  }

  /**
   * Proves that the run is there, as long as the reference says and with the footer that it means.
   * Throws as `open` does; what is in the footer is not looked at.
   */
  static async check(store: BlobStore, reference: RunReference): Promise<void> {
    await footerOf(store, reference)
  }

  get metadata(): RunMetadata {
    return this.#footer.metadata
  }

  get entries(): number {
    return this.#footer.entries
  }

  get blocks(): number {
    return this.#footer.blocks.length
  }

  /** Undefined beyond the last block. */
  firstKeyOf(block: number): Uint8Array | undefined {
    return this.#footer.blocks.firstKey(block)
  }

  /** Keys of all range tombstones of this run, ascending. */
  get rangeTombstones(): readonly Uint8Array[] {
    return this.#footer.rangeTombstones
  }

  /** The lowest and the highest key, unless the run is empty. */
  get bounds(): { readonly first: Uint8Array; readonly last: Uint8Array } | undefined {
    const first = this.#footer.blocks.firstKey(0)
    return first === undefined ? undefined : { first, last: this.#footer.lastKey }
  }

  /**
   * The entries of some key groups (default: all there are), from key `from` on. The reference's
   * own range is not applied here.
   */
  scan(keyGroups?: KeyGroupRange, from?: Uint8Array): EntryBatches {
    const lowest = keyGroups === undefined ? undefined : keyGroupBound(keyGroups.start)
    const end = keyGroups === undefined ? undefined : keyGroupBound(keyGroups.end + 1)
    const start =
      from === undefined || (lowest !== undefined && compareBytes(lowest, from) > 0) ? lowest : from
    const beyond = (key: Uint8Array) => end !== undefined && compareBytes(key, end) >= 0
    return new EntryBatches(() => this.#scan(start, beyond))
  }

  /** The entries whose key starts with `prefix`. */
  prefix(prefix: Uint8Array): EntryBatches {
    const beyond = (key: Uint8Array) => !startsWith(key, prefix) && compareBytes(key, prefix) > 0
    return new EntryBatches(() => this.#scan(prefix, beyond))
  }

  /** The value of an entry, its header included. A view: copy what is kept. */
  async get(key: Uint8Array): Promise<Uint8Array | undefined> {
    const index = this.table.blockBefore(key)
    if (index < 0) return undefined
    if (isRowKey(key) && !(await this.#mayHold(key, index))) return undefined
    return findInBlock(await this.#cachedBlock(index), key)
  }

  /** Whether a range tombstone of this run deletes `key` in older runs. */
  deletesOlder(key: Uint8Array): boolean {
    return this.table.deletesOlder(key)
  }

  /**
   * Reads and verifies every block and filter, giving way as `slice` says. Throws
   * `STORAGE_CORRUPT` at the first damage.
   */
  async verify(slice?: Slice): Promise<void> {
    const pacer = slice === undefined ? undefined : new Pacer(slice)
    const { lastKey, filters } = this.#footer
    let last: Uint8Array | undefined
    for await (const batch of this.scan().batches()) {
      for (const { key } of batch) {
        if (last !== undefined && compareBytes(last, key) >= 0) {
          throw corrupt(this.reference.name, 'its keys are not in order')
        }
        last = key
      }
      await pacer?.look()
    }
    if (compareBytes(last ?? new Uint8Array(0), lastKey) !== 0) {
      throw corrupt(this.reference.name, 'its last key is not the one its footer names')
    }
    for (let index = 0; index < filters.length; index++) await this.#filter(index)
  }

  async *#scan(
    start: Uint8Array | undefined,
    beyond: (key: Uint8Array) => boolean,
  ): AsyncGenerator<EntryBatch> {
    const from = start === undefined ? 0 : Math.max(0, this.table.blockBefore(start))
    const isNear = this.#store.readSync !== undefined
    const groups = this.#groups(from, beyond, isNear ? NEAR_GROUP_BYTES : FAR_GROUP_BYTES)
    const read = ({ index, offsetBytes, lengthBytes }: Group): Promise<Uint8Array> =>
      this.#read(offsetBytes, lengthBytes, index)
    for await (const [group, bytes] of readPieces(groups, read, isNear ? 0 : FAR_AHEAD)) {
      for (let { index } = group; index < group.end; index++) {
        const { offsetBytes, storedBytes } = this.table.block(index)
        const offset = offsetBytes - group.offsetBytes
        const batch = this.table.unfold(bytes.subarray(offset, offset + storedBytes), index)
        const clipped = clip(batch, start, beyond)
        if (clipped.length > 0) yield clipped
        if (batch.length > 0 && beyond((batch.at(-1) as Entry).key)) return
      }
    }
  }

  /** Blocks to be read at once, from `from` on; none that begins beyond. */
  *#groups(from: number, beyond: (key: Uint8Array) => boolean, bytesMax: number): Generator<Group> {
    const { blocks } = this.#footer
    for (let index = from, end = from; index < blocks.length; index = end) {
      end = this.#groupEnd(index, beyond, bytesMax)
      if (end === index) return // what comes next begins beyond
      const first = blocks.info(index)
      const last = blocks.info(end - 1)
      if (first === undefined || last === undefined) return
      const { offsetBytes } = first
      // What lies between them is read with them.
      const lengthBytes = last.offsetBytes + last.storedBytes - offsetBytes
      yield { index, end, offsetBytes, lengthBytes }
    }
  }

  /** The end of the blocks to be read at once. */
  #groupEnd(index: number, beyond: (key: Uint8Array) => boolean, bytesMax: number): number {
    const { blocks } = this.#footer
    let end = index
    let bytes = 0
    for (;;) {
      const firstKey = blocks.firstKey(end)
      if (firstKey === undefined || beyond(firstKey)) return end
      bytes += blocks.storedBytes(end)
      if (end > index && bytes > bytesMax) return end
      end++
    }
  }

  async #mayHold(key: Uint8Array, block: number): Promise<boolean> {
    const filter = this.table.filterOf(block)
    if (filter === undefined) return true
    return mayContain(await this.#filter(filter), rowHash(key, rowPrefixLength(key)))
  }

  async #filter(index: number): Promise<Uint8Array> {
    const cached = this.#filterCache.get(index)
    if (cached !== undefined) return cached
    const info = this.#footer.filters[index]
    assert(info !== undefined, `filter ${index}`)
    const { name } = this.reference
    const filter = await readExactly(this.#store, name, info.offsetBytes, info.storedBytes)
    this.table.checkFilter(filter, index)
    remember(this.#filterCache, CACHED_FILTERS, index, filter)
    return filter
  }

  async #cachedBlock(index: number): Promise<Uint8Array> {
    const cached = this.#blockCache.get(index)
    if (cached !== undefined) {
      this.#blockCache.delete(index)
      this.#blockCache.set(index, cached)
      return cached
    }
    const block = this.table.block(index)
    const stored = await this.#read(block.offsetBytes, block.storedBytes, index)
    const raw = this.table.inflate(stored, index)
    if (raw.length <= CACHED_BLOCK_BYTES_MAX) remember(this.#blockCache, CACHED_BLOCKS, index, raw)
    return raw
  }

  #read(offsetBytes: number, lengthBytes: number, block: number): Promise<Uint8Array> {
    return readExactly(this.#store, this.reference.name, offsetBytes, lengthBytes, block)
  }
}

/** The footer, by its checksum the one that is meant, and where it begins. */
async function footerOf(
  store: BlobStore,
  reference: RunReference,
): Promise<{ readonly bytes: Uint8Array; readonly offset: number }> {
  const { name, lengthBytes } = reference
  const found = (await store.stat(name)).lengthBytes
  if (found !== lengthBytes || found < TRAILER_BYTES) {
    throw corrupt(name, `it has ${found} bytes and should have ${lengthBytes}`)
  }
  try {
    const tailBytes = Math.min(TAIL_BYTES, found)
    const tail = await readExactly(store, name, found - tailBytes, tailBytes)
    const trailer = readTrailer(tail.subarray(tailBytes - TRAILER_BYTES), found)
    const { footerOffset: offset, footerBytes, footerChecksum } = trailer
    const tailOffset = found - tailBytes
    const bytes =
      offset >= tailOffset
        ? tail.subarray(offset - tailOffset, tailBytes - TRAILER_BYTES)
        : await readExactly(store, name, offset, footerBytes)
    if (crc32(bytes) !== footerChecksum) throw corrupt(name, 'the checksum of its footer is wrong')
    if (footerChecksum !== reference.footerChecksum || !isMeant(bytes, reference)) {
      throw corrupt(name, 'it is another file than the manifest means')
    }
    return { bytes, offset }
  } catch (error) {
    throw located(error, name)
  }
}

/** Whether a footer is the one that a signed manifest names. */
function isMeant(footer: Uint8Array, { footerHash }: RunReference): boolean {
  return footerHash === undefined || hash('sha256', footer, 'hex') === footerHash
}
