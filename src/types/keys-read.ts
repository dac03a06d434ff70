/**
 * Reads canonical key bytes back (see `keys.ts` and `docs/internals/keys.md`). Damaged input is
 * `STORAGE_CORRUPT`; memory stays within a small multiple of the bytes given.
 */
import type { ByteReader } from '../util/bytes.ts'
import { magnitudeFromBytes } from './bigints.ts'
import { corrupt } from './codec.ts'
import { BIGINT_SHORT_BYTES_MAX, KEY_DEPTH_MAX, KEY_TAG } from './keys-write.ts'
import { setField } from './plain.ts'
import { readUtf8 } from './strings.ts'

const SIGN_BIT = 0x80000000

const float64 = new DataView(new ArrayBuffer(8))

/** The value of the key at the reader's position; tuples and records are frozen. */
export function readKey(input: ByteReader): unknown {
  return readAt(input, 0)
}

/** Moves the reader behind the key at its position. */
export function skipKey(input: ByteReader): void {
  skipAt(input, 0)
}

function readAt(input: ByteReader, depth: number): unknown {
  const tag = input.uint8()
  switch (tag) {
    case KEY_TAG.STRING:
      return readString(input)
    case KEY_TAG.NUMBER:
      return readNumber(input)
    case KEY_TAG.UNDEFINED:
      return undefined
    case KEY_TAG.NULL:
      return null
    case KEY_TAG.FALSE:
      return false
    case KEY_TAG.TRUE:
      return true
    case KEY_TAG.BIGINT:
      return readBigint(input)
    case KEY_TAG.DATE:
      return new Date(readNumber(input))
    case KEY_TAG.BYTES:
      return readEscaped(input)
    case KEY_TAG.TUPLE:
      return readTuple(input, deeper(depth))
    case KEY_TAG.RECORD:
      return readRecord(input, deeper(depth))
    default:
      throw corrupt(`0x${tag.toString(16)} is no kind of key`)
  }
}

function skipAt(input: ByteReader, depth: number): void {
  const tag = input.uint8()
  switch (tag) {
    case KEY_TAG.UNDEFINED:
    case KEY_TAG.NULL:
    case KEY_TAG.FALSE:
    case KEY_TAG.TRUE:
      return
    case KEY_TAG.NUMBER:
    case KEY_TAG.DATE:
      input.need(8)
      input.position += 8
      return
    case KEY_TAG.STRING:
    case KEY_TAG.BYTES:
      input.position = endOfEscaped(input) + 1
      return
    case KEY_TAG.BIGINT: {
      const count = bigintHead(input).count
      input.need(count)
      input.position += count
      return
    }
    case KEY_TAG.TUPLE:
    case KEY_TAG.RECORD:
      deeper(depth)
      while (!atEnd(input)) skipAt(input, depth + 1)
      return
    default:
      throw corrupt(`0x${tag.toString(16)} is no kind of key`)
  }
}

function readNumber(input: ByteReader): number {
  const high = input.uint32BE()
  const low = input.uint32BE()
  const turned = high < SIGN_BIT
  float64.setUint32(0, turned ? ~high : high ^ SIGN_BIT)
  float64.setUint32(4, turned ? ~low : low)
  return float64.getFloat64(0)
}

function bigintHead(input: ByteReader): { readonly flip: number; readonly count: number } {
  const head = input.uint8()
  const flip = head < 0x80 ? 0xff : 0
  const short = (head ^ flip) - 0x80
  if (short <= BIGINT_SHORT_BYTES_MAX) return { flip, count: short }
  const long = input.uint16BE()
  return { flip, count: flip === 0 ? long : ~long & 0xffff }
}

function readBigint(input: ByteReader): bigint {
  const { flip, count } = bigintHead(input)
  const magnitude = new Uint8Array(input.raw(count)).reverse()
  for (let index = 0; index < count; index++) {
    magnitude[index] = (magnitude[index] as number) ^ flip
  }
  const value = magnitudeFromBytes(magnitude)
  return flip === 0 ? value : -value
}

/** Position of the end mark of the escaped text that starts here. */
function endOfEscaped(input: ByteReader): number {
  const end = input.bytes.indexOf(KEY_TAG.END, input.position)
  if (end < 0 || end >= input.end) throw corrupt('a key has no end mark')
  return end
}

function readEscaped(input: ByteReader): Uint8Array {
  const end = endOfEscaped(input)
  const source = input.bytes
  const target = new Uint8Array(end - input.position)
  let length = 0
  for (let position = input.position; position < end; position++) {
    let byte = source[position] as number
    if (byte === KEY_TAG.ESCAPE) {
      // At the end mark itself this reads 0, which no escape is followed by.
      byte = (source[++position] as number) - 1
      if (byte !== 0 && byte !== 1) throw corrupt('a key has an unknown escape')
    }
    target[length++] = byte
  }
  input.position = end + 1
  return length === target.length ? target : target.slice(0, length)
}

function readString(input: ByteReader): string {
  const bytes = input.bytes
  const start = input.position
  for (let position = start; position < input.end; position++) {
    const byte = bytes[position] as number
    if (byte > 0x7f || byte === KEY_TAG.ESCAPE) return decodeGeneralized(readEscaped(input))
    if (byte === KEY_TAG.END) {
      const text = readUtf8(input, position - start)
      input.position++
      return text
    }
  }
  throw corrupt('a key has no end mark')
}

/** UTF-8 that may hold lone surrogates as three bytes each. */
function decodeGeneralized(bytes: Uint8Array): string {
  const units: number[] = []
  let text = ''
  let position = 0
  const next = (): number => {
    const byte = bytes[position++]
    if (byte === undefined || (byte & 0xc0) !== 0x80) throw corrupt('a key holds broken UTF-8')
    return byte & 0x3f
  }
  while (position < bytes.length) {
    const first = bytes[position++] as number
    if (first < 0x80) units.push(first)
    else if (first >= 0xc2 && first < 0xe0) units.push(((first & 0x1f) << 6) | next())
    else if (first >= 0xe0 && first < 0xf0) {
      units.push(((first & 0x0f) << 12) | (next() << 6) | next())
    } else if (first >= 0xf0 && first < 0xf5) {
      const code = ((first & 0x07) << 18) | (next() << 12) | (next() << 6) | next()
      const above = code - 0x10000
      units.push(0xd800 + (above >> 10), 0xdc00 + (above & 0x3ff))
    } else throw corrupt('a key holds broken UTF-8')
    if (units.length >= 4096) text += String.fromCharCode(...units.splice(0))
  }
  return text + String.fromCharCode(...units)
}

function readTuple(input: ByteReader, depth: number): readonly unknown[] {
  const elements: unknown[] = []
  while (!atEnd(input)) elements.push(readAt(input, depth))
  return Object.freeze(elements)
}

function readRecord(input: ByteReader, depth: number): object {
  const fields: Record<string, unknown> = {}
  while (!atEnd(input)) {
    if (input.uint8() !== KEY_TAG.STRING) throw corrupt('a key has a field without a name')
    const name = readString(input)
    setField(fields, name, readAt(input, depth))
  }
  return Object.freeze(fields)
}

/** True at an end mark, which is then consumed. */
function atEnd(input: ByteReader): boolean {
  input.need(1)
  if (input.bytes[input.position] !== KEY_TAG.END) return false
  input.position++
  return true
}

function deeper(depth: number): number {
  if (depth >= KEY_DEPTH_MAX) throw corrupt(`a key is nested over ${KEY_DEPTH_MAX} levels`)
  return depth + 1
}
