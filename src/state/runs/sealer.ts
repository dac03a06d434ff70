/**
 * How the blocks of a run become what is stored: compressed where that makes them smaller, with a
 * checksum and, in runs of jobs that sign, a hash. That takes more time than encoding what is in
 * them, so a host may bring along a sealer that does it elsewhere.
 */
import { hash } from 'node:crypto'
import { constants, crc32, zstdCompressSync } from 'node:zlib'
import { CODEC_NONE, CODEC_ZSTD } from './block-index.ts'

/** A window as long as a block: tables that are larger only take longer to clear. */
const ZSTD_PARAMETERS = {
  [constants.ZSTD_c_compressionLevel]: 1,
  [constants.ZSTD_c_windowLog]: 15,
}

export interface SealOptions {
  readonly compresses: boolean
  readonly hashes: boolean
}

export interface Sealed {
  readonly stored: Uint8Array
  readonly codec: number
  readonly checksum: number
  readonly hash?: Uint8Array
}

/** Seals elsewhere: in another thread, while this one goes on with its records. */
export interface BlockSealer {
  /** So much of each run is sealed where it is written: for less it is not worth it. */
  readonly fromBytes: number
  /** Blocks are handed over when there are so many bytes of them. */
  readonly batchBytes: number
  /** Batches of the usual size that nobody looks at any more: their memory serves the next run. */
  readonly spare: SealBatch[]
  /**
   * Gives for each block what `seal` gives; it lies in the batch until that is reset. Nothing is
   * added to the batch meanwhile.
   */
  seal(batch: SealBatch, options: SealOptions): Promise<readonly Sealed[]>
}

/**
 * Blocks that are sealed together, in memory that threads share: for megabytes a second, copies
 * from thread to thread cost more than the blocks did. What is stored of a block is written beside
 * it, not over it: should the thread end halfway, the block is still there.
 */
export class SealBatch {
  /** Of each block, one behind the other. */
  readonly lengths: number[] = []
  readonly shared: SharedArrayBuffer
  readonly #blocks: Uint8Array
  readonly #stored: Uint8Array
  #length = 0

  /** Room for so many bytes of blocks. */
  constructor(bytes: number, shared = new SharedArrayBuffer(2 * bytes)) {
    this.shared = shared
    this.#blocks = new Uint8Array(shared, 0, bytes)
    this.#stored = new Uint8Array(shared, bytes, bytes)
  }

  /** The same blocks, in another thread. */
  static of(shared: SharedArrayBuffer, lengths: readonly number[]): SealBatch {
    const batch = new SealBatch(shared.byteLength / 2, shared)
    for (const length of lengths) batch.#add(length)
    return batch
  }

  get bytes(): number {
    return this.#length
  }

  get capacityBytes(): number {
    return this.#blocks.length
  }

  /** Copies a block to the others; false if there is no room for it. */
  add(block: Uint8Array): boolean {
    if (this.#length + block.length > this.#blocks.length) return false
    this.#blocks.set(block, this.#length)
    this.#add(block.length)
    return true
  }

  reset(): void {
    this.lengths.length = 0
    this.#length = 0
  }

  /** Seals all blocks; what is stored is copied, so that the other thread has it, too. */
  seal(options: SealOptions): readonly Sealed[] {
    let start = 0
    return this.lengths.map((length) => {
      const block = this.#blocks.subarray(start, start + length)
      const sealed = seal(block, options)
      if (sealed.stored !== block) this.#stored.set(sealed.stored, start)
      start += length
      return sealed
    })
  }

  /** Seals all blocks for another thread, which makes the same of it by `sealed`. */
  sealForOthers(options: SealOptions): readonly SealedElsewhere[] {
    return this.seal(options).map(({ stored, ...sealed }) => {
      return { ...sealed, storedBytes: stored.length }
    })
  }

  /** What another thread has sealed, of which it told the lengths. */
  sealed(told: readonly SealedElsewhere[]): readonly Sealed[] {
    let start = 0
    return told.map(({ storedBytes, ...sealed }, index) => {
      const from = sealed.codec === CODEC_NONE ? this.#blocks : this.#stored
      const stored = from.subarray(start, start + storedBytes)
      start += this.lengths[index] as number // as many as there are blocks
      return { ...sealed, stored }
    })
  }

  #add(length: number): void {
    this.lengths.push(length)
    this.#length += length
  }
}

/** A sealed block that lies in a batch. */
export interface SealedElsewhere extends Omit<Sealed, 'stored'> {
  readonly storedBytes: number
}

/** Of a block, its `stored` may be the block itself. */
export function seal(block: Uint8Array, { compresses, hashes }: SealOptions): Sealed {
  const stored = compresses ? compressed(block) : block
  return {
    stored,
    codec: stored === block ? CODEC_NONE : CODEC_ZSTD,
    checksum: crc32(stored),
    ...(hashes ? { hash: hash('sha256', stored, 'buffer') } : {}),
  }
}

function compressed(block: Uint8Array): Uint8Array {
  const chunkSize = block.length + 1024
  const shorter = zstdCompressSync(block, { params: ZSTD_PARAMETERS, chunkSize })
  return shorter.length < block.length ? shorter : block
}
