/**
 * Reads the fields of a line one after the other from its bytes. Numbers are made of the bytes.
 * Strings are cut from pieces of a kilobyte, each decoded in one native call: such a call
 * takes as long as ten cuts (measured); and a string that stays keeps no more alive than its piece.
 * Code that is made for a struct does the plain cases itself, by what is readable here.
 */
import { Buffer, isAscii } from 'node:buffer'
import '../../util/buffer-natives.ts'
import type { TextConverter } from '../../types/text-values.ts'
import type { TextLine } from './line.ts'

/** Lines that are longer are decoded one by one. */
const PIECE_BYTES = 1024
/** Longer texts are looked through, and made, by native code. */
const SHORT_BYTES_MAX = 32
/** So many digits are added up without rounding, the first ones as small numbers. */
export const DIGITS_MAX = 15
export const SMALL_DIGITS_MAX = 9
const POWERS = Float64Array.from({ length: DIGITS_MAX + 1 }, (_, power) => 10 ** power)

const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30

export class FieldReader {
  readonly separator: string
  readonly separatorByte: number
  bytes: Buffer = Buffer.alloc(0)
  isAscii = true
  end = 0
  /** The next field; behind a line that is read it is the end and one, or more if fields lack. */
  at = 0
  /** The bytes from `pieceStart` to `pieceEnd`, each a character. */
  piece = ''
  pieceStart = 0
  pieceEnd = 0
  /** What `#digits` has read. */
  #read = 0

  /** @param separator one ASCII character; no digit, sign, point or line end. */
  constructor(separator: string) {
    this.separator = separator
    this.separatorByte = separator.charCodeAt(0)
  }

  begin({ bytes, start, end }: TextLine): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes
      this.isAscii = isAscii(bytes)
      this.pieceEnd = 0
    }
    this.at = start
    this.end = end
  }

  /** True if as many fields were read as the line has. */
  get isDone(): boolean {
    return this.at === this.end + 1
  }

  /** Passes over a field. */
  pass(): void {
    this.at = this.#endOfField() + 1
  }

  text(): string {
    const start = this.at
    const end = this.#endOfField()
    this.at = end + 1
    return this.cut(start, end)
  }

  /** The text of these bytes, which the piece has. */
  cut(start: number, end: number): string {
    if (this.isAscii || isShortAscii(this.bytes, start, end)) {
      return this.piece.slice(start - this.pieceStart, end - this.pieceStart)
    }
    return this.bytes.utf8Slice(start, end)
  }

  /** What the converter makes of the text of a field. */
  converted(convert: TextConverter): unknown {
    return convert(this.text())
  }

  /** What `Number` makes of the text; NaN, and nothing is read, if that is left to a converter. */
  number(): number {
    const bytes = this.bytes
    const start = this.at
    // The line end behind the last byte is no digit. Behind that no field is left.
    if (start > this.end) return Number.NaN
    const first = bytes[start] === MINUS ? start + 1 : start
    let at = first
    let small = 0
    for (const stop = first + SMALL_DIGITS_MAX; at < stop; at++) {
      const digit = (bytes[at] as number) - ZERO // the line end stops it
      if (digit < 0 || digit > 9) break
      small = (Math.imul(small, 10) + digit) | 0
    }
    let value = small
    let digits = at - first
    if (digits === SMALL_DIGITS_MAX) {
      const more = this.#digits(at, DIGITS_MAX - digits)
      value = small * (POWERS[more] as number) + this.#read // more is small
      at += more
      digits += more
    }
    if (bytes[at] === POINT) {
      const decimals = this.#digits(at + 1, DIGITS_MAX - digits)
      // Both are whole numbers without rounding, so the quotient is rounded once, as it must be.
      const power = POWERS[decimals] as number // decimals is small
      value = (value * power + this.#read) / power
      at += 1 + decimals
      digits += decimals
    }
    if (digits === 0 || (at !== this.end && bytes[at] !== this.separatorByte)) return Number.NaN
    this.at = at + 1
    return first === start ? value : -value
  }

  /** As `number`, of those that 32 bits hold. */
  int32(): number {
    const start = this.at
    const value = this.number()
    if ((value | 0) === value) return value
    this.at = start
    return Number.NaN
  }

  #digits(from: number, countMax: number): number {
    const bytes = this.bytes
    let value = 0
    let at = from
    for (const stop = from + countMax; at < stop; at++) {
      const digit = (bytes[at] as number) - ZERO // the line end stops it
      if (digit < 0 || digit > 9) break
      value = value * 10 + digit
    }
    this.#read = value
    return at - from
  }

  /** Where the separator or the line ends it; makes sure of the piece with it. */
  #endOfField(): number {
    const at = this.at
    const end = this.end
    if (at > end) return end + 1 // a field that is not there ends behind it
    this.cover(at)
    const found = this.piece.indexOf(this.separator, at - this.pieceStart) + this.pieceStart
    return found < at || found > end ? end : found
  }

  /** Makes sure of a piece that has the line from `start` on. */
  cover(start: number): void {
    if (this.end <= this.pieceEnd && start >= this.pieceStart) return
    const end = Math.max(this.end, Math.min(start + PIECE_BYTES, this.bytes.length))
    this.piece = this.bytes.latin1Slice(start, end)
    this.pieceStart = start
    this.pieceEnd = end
  }
}

function isShortAscii(bytes: Buffer, start: number, end: number): boolean {
  if (end - start > SHORT_BYTES_MAX) return false
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 0x7f) return false // at < end
  return true
}
