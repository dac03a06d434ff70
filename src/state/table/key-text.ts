/**
 * Keys that are short texts of plain characters lie in the record of their row: a byte that says
 * how long, then the characters. So a row is found with what one look at memory brings, the heap
 * has no string for it, and its canonical key (`types/keys-write.ts`) is a copy of the bytes.
 */
import type { Buffer } from 'node:buffer'
import { KEY_TAG } from '../../types/keys-write.ts'
import type { ByteWriter } from '../../util/bytes.ts'

/** Where no text lies in a record; even the empty one is longer. */
const NO_TEXT = -1
const CODE_MAX = 0x7f

/** The longest text for which so many lanes are room. */
export function textCharsMax(lanes: number): number {
  return lanes > 1 ? lanes * 8 - 1 : NO_TEXT
}

/** Writes a key where nothing is; false, and nothing is there, if it is no such text. */
export function putText(
  bytes: Uint8Array,
  start: number,
  text: unknown,
  charsMax: number,
): boolean {
  if (typeof text !== 'string' || text.length > charsMax) return false
  const { length } = text
  for (let index = 0; index < length; index++) {
    const code = text.charCodeAt(index)
    if (code > CODE_MAX || code <= KEY_TAG.ESCAPE) {
      bytes.fill(0, start, start + 1 + index)
      return false
    }
    bytes[start + 1 + index] = code
  }
  bytes[start] = length
  return true
}

/** True if this text was put there. */
export function isTextAt(bytes: Uint8Array, start: number, text: string): boolean {
  const { length } = text
  if (bytes[start] !== length) return false
  for (let index = 0; index < length; index++) {
    if (bytes[start + 1 + index] !== text.charCodeAt(index)) return false
  }
  return true
}

export function textAt(bytes: Buffer, start: number): string {
  return bytes.latin1Slice(start + 1, start + 1 + (bytes[start] ?? 0))
}

/** The same bytes as `writeKey` of the text. */
export function writeTextAt(bytes: Buffer, start: number, out: ByteWriter): void {
  out.uint8(KEY_TAG.STRING)
  out.raw(bytes.subarray(start + 1, start + 1 + (bytes[start] ?? 0)))
  out.uint8(KEY_TAG.END)
}
