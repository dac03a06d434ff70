/**
 * What a run holds where, by its footer: which block a key would be in, which filter knows it, what
 * its range tombstones delete; and how stored blocks become entries. Everything that is verified of
 * a block or filter is verified here, for readers that wait for the storage and for those that do
 * not.
 */
import { hash } from 'node:crypto'
import { crc32, zstdDecompressSync } from 'node:zlib'
import { type MillraceError, messageOf } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import { decodeBlock, entriesBetween } from './block.ts'
import { type BlockInfo, CODEC_NONE } from './block-index.ts'
import { corrupt } from './damage.ts'
import { compareBytes, startsWith } from './entry.ts'
import type { EntryRange } from './entry-range.ts'
import type { RunFooter } from './run-format.ts'
import { lastAtMost } from './search.ts'

/** Blocks are smaller as a rule; what a footer says of their size is not taken for granted. */
const CHUNK_BYTES_MAX = 1 << 18

export class BlockTable {
  /** Of the file, for messages. */
  readonly name: string
  readonly footer: RunFooter

  constructor(name: string, footer: RunFooter) {
    this.name = name
    this.footer = footer
  }

  block(index: number): BlockInfo {
    const block = this.footer.blocks.info(index)
    assert(block !== undefined, `block ${index}`)
    return block
  }

  /** The last block whose first key is at most `key`, or -1. */
  blockBefore(key: Uint8Array): number {
    const { blocks } = this.footer
    return lastAtMost(blocks.length, (at) => blocks.compareFirstKey(at, key))
  }

  /** The filter over the rows of a block; undefined if there is none. */
  filterOf(block: number): number | undefined {
    const { filters } = this.footer
    const before = lastAtMost(filters.length, (at) => (filters[at]?.endBlock ?? 0) - block)
    return before + 1 < filters.length ? before + 1 : undefined
  }

  /** Whether a range tombstone of this run deletes `key` in older runs. */
  deletesOlder(key: Uint8Array): boolean {
    const tombstones = this.footer.rangeTombstones
    let probe = key
    for (;;) {
      const index = lastAtMost(tombstones.length, (at) =>
        compareBytes(tombstones[at] ?? probe, probe),
      )
      const nearest = tombstones[index]
      if (nearest === undefined) return false
      if (startsWith(key, nearest)) return true
      // Any other candidate is no longer than what the nearest has in common with the key.
      let common = 0
      while (common < nearest.length && nearest[common] === probe[common]) common++
      probe = probe.subarray(0, common)
    }
  }

  /** Throws `STORAGE_CORRUPT` unless these are the bytes of a filter. */
  checkFilter(filter: Uint8Array, index: number): void {
    const info = this.footer.filters[index]
    const isKnown = info !== undefined && filter.length > 0 && crc32(filter) === info.checksum
    if (isKnown && isBound(filter, info.hash)) return
    const why = `the ${isKnown ? 'hash' : 'checksum'} of a filter is wrong`
    throw corrupt(this.name, why, { offset: info?.offsetBytes })
  }

  /** The entries of a block as it is stored. Throws `STORAGE_CORRUPT`. */
  unfold(stored: Uint8Array, index: number): EntryRange[] {
    return this.decode(this.inflate(stored, index), index)
  }

  /** The entries of a block whose compression was undone. Throws `STORAGE_CORRUPT`. */
  decode(raw: Uint8Array, index: number): EntryRange[] {
    const { entries, keyBytes } = this.block(index)
    return this.#checked(index, () => decodeBlock(raw, entries, keyBytes))
  }

  /** Those of them from key `start` to below `end`, or to the block's end. */
  decodeBetween(
    raw: Uint8Array,
    index: number,
    start: Uint8Array,
    end: Uint8Array | undefined,
  ): EntryRange[] {
    const { keyBytes } = this.block(index)
    return this.#checked(index, () => entriesBetween(raw, keyBytes, start, end))
  }

  /** Verifies a block and undoes its compression. */
  inflate(stored: Uint8Array, index: number): Uint8Array {
    const block = this.block(index)
    if (crc32(stored) !== block.checksum) throw this.#damaged(index, 'its checksum is wrong')
    if (!isBound(stored, block.hash)) throw this.#damaged(index, 'its hash is wrong')
    if (block.codec === CODEC_NONE) return stored
    try {
      const raw = zstdDecompressSync(stored, {
        maxOutputLength: Math.max(1, block.rawBytes),
        // With room for one byte more all comes at once, and nothing is put together afterwards.
        chunkSize: Math.max(64, Math.min(CHUNK_BYTES_MAX, block.rawBytes + 1)),
      })
      if (raw.length !== block.rawBytes) throw new Error('its length is wrong')
      return raw
    } catch (cause) {
      throw this.#damaged(index, messageOf(cause), cause)
    }
  }

  #checked(index: number, decode: () => EntryRange[]): EntryRange[] {
    try {
      const entries = decode()
      if (entries.some(({ valueBytes }) => valueBytes === 0))
        throw new Error('a value has no header')
      return entries
    } catch (cause) {
      throw this.#damaged(index, messageOf(cause), cause)
    }
  }

  #damaged(index: number, why: string, cause?: unknown): MillraceError {
    const offset = this.footer.blocks.info(index)?.offsetBytes
    return corrupt(this.name, `block ${index}: ${why}`, { block: index, offset }, cause)
  }
}

/** Whether these are the bytes that a footer means, if it says so: a checksum anybody can match. */
function isBound(stored: Uint8Array, expected: Uint8Array | undefined): boolean {
  return expected === undefined || hash('sha256', stored, 'buffer').equals(expected)
}
