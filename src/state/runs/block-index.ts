/**
 * What the footer of a run says of its blocks, in one table of numbers: a run of ten million rows
 * has tens of thousands of blocks, and a job that restores waits for all of them. As an object and
 * a view for each they took four times as long to read (measured), half of it to collect others.
 */
import type { Buffer } from 'node:buffer'
import { required } from '../../util/assert.ts'
import type { ByteReader } from '../../util/bytes.ts'
import { BLOCK_KEY_BYTES_MAX, BLOCK_RAW_BYTES_MAX } from './block.ts'
import { damagedFooter as damaged } from './damage.ts'
import { KEY_BYTES_MAX } from './entry.ts'

export const CODEC_NONE = 0
export const CODEC_ZSTD = 1

export interface BlockInfo {
  readonly firstKey: Uint8Array
  readonly offsetBytes: number
  readonly storedBytes: number
  readonly rawBytes: number
  readonly codec: number
  readonly entries: number
  /** Summed length of the block's keys when unfolded. */
  readonly keyBytes: number
  /** CRC-32 of the stored bytes. */
  readonly checksum: number
  /** SHA-256 of the stored bytes; absent in runs of jobs that do not sign. */
  readonly hash?: Uint8Array
}

/** Five lengths, a codec and a checksum. */
const BLOCK_INFO_BYTES_MIN = 10
const CHECKSUM_BYTES = 4

/** The columns of the table. */
const COLUMNS = 8
const KEY_START = 0
const KEY_LENGTH = 1
const OFFSET = 2
const STORED = 3
const RAW = 4
const ENTRIES = 5
const KEY_BYTES = 6
const CHECKSUM = 7

export class BlockIndex {
  readonly length: number
  /** The footer, in which the keys and hashes are. */
  readonly #bytes: Buffer
  readonly #cells: Float64Array
  #hashesStart = -1
  #hashBytes = 0
  /** Whoever asks for a block asks again soon. */
  #newest: BlockInfo | undefined
  #newestAt = -1

  private constructor(bytes: Buffer, length: number) {
    this.#bytes = bytes
    this.length = length
    this.#cells = new Float64Array(length * COLUMNS)
  }

  /** Reads what the footer says of so many blocks; where they begin is not known yet. */
  static read(input: ByteReader, count: number): BlockIndex {
    if (count > input.remaining / BLOCK_INFO_BYTES_MIN) throw damaged('it has too many blocks')
    const index = new BlockIndex(input.bytes, count)
    const cells = index.#cells
    const scanner = new Scanner(input)
    for (let at = 0; at < cells.length; at += COLUMNS) readBlock(scanner, cells, at)
    input.raw(scanner.at - input.position)
    return index
  }

  /** @param start of the hash of the first block, in the footer; those of the others follow. */
  setHashes(start: number, hashBytes: number): void {
    this.#hashesStart = start
    this.#hashBytes = hashBytes
  }

  place(at: number, offsetBytes: number): void {
    this.#cells[at * COLUMNS + OFFSET] = offsetBytes
  }

  /** Undefined beyond the last block. */
  info(at: number): BlockInfo | undefined {
    if (at === this.#newestAt) return this.#newest
    if (!(at >= 0 && at < this.length)) return undefined
    const storedBytes = this.storedBytes(at)
    const rawBytes = this.rawBytes(at)
    const info = {
      firstKey: this.#key(at),
      offsetBytes: this.#cell(at, OFFSET),
      storedBytes,
      rawBytes,
      codec: storedBytes === rawBytes ? CODEC_NONE : CODEC_ZSTD,
      entries: this.entries(at),
      keyBytes: this.#cell(at, KEY_BYTES),
      checksum: this.#cell(at, CHECKSUM),
    }
    this.#newestAt = at
    this.#newest = this.#hashesStart < 0 ? info : { ...info, hash: this.#hash(at) }
    return this.#newest
  }

  *[Symbol.iterator](): Generator<BlockInfo> {
    for (let at = 0; at < this.length; at++) yield required(this.info(at), 'a block of the run')
  }

  /** Undefined beyond the last block. */
  firstKey(at: number): Uint8Array | undefined {
    return at >= 0 && at < this.length ? this.#key(at) : undefined
  }

  /** How the first key of a block that is there stands to another: below 0, 0, or above. */
  compareFirstKey(at: number, key: Uint8Array): number {
    const start = this.#cell(at, KEY_START)
    const length = this.#cell(at, KEY_LENGTH)
    const bytes = this.#bytes
    const limit = Math.min(length, key.length)
    for (let index = 0; index < limit; index++) {
      const difference = (bytes[start + index] as number) - (key[index] as number) // below limit
      if (difference !== 0) return difference
    }
    return length - key.length
  }

  storedBytes(at: number): number {
    return this.#cell(at, STORED)
  }

  entries(at: number): number {
    return this.#cell(at, ENTRIES)
  }

  rawBytes(at: number): number {
    return this.#cell(at, RAW)
  }

  #key(at: number): Uint8Array {
    const start = this.#cell(at, KEY_START)
    return new Uint8Array(
      this.#bytes.buffer,
      this.#bytes.byteOffset + start,
      this.#cell(at, KEY_LENGTH),
    )
  }

  #hash(at: number): Uint8Array {
    const start = this.#hashesStart + at * this.#hashBytes
    return this.#bytes.subarray(start, start + this.#hashBytes)
  }

  /** Of a block that is there. */
  #cell(at: number, column: number): number {
    return this.#cells[at * COLUMNS + column] as number
  }
}

/**
 * Reads numbers without a look at each byte whether it is there: whoever reads asks at the end, and
 * until then there are zeros. In a thread that begins nothing is compiled, and each call counts.
 */
class Scanner {
  readonly bytes: Buffer
  readonly #input: ByteReader
  at: number

  constructor(input: ByteReader) {
    this.#input = input
    this.bytes = input.bytes
    this.at = input.position
  }

  varuint(): number {
    const { bytes, at } = this
    const first = bytes[at] ?? 0
    const second = bytes[at + 1] ?? 0
    if (first < 0x80 || second < 0x80) {
      this.at = first < 0x80 ? at + 1 : at + 2
      return first < 0x80 ? first : (first & 0x7f) | (second << 7)
    }
    this.#input.position = at
    const value = this.#input.varuint()
    this.at = this.#input.position
    return value
  }
}

function readBlock(from: Scanner, cells: Float64Array, at: number): void {
  const keyLength = from.varuint()
  if (keyLength > KEY_BYTES_MAX) throw damaged('a key is too long')
  cells[at + KEY_START] = from.at
  cells[at + KEY_LENGTH] = keyLength
  from.at += keyLength
  const storedBytes = from.varuint()
  const rawBytes = from.varuint()
  const codec = from.varuint()
  cells[at + STORED] = storedBytes
  cells[at + RAW] = rawBytes
  cells[at + ENTRIES] = from.varuint()
  const keyBytes = from.varuint()
  cells[at + KEY_BYTES] = keyBytes
  const { bytes, at: checksum } = from
  from.at += CHECKSUM_BYTES
  let value = 0
  for (let byte = checksum; byte < from.at; byte++) value = (value << 8) | (bytes[byte] ?? 0)
  cells[at + CHECKSUM] = value >>> 0
  if (rawBytes > BLOCK_RAW_BYTES_MAX || keyBytes > BLOCK_KEY_BYTES_MAX)
    throw damaged('a block is too big')
  // A codec is a byte, and those that there are take one as a variable-length integer, too.
  if (codec !== CODEC_NONE && codec !== CODEC_ZSTD) throw damaged(`unknown codec ${codec}`)
  // So the codec follows from the lengths.
  const fits = codec === CODEC_NONE ? storedBytes === rawBytes : storedBytes < rawBytes
  if (!fits) throw damaged('the lengths of a block do not agree')
}
