/**
 * Strings as values: UTF-8, except that a string with lone surrogates, which UTF-8 cannot carry,
 * is written as UTF-16, so that every JavaScript string survives. The header is a varuint: the low
 * bit says UTF-16, the rest is the length (UTF-8: bytes; UTF-16: code units).
 */
import { MillraceError } from '../errors.ts'
import type { ByteReader, ByteWriter } from '../util/bytes.ts'

/** Up to here a loop over the characters beats the call into native code (measured). */
const WRITE_LOOP_CHARS_MAX = 24
const READ_LOOP_BYTES_MAX = 10
/** Of longer ones room for three bytes each would be much. */
const GUESS_CHARS_MAX = 4096
const UTF8_BYTES_PER_UNIT_MAX = 3

/** Appends any string: header, then its bytes. */
export function writeString(text: string, out: ByteWriter): void {
  const chars = text.length
  if (chars <= WRITE_LOOP_CHARS_MAX) {
    if (writeAscii(text, chars, out)) return
  } else if (chars <= GUESS_CHARS_MAX && writeAsGuessed(text, chars, out)) return
  if (!text.isWellFormed()) {
    out.varuint(chars * 2 + 1)
    writeUtf16(text, out)
    return
  }
  const count = Buffer.byteLength(text, 'utf8')
  out.varuint(count * 2)
  writeUtf8(text, count, out)
}

function writeAscii(text: string, chars: number, out: ByteWriter): boolean {
  out.reserve(1 + chars)
  const bytes = out.bytes
  const start = out.length + 1
  for (let index = 0; index < chars; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) return false
    bytes[start + index] = code
  }
  bytes[start - 1] = chars * 2
  out.length = start + chars
  return true
}

/**
 * Writes as if all were ASCII, and takes it back otherwise: who looks first, whether it is and how
 * long it becomes, reads the text three times.
 */
function writeAsGuessed(text: string, chars: number, out: ByteWriter): boolean {
  const bytesMax = chars * UTF8_BYTES_PER_UNIT_MAX
  const start = out.length
  out.varuint(chars * 2)
  out.reserve(bytesMax)
  // Any other character has more bytes than code units, also in place of half a pair.
  if (out.bytes.utf8Write(text, out.length, bytesMax) === chars) {
    out.length += chars
    return true
  }
  out.length = start
  return false
}

/** Reads what `writeString` wrote. */
export function readString(input: ByteReader): string {
  const head = input.varuint()
  const count = Math.floor(head / 2)
  return head % 2 === 0 ? readUtf8(input, count) : readUtf16(input, count)
}

/** The bytes only; `count` is their number, `text` is well formed. */
export function writeUtf8(text: string, count: number, out: ByteWriter): void {
  out.reserve(count)
  out.length += out.bytes.utf8Write(text, out.length, count)
}

/** Two bytes for each code unit, low byte first. */
export function writeUtf16(text: string, out: ByteWriter): void {
  out.reserve(text.length * 2)
  out.length += out.bytes.ucs2Write(text, out.length, text.length * 2)
}

export function readUtf8(input: ByteReader, count: number): string {
  input.need(count)
  const bytes = input.bytes
  const start = input.position
  const end = start + count
  input.position = end
  if (count > READ_LOOP_BYTES_MAX) return bytes.utf8Slice(start, end)
  let text = ''
  let position = start
  // Four at a time: each `+=` allocates.
  for (; position + 4 <= end; position += 4) {
    const a = bytes[position] as number
    const b = bytes[position + 1] as number
    const c = bytes[position + 2] as number
    const d = bytes[position + 3] as number
    if ((a | b | c | d) > 0x7f) return bytes.utf8Slice(start, end)
    text += String.fromCharCode(a, b, c, d)
  }
  for (; position < end; position++) {
    const byte = bytes[position] as number
    if (byte > 0x7f) return bytes.utf8Slice(start, end)
    text += String.fromCharCode(byte)
  }
  return text
}

export function readUtf16(input: ByteReader, count: number): string {
  if (count * 2 > input.remaining) {
    throw new MillraceError('STORAGE_CORRUPT', `a string of ${count} characters is cut off`)
  }
  input.position += count * 2
  return input.bytes.ucs2Slice(input.position - count * 2, input.position)
}
