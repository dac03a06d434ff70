/**
 * Bloom filters over rows: one per few thousand rows of a run, about 10 bits and 7 probes per row,
 * so that a look-up in many runs reads hardly any block in vain (1 % false positives). One 32-bit
 * hash per row; the probes are an arithmetic sequence from it. Hash and bit order are part of the
 * format.
 */
import { fnv1aBytes } from '../../util/hash.ts'

const BITS_PER_ROW = 10
const PROBES = 7
/** A filter is closed at the first block boundary after this many rows. */
export const FILTER_ROWS = 8192

/** The hash of a row prefix: `key[0, prefixBytes)`. */
export function rowHash(key: Uint8Array, prefixBytes: number): number {
  return scramble(fnv1aBytes(key, 0, prefixBytes))
}

/** MurmurHash3's finaliser (Austin Appleby): FNV alone leaves its low bits too regular. */
function scramble(seed: number): number {
  let hash = seed
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

/** Most runs are of the few rows that have changed since the last one. */
const FIRST_ROWS = 256

/** Collects the rows of one filter. */
export class FilterBuilder {
  #hashes = new Uint32Array(FIRST_ROWS)
  rows = 0

  add(hash: number): void {
    if (this.rows === this.#hashes.length) {
      const grown = new Uint32Array(this.rows * 2)
      grown.set(this.#hashes)
      this.#hashes = grown
    }
    this.#hashes[this.rows++] = hash
  }

  /** The filter's bytes; the builder is then empty. */
  build(): Uint8Array {
    const filter = new Uint8Array(Math.ceil((this.rows * BITS_PER_ROW) / 8))
    const bits = filter.length * 8
    for (let row = 0; row < this.rows; row++) {
      let probe = this.#hashes[row] as number
      const stride = scramble(probe) | 1
      for (let count = 0; count < PROBES; count++) {
        const bit = probe % bits
        filter[bit >>> 3] = (filter[bit >>> 3] as number) | (1 << (bit & 7))
        probe = (probe + stride) >>> 0
      }
    }
    this.rows = 0
    return filter
  }
}

/** False only if no row of that hash was added. */
export function mayContain(filter: Uint8Array, hash: number): boolean {
  const bits = filter.length * 8
  let probe = hash
  const stride = scramble(probe) | 1
  for (let count = 0; count < PROBES; count++) {
    const bit = probe % bits
    if (((filter[bit >>> 3] as number) & (1 << (bit & 7))) === 0) return false
    probe = (probe + stride) >>> 0
  }
  return true
}
