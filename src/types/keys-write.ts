/**
 * Writes canonical key bytes; `keys.ts` says what they promise, `docs/internals/keys.md` lists
 * every byte. Frozen by format version 1.
 */
import { types } from 'node:util'
import type { ByteWriter } from '../util/bytes.ts'
import { magnitudeToBytes } from './bigints.ts'
import { fieldSegment, mismatch, refusal, under } from './mismatch.ts'

/** First byte of each kind of key. `END` closes strings, bytes, tuples and records. */
export const KEY_TAG = {
  END: 0x00,
  ESCAPE: 0x01,
  UNDEFINED: 0x10,
  NULL: 0x11,
  FALSE: 0x20,
  TRUE: 0x21,
  NUMBER: 0x30,
  BIGINT: 0x38,
  DATE: 0x40,
  STRING: 0x50,
  BYTES: 0x58,
  TUPLE: 0x60,
  RECORD: 0x68,
} as const

export const KEY_DEPTH_MAX = 32
/** Below this many bytes a bigint's length shares a byte with its sign. */
export const BIGINT_SHORT_BYTES_MAX = 0x7e
const KEY_BIGINT_BYTES_MAX = 0xffff
const CURE =
  'a key is a string, number, bigint, boolean, bytes, Date, null, undefined, ' +
  'or an array or plain object of such'

const float64 = new Float64Array(1)
const float64Words = new Uint32Array(float64.buffer)
/** 1 where the host is little-endian, as all that Node runs on are. */
const HIGH_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0

/** Both words of an order-preserving float64; filled by `orderFloat64`. */
export const orderedWords = new Uint32Array(2)

/** Puts the order-preserving form of `value` in `orderedWords`: −0 as 0, one NaN (the largest). */
export function orderFloat64(value: number): void {
  float64[0] = value === 0 ? 0 : value
  let high = float64Words[HIGH_WORD] as number
  let low = float64Words[1 - HIGH_WORD] as number
  if (value !== value) {
    high = 0x7ff80000
    low = 0
  }
  // Ascending order of doubles is that of their bits, once negative ones are turned over.
  const turned = high >= 0x80000000
  orderedWords[0] = turned ? ~high : high ^ 0x80000000
  orderedWords[1] = turned ? ~low : low
}

/**
 * Appends the canonical bytes of `value`.
 * Throws `TYPE_MISMATCH` for functions, symbols, maps, sets, class instances, invalid dates and
 * nesting over 32 levels.
 */
export function writeKey(value: unknown, out: ByteWriter): void {
  writeAt(value, out, 0)
}

function writeAt(value: unknown, out: ByteWriter, depth: number): void {
  switch (typeof value) {
    case 'string':
      return writeKeyString(value, out)
    case 'number':
      return writeNumber(KEY_TAG.NUMBER, value, out)
    case 'bigint':
      return writeBigint(value, out)
    case 'boolean':
      return out.uint8(value ? KEY_TAG.TRUE : KEY_TAG.FALSE)
    case 'undefined':
      return out.uint8(KEY_TAG.UNDEFINED)
    case 'object':
      if (value === null) return out.uint8(KEY_TAG.NULL)
      return writeObject(value, out, depth)
    case 'function':
    case 'symbol':
      throw mismatch('a key', value, CURE)
  }
}

function writeObject(value: object, out: ByteWriter, depth: number): void {
  if (depth >= KEY_DEPTH_MAX) {
    throw refusal(`a key is nested over ${KEY_DEPTH_MAX} levels, or refers to itself`, CURE)
  }
  if (Array.isArray(value)) return writeTuple(value, out, depth)
  if (value instanceof Uint8Array) {
    out.uint8(KEY_TAG.BYTES)
    return writeEscaped(value, out)
  }
  if (types.isDate(value)) {
    const timestamp = value.getTime()
    if (Number.isNaN(timestamp)) throw refusal('an invalid Date cannot be a key')
    return writeNumber(KEY_TAG.DATE, timestamp, out)
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== null && prototype !== Object.prototype) throw mismatch('a key', value, CURE)
  writeRecord(value, out, depth)
}

function writeTuple(value: readonly unknown[], out: ByteWriter, depth: number): void {
  out.uint8(KEY_TAG.TUPLE)
  let index = 0
  try {
    for (; index < value.length; index++) writeAt(value[index], out, depth + 1)
  } catch (error) {
    throw under(`[${index}]`, error)
  }
  out.uint8(KEY_TAG.END)
}

function writeRecord(value: object, out: ByteWriter, depth: number): void {
  out.uint8(KEY_TAG.RECORD)
  let name = ''
  try {
    // Sorted by UTF-16 code units, as JavaScript and Java both compare strings.
    for (name of Object.keys(value).sort()) {
      writeKeyString(name, out)
      // Object.keys gave the name, so the field is there; what it holds is checked by writeAt.
      writeAt((value as Record<string, unknown>)[name], out, depth + 1)
    }
  } catch (error) {
    throw under(fieldSegment(name), error)
  }
  out.uint8(KEY_TAG.END)
}

function writeNumber(tag: number, value: number, out: ByteWriter): void {
  out.reserve(9)
  orderFloat64(value)
  const bytes = out.bytes
  let position = out.length
  bytes[position++] = tag
  for (let word = 0; word < 2; word++) {
    const bits = orderedWords[word] as number
    bytes[position++] = bits >>> 24
    bytes[position++] = bits >>> 16
    bytes[position++] = bits >>> 8
    bytes[position++] = bits
  }
  out.length = position
}

/** UTF-8, lone surrogates as three bytes like any other code unit; 0x00 and 0x01 escaped. */
function writeKeyString(value: string, out: ByteWriter): void {
  const chars = value.length
  out.reserve(2 + chars * 3) // no code unit takes more than three bytes, escaped or not
  const bytes = out.bytes
  let position = out.length
  bytes[position++] = KEY_TAG.STRING
  for (let index = 0; index < chars; index++) {
    let code = value.charCodeAt(index)
    if (code < 0x80) {
      if (code <= KEY_TAG.ESCAPE) {
        bytes[position++] = KEY_TAG.ESCAPE
        code++
      }
      bytes[position++] = code
      continue
    }
    if (code < 0x800) {
      bytes[position++] = 0xc0 | (code >> 6)
    } else {
      if (code >= 0xd800 && code < 0xdc00 && index + 1 < chars) {
        const next = value.charCodeAt(index + 1)
        if (next >= 0xdc00 && next < 0xe000) {
          code = 0x10000 + ((code - 0xd800) << 10) + (next - 0xdc00)
          index++
        }
      }
      if (code >= 0x10000) {
        bytes[position++] = 0xf0 | (code >> 18)
        bytes[position++] = 0x80 | ((code >> 12) & 0x3f)
      } else {
        bytes[position++] = 0xe0 | (code >> 12)
      }
      bytes[position++] = 0x80 | ((code >> 6) & 0x3f)
    }
    bytes[position++] = 0x80 | (code & 0x3f)
  }
  bytes[position++] = KEY_TAG.END
  out.length = position
}

function writeEscaped(value: Uint8Array, out: ByteWriter): void {
  out.reserve(1 + value.length * 2)
  const bytes = out.bytes
  let position = out.length
  for (let index = 0; index < value.length; index++) {
    let byte = value[index] as number
    if (byte <= KEY_TAG.ESCAPE) {
      bytes[position++] = KEY_TAG.ESCAPE
      byte++
    }
    bytes[position++] = byte
  }
  bytes[position++] = KEY_TAG.END
  out.length = position
}

/** Sign and length in one ordered byte, then the magnitude; all complemented if negative. */
function writeBigint(value: bigint, out: ByteWriter): void {
  const negative = value < 0n
  const flip = negative ? 0xff : 0
  const magnitude = magnitudeToBytes(negative ? -value : value)
  const count = magnitude.length
  if (count > KEY_BIGINT_BYTES_MAX) {
    throw refusal(`a bigint of over ${KEY_BIGINT_BYTES_MAX} bytes cannot be a key`)
  }
  out.reserve(4 + count)
  out.uint8(KEY_TAG.BIGINT)
  if (count <= BIGINT_SHORT_BYTES_MAX) out.uint8((0x80 + count) ^ flip)
  else {
    out.uint8(0xff ^ flip)
    out.uint16BE(negative ? ~count & 0xffff : count)
  }
  for (let index = count - 1; index >= 0; index--) out.uint8((magnitude[index] as number) ^ flip)
}
