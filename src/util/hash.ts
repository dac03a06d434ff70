/**
 * Hashes. `fnv1a…` gives the route hash of a key (32 bits, from its canonical bytes); `murmurHash`
 * is bit for bit the one Apache Flink spreads key hashes with (MurmurHash3 of one 32-bit word,
 * Austin Appleby, made non-negative), so that Flink and Millrace agree on key groups.
 */

export const FNV_OFFSET = 0x811c9dc5 | 0
export const FNV_PRIME = 0x01000193

/** FNV-1a of `bytes[start, end)` as an int32, continuing from `seed`. */
export function fnv1aBytes(
  bytes: Uint8Array,
  start: number,
  end: number,
  seed = FNV_OFFSET,
): number {
  let hash = seed
  for (let index = start; index < end; index++) {
    hash = Math.imul(hash ^ (bytes[index] as number), FNV_PRIME)
  }
  return hash
}

/** FNV-1a of the UTF-16 code units' low bytes; for names, not for keys. */
export function fnv1aString(text: string, seed = FNV_OFFSET): number {
  let hash = seed
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ (text.charCodeAt(index) & 0xff), FNV_PRIME)
    hash = Math.imul(hash ^ (text.charCodeAt(index) >>> 8), FNV_PRIME)
  }
  return hash
}

/** Flink's murmur of one int32: a non-negative int32. */
export function murmurHash(code: number): number {
  let hash = Math.imul(code, 0xcc9e2d51)
  hash = (hash << 15) | (hash >>> 17)
  hash = Math.imul(hash, 0x1b873593)
  hash = (hash << 13) | (hash >>> 19)
  hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  hash ^= 4
  hash ^= hash >>> 16
  hash = Math.imul(hash, 0x85ebca6b)
  hash ^= hash >>> 13
  hash = Math.imul(hash, 0xc2b2ae35)
  hash ^= hash >>> 16
  // The absolute value, and 0 for the one that has none; a branch would be foretold wrongly each
  // second time.
  const sign = hash >> 31
  return ((hash ^ sign) - sign) & 0x7fffffff
}
