/**
 * How the blocks of a run become what is stored: compressed where that makes them smaller, with a
 * checksum and, in runs of jobs that sign, a hash. That takes more time than encoding what is in
 * them, so a host may bring along a sealer that does it elsewhere.
 */
import { hash } from 'node:crypto'
import { constants, crc32, zstdCompressSync } from 'node:zlib'
import { CODEC_NONE, CODEC_ZSTD } from './run-format.ts'

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
  /** Gives for each block what `seal` gives. The blocks stay the caller's and do not change. */
  seal(blocks: readonly Uint8Array[], options: SealOptions): Promise<readonly Sealed[]>
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
