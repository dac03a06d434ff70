/**
 * Which keys may be in a remote store: all that were ever put, and a few more. What was never put
 * costs no request then, and most keys that a job sees for the first time were not. Bloom filters
 * in layers, each twice as large as the one before it; nothing is taken out again.
 */
import { fnv1aBytes, murmurHash } from '../../util/hash.ts'

const FIRST_KEYS = 4096
const BITS_PER_KEY = 10
const PROBES = 7

interface Layer {
  readonly words: Int32Array
  readonly mask: number
  readonly keysMax: number
  keys: number
}

export class WrittenKeys {
  #layers: Layer[] = [layerOf(FIRST_KEYS)]

  /** What all of it takes up. */
  get bytes(): number {
    return this.#layers.reduce((sum, { words }) => sum + words.byteLength, 0)
  }

  add(key: Uint8Array): void {
    const hash = fnv1aBytes(key, 0, key.length)
    let layer = this.#layers.at(-1) ?? layerOf(FIRST_KEYS)
    if (layer.keys === layer.keysMax) {
      layer = layerOf(layer.keysMax * 2)
      this.#layers.push(layer)
    }
    if (visit(layer, hash, true)) layer.keys++
  }

  has(key: Uint8Array): boolean {
    const hash = fnv1aBytes(key, 0, key.length)
    return this.#layers.some((layer) => !visit(layer, hash, false))
  }
}

/** True if a bit of it was not set; sets them if `sets` says so. */
function visit({ words, mask }: Layer, hash: number, sets: boolean): boolean {
  let probe = murmurHash(hash)
  const stride = murmurHash(probe) | 1
  let isNew = false
  for (let count = 0; count < PROBES; count++) {
    const bit = probe & mask
    const word = words[bit >>> 5] as number // within the mask
    if ((word & (1 << (bit & 31))) === 0) {
      if (!sets) return true
      words[bit >>> 5] = word | (1 << (bit & 31))
      isNew = true
    }
    probe = (probe + stride) | 0
  }
  return isNew
}

/** Rounded up to a power of two of bits. */
function layerOf(keysMax: number): Layer {
  const bits = 2 ** Math.ceil(Math.log2(keysMax * BITS_PER_KEY))
  return { words: new Int32Array(bits >>> 5), mask: bits - 1, keysMax, keys: 0 }
}
