/**
 * Checksums of a blob by chunks of equal length, so that any range of a copy can be verified
 * without reading all of it. Kept as a small blob beside the copy.
 */
import { crc32 } from 'node:zlib'
import { isMillraceError } from '../errors.ts'
import { ByteReader, ByteWriter } from '../util/bytes.ts'

export const CHUNK_BYTES = 64 * 1024

export interface CopySums {
  readonly lengthBytes: number
  /** CRC-32 of each chunk; the last one may be shorter. */
  readonly chunks: readonly number[]
}

/** Sums up what is written piece by piece. */
export class Summing {
  readonly #chunks: number[] = []
  #lengthBytes = 0
  #current = 0

  add(bytes: Uint8Array): void {
    for (let from = 0; from < bytes.length;) {
      const room = CHUNK_BYTES - (this.#lengthBytes % CHUNK_BYTES)
      const to = Math.min(bytes.length, from + room)
      this.#current = crc32(bytes.subarray(from, to), this.#current)
      this.#lengthBytes += to - from
      from = to
      if (this.#lengthBytes % CHUNK_BYTES > 0) continue
      this.#chunks.push(this.#current)
      this.#current = 0
    }
  }

  get lengthBytes(): number {
    return this.#lengthBytes
  }

  get sums(): CopySums {
    const isWhole = this.#lengthBytes % CHUNK_BYTES === 0
    const chunks = isWhole ? [...this.#chunks] : [...this.#chunks, this.#current]
    return { lengthBytes: this.#lengthBytes, chunks }
  }
}

/** The range of whole chunks around a range. */
export function wholeChunks(
  { lengthBytes }: CopySums,
  start: number,
  end: number,
): { readonly start: number; readonly end: number } {
  return {
    start: start - (start % CHUNK_BYTES),
    end: Math.min(lengthBytes, Math.ceil(end / CHUNK_BYTES) * CHUNK_BYTES),
  }
}

/** True if these are the bytes of the chunks from `start` on, which is where a chunk begins. */
export function areSound({ chunks }: CopySums, start: number, bytes: Uint8Array): boolean {
  for (let from = 0; from < bytes.length; from += CHUNK_BYTES) {
    const chunk = bytes.subarray(from, from + CHUNK_BYTES)
    if (crc32(chunk) !== chunks[(start + from) / CHUNK_BYTES]) return false
  }
  return true
}

export function encodeSums({ lengthBytes, chunks }: CopySums): Uint8Array {
  const out = new ByteWriter()
  out.varuint(lengthBytes)
  for (const chunk of chunks) out.uint32LE(chunk)
  out.uint32LE(crc32(out.view()))
  return out.copy()
}

/** Undefined if these are not the bytes that were encoded. */
export function decodeSums(bytes: Uint8Array): CopySums | undefined {
  const end = bytes.length - 4
  if (end < 1) return undefined
  if (new ByteReader(bytes, end).uint32LE() !== crc32(bytes.subarray(0, end))) return undefined
  const input = new ByteReader(bytes, 0, end)
  try {
    const lengthBytes = input.varuint()
    const count = Math.ceil(lengthBytes / CHUNK_BYTES)
    if (count * 4 !== input.remaining) return undefined
    return { lengthBytes, chunks: Array.from({ length: count }, () => input.uint32LE()) }
  } catch (error) {
    if (isMillraceError(error) && error.code === 'STORAGE_CORRUPT') return undefined
    throw error
  }
}
