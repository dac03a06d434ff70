/**
 * Strings of UTF-8 bytes, with the route hashes of the keys that they may be from the same bytes. A
 * dictionary of strings that were met before was measured at every size, and is slower than this:
 * a short string takes less time to make than a miss in the processor's caches.
 */
import '../util/buffer-natives.ts'
import { FNV_PRIME } from '../util/hash.ts'
import { foreseeHash, STRING_END, STRING_SEED } from './keys-hash.ts'

/** Longer strings are made, and hashed, no faster from here than by native code (measured). */
const SHORT_BYTES_MAX = 8

/** The string of the bytes, malformed ones as U+FFFD; `routeHash` of a short one may come next. */
export function textOf(bytes: Buffer, start: number, end: number): string {
  if (end - start > SHORT_BYTES_MAX) return bytes.utf8Slice(start, end)
  let hash = STRING_SEED
  let all = 0
  for (let at = start; at < end; at++) {
    const byte = bytes[at] as number // at < end
    hash = Math.imul(hash ^ byte, FNV_PRIME)
    all |= byte | (byte - 2)
  }
  // Others are escaped in keys, or are no characters by themselves: 0, 1, and from 0x80 on.
  if (all > 0x7f || all < 0) return bytes.utf8Slice(start, end)
  const text = shortText(bytes, start, end)
  foreseeHash(text, Math.imul(hash ^ STRING_END, FNV_PRIME))
  return text
}

/** Of ASCII. */
function shortText(bytes: Buffer, start: number, end: number): string {
  const of = (index: number): number => bytes[start + index] as number // below the end
  switch (end - start) {
    case 0:
      return ''
    case 1:
      return String.fromCharCode(of(0))
    case 2:
      return String.fromCharCode(of(0), of(1))
    case 3:
      return String.fromCharCode(of(0), of(1), of(2))
    case 4:
      return String.fromCharCode(of(0), of(1), of(2), of(3))
    case 5:
      return String.fromCharCode(of(0), of(1), of(2), of(3), of(4))
    case 6:
      return String.fromCharCode(of(0), of(1), of(2), of(3), of(4), of(5))
    case 7:
      return String.fromCharCode(of(0), of(1), of(2), of(3), of(4), of(5), of(6))
    default:
      return String.fromCharCode(of(0), of(1), of(2), of(3), of(4), of(5), of(6), of(7))
  }
}
