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
/** Longer strings that are cut from a piece keep all of it alive: the engine shares it. */
const CUT_BYTES_MAX = 12
/** Decoding a piece takes as long as ten cuts (measured). */
const PIECE_BYTES = 1024

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
  const ended = Math.imul(hash ^ STRING_END, FNV_PRIME)
  foreseeHash(text, ended)
  return text
}

/**
 * Makes strings of what follows each other closely in a buffer: cut from pieces, short ones take
 * two thirds of the time of `textOf` (measured).
 */
export class TextCutter {
  #bytes: Buffer | undefined
  #piece = ''
  #pieceStart = 0
  #pieceEnd = 0

  /**
   * The string of bytes from 2 to 0x7f, each a character; its route hash may come next.
   *
   * @param hash of the bytes of the key, from `STRING_SEED` to the last character.
   */
  cut(bytes: Buffer, start: number, end: number, hash: number): string {
    const text = this.#textOf(bytes, start, end)
    foreseeHash(text, Math.imul(hash ^ STRING_END, FNV_PRIME))
    return text
  }

  #textOf(bytes: Buffer, start: number, end: number): string {
    if (end - start > CUT_BYTES_MAX) return bytes.latin1Slice(start, end)
    if (bytes !== this.#bytes || start < this.#pieceStart || end > this.#pieceEnd) {
      this.#bytes = bytes
      this.#pieceStart = start
      this.#pieceEnd = Math.min(start + PIECE_BYTES, bytes.length)
      this.#piece = bytes.latin1Slice(start, this.#pieceEnd)
    }
    return this.#piece.slice(start - this.#pieceStart, end - this.#pieceStart)
  }
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
