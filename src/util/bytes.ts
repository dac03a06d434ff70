/**
 * A growing writer and a bounded reader over bytes: the two ends of every codec in the engine.
 * Multi-byte integers are big-endian where order matters (keys) and little-endian elsewhere; the
 * method names say which. A reader never reads past its end: a damaged input is a coded error.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../errors.ts'

const SHORT_STRING_CHARS_MAX = 24
const WRITER_BYTES_MAX = 0x7fff_ffff
const NOTHING = Buffer.alloc(0)
/** Of fewer bytes a view costs more than it spares. */
const VIEWED_BYTES_MIN = 1024

export class ByteWriter {
  /** The whole buffer; only `[0, length)` is written. Replaced when it grows. */
  bytes: Buffer = NOTHING
  length = 0
  readonly #capacityBytes: number
  /** Of `bytes`: numbers are written through it without a call (measured). */
  #view = viewOf(NOTHING)

  /** Room for so much is made at the first write; many writers never come to that. */
  constructor(capacityBytes = 256) {
    this.#capacityBytes = capacityBytes
  }

  reset(): void {
    this.length = 0
  }

  /** Makes room for `extraBytes` more; afterwards `bytes` may be another buffer. */
  reserve(extraBytes: number): void {
    const wanted = this.length + extraBytes
    if (wanted <= this.bytes.length) return
    if (wanted > WRITER_BYTES_MAX) {
      throw new MillraceError('STATE_VALUE_TOO_LARGE', `a value of over ${WRITER_BYTES_MAX} bytes`)
    }
    const grown = Buffer.allocUnsafeSlow(
      Math.min(WRITER_BYTES_MAX, Math.max(wanted, this.length * 2, this.#capacityBytes)),
    )
    this.bytes.copy(grown, 0, 0, this.length)
    this.bytes = grown
    this.#view = viewOf(grown)
  }

  uint8(value: number): void {
    if (this.length + 1 > this.bytes.length) this.reserve(1)
    this.bytes[this.length++] = value
  }

  uint16BE(value: number): void {
    this.reserve(2)
    this.bytes[this.length++] = value >>> 8
    this.bytes[this.length++] = value
  }

  uint32BE(value: number): void {
    this.reserve(4)
    this.length = this.bytes.writeUInt32BE(value >>> 0, this.length)
  }

  uint32LE(value: number): void {
    this.reserve(4)
    this.length = this.bytes.writeUInt32LE(value >>> 0, this.length)
  }

  int32LE(value: number): void {
    if (this.length + 4 > this.bytes.length) this.reserve(4)
    this.#view.setInt32(this.length, value, true)
    this.length += 4
  }

  float64LE(value: number): void {
    if (this.length + 8 > this.bytes.length) this.reserve(8)
    this.#view.setFloat64(this.length, value, true)
    this.length += 8
  }

  int64LE(value: bigint): void {
    this.reserve(8)
    this.length = this.bytes.writeBigInt64LE(value, this.length)
  }

  /** An unsigned integer below 2^53 in 7-bit groups, low first (LEB128). */
  varuint(value: number): void {
    this.reserve(8)
    let rest = value
    while (rest >= 0x80) {
      this.bytes[this.length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.bytes[this.length++] = rest
  }

  /** Raw bytes, no length. */
  raw(source: Uint8Array, start = 0, end = source.length): void {
    const count = end - start
    this.reserve(count)
    this.bytes.set(
      start === 0 && end === source.length ? source : source.subarray(start, end),
      this.length,
    )
    this.length += count
  }

  /** Length as varuint, then the bytes. */
  block(source: Uint8Array): void {
    this.varuint(source.length)
    this.raw(source)
  }

  /** Length as varuint, then UTF-8; lone surrogates become U+FFFD (keys use `types/keys.ts`). */
  string(text: string): void {
    const chars = text.length
    if (chars <= SHORT_STRING_CHARS_MAX) {
      this.reserve(1 + chars)
      const start = this.length + 1
      let index = 0
      for (; index < chars; index++) {
        const code = text.charCodeAt(index)
        if (code > 0x7f) break
        this.bytes[start + index] = code
      }
      if (index === chars) {
        this.bytes[this.length] = chars
        this.length = start + chars
        return
      }
    }
    const count = Buffer.byteLength(text, 'utf8')
    this.varuint(count)
    this.reserve(count)
    this.length += this.bytes.utf8Write(text, this.length, count)
  }

  /** A view of what was written; valid until the next write or reset. */
  view(): Buffer {
    return this.bytes.subarray(0, this.length)
  }

  /** A copy of what was written. */
  copy(): Buffer {
    const copied = Buffer.allocUnsafeSlow(this.length)
    this.bytes.copy(copied, 0, 0, this.length)
    return copied
  }
}

export class ByteReader {
  bytes: Buffer
  position: number
  end: number
  /** Of `bytes`, if there are many of them. */
  #view: DataView | undefined

  constructor(bytes: Uint8Array, start = 0, end = bytes.length) {
    this.bytes = asBuffer(bytes)
    this.position = start
    this.end = end
    this.#view = viewOfMany(this.bytes, end - start)
  }

  /** Points the reader at other bytes, so that one reader serves many values. */
  reset(bytes: Uint8Array, start = 0, end = bytes.length): this {
    this.bytes = asBuffer(bytes)
    this.position = start
    this.end = end
    this.#view = viewOfMany(this.bytes, end - start)
    return this
  }

  get remaining(): number {
    return this.end - this.position
  }

  need(count: number): void {
    if (!(count >= 0 && this.position + count <= this.end)) throw damaged(count, this.remaining)
  }

  uint8(): number {
    this.need(1)
    return this.bytes[this.position++] as number
  }

  uint16BE(): number {
    this.need(2)
    this.position += 2
    return this.bytes.readUInt16BE(this.position - 2)
  }

  uint32BE(): number {
    this.need(4)
    this.position += 4
    return this.bytes.readUInt32BE(this.position - 4)
  }

  uint32LE(): number {
    this.need(4)
    this.position += 4
    return this.bytes.readUInt32LE(this.position - 4)
  }

  int32LE(): number {
    this.need(4)
    this.position += 4
    const view = this.#view
    if (view === undefined) return this.bytes.readInt32LE(this.position - 4)
    return view.getInt32(this.position - 4, true)
  }

  float64LE(): number {
    this.need(8)
    this.position += 8
    const view = this.#view
    if (view === undefined) return this.bytes.readDoubleLE(this.position - 8)
    return view.getFloat64(this.position - 8, true)
  }

  int64LE(): bigint {
    this.need(8)
    this.position += 8
    return this.bytes.readBigInt64LE(this.position - 8)
  }

  varuint(): number {
    let value = 0
    let scale = 1
    for (let group = 0; group < 8; group++) {
      const byte = this.uint8()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break
        return value
      }
      scale *= 0x80
    }
    throw new MillraceError('STORAGE_CORRUPT', 'a variable-length integer is over 2^53')
  }

  /** A view of the next `count` bytes. */
  raw(count: number): Buffer {
    this.need(count)
    this.position += count
    return this.bytes.subarray(this.position - count, this.position)
  }

  /** The same, as a plain array: where there are many, a Buffer takes seven times as long. */
  plain(count: number): Uint8Array {
    this.need(count)
    this.position += count
    const { buffer, byteOffset } = this.bytes
    return new Uint8Array(buffer, byteOffset + this.position - count, count)
  }

  /** A view of a length-prefixed block. */
  block(): Buffer {
    return this.raw(this.varuint())
  }

  string(): string {
    const count = this.varuint()
    this.need(count)
    this.position += count
    return this.bytes.utf8Slice(this.position - count, this.position)
  }
}

function viewOf({ buffer, byteOffset, length }: Buffer): DataView {
  return new DataView(buffer, byteOffset, length)
}

function viewOfMany(bytes: Buffer, count: number): DataView | undefined {
  return count < VIEWED_BYTES_MIN ? undefined : viewOf(bytes)
}

/** The same memory as a Buffer. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function damaged(wanted: number, left: number): MillraceError {
  return new MillraceError('STORAGE_CORRUPT', `wanted ${wanted} more bytes, ${left} are left`)
}
