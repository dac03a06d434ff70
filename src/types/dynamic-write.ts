/** Writes undeclared values in the self-describing encoding (`docs/internals/values.md`). */
import { types } from 'node:util'
import type { ByteWriter } from '../util/bytes.ts'
import { magnitudeToBytes } from './bigints.ts'
import {
  BIGINT_BYTES_MAX,
  DYNAMIC_DEPTH_MAX,
  SHORT_COUNT_MAX,
  SHORT_STRING_BYTES_MAX,
  TAG,
} from './dynamic-format.ts'
import { fieldSegment, mismatch, refusal, showValue, under } from './mismatch.ts'
import { writeUtf16, writeUtf8 } from './strings.ts'

const PLAIN_CURE =
  'keep plain data: primitives, plain objects, arrays, Map, Set, Date, Uint8Array; ' +
  'write a class instance as a plain object'

/** Appends any plain value; `depth` is that of the value itself, 0 at the top. */
export function writeDynamic(value: unknown, out: ByteWriter, depth: number): void {
  switch (typeof value) {
    case 'number':
      return writeNumber(value, out)
    case 'string':
      return writeText(value, out)
    case 'boolean':
      return out.uint8(value ? TAG.TRUE : TAG.FALSE)
    case 'undefined':
      return out.uint8(TAG.UNDEFINED)
    case 'bigint':
      return writeBigint(value, out)
    case 'object':
      if (value === null) return out.uint8(TAG.NULL)
      return writeObject(value, out, depth)
    case 'function':
    case 'symbol':
      throw notPlain(value)
  }
}

/** What is said of a value that is no plain data. */
export function notPlain(value: unknown): Error {
  return mismatch('plain data', value, PLAIN_CURE)
}

/** What is said of a value at a depth over the limit. */
export function tooDeep(): Error {
  return refusal(
    `nested deeper than ${DYNAMIC_DEPTH_MAX} levels, or referring to itself`,
    'flatten the value, or keep its parts in map or list state',
  )
}

export function bigintTooLong(): Error {
  return refusal(`a bigint of over ${BIGINT_BYTES_MAX} bytes`)
}

function writeNumber(value: number, out: ByteWriter): void {
  const integer = value | 0
  if (integer !== value || (integer === 0 && Object.is(value, -0))) {
    out.uint8(TAG.FLOAT64)
    out.float64LE(value)
  } else if (integer >= 0 && integer <= TAG.SMALL_INTEGER_MAX) {
    out.uint8(integer)
  } else if (integer >= -0x80 && integer < 0x80) {
    out.reserve(2)
    out.bytes[out.length++] = TAG.INT8
    out.bytes[out.length++] = integer
  } else if (integer >= -0x8000 && integer < 0x8000) {
    out.reserve(3)
    out.bytes[out.length++] = TAG.INT16
    out.bytes[out.length++] = integer
    out.bytes[out.length++] = integer >>> 8
  } else {
    out.uint8(TAG.INT32)
    out.int32LE(integer)
  }
}

function writeText(text: string, out: ByteWriter): void {
  const chars = text.length
  if (chars <= SHORT_STRING_BYTES_MAX && writeShortAscii(text, chars, out)) return
  if (!text.isWellFormed()) {
    out.uint8(TAG.STRING_UTF16)
    out.varuint(chars)
    return writeUtf16(text, out)
  }
  const count = Buffer.byteLength(text, 'utf8')
  if (count <= SHORT_STRING_BYTES_MAX) out.uint8(TAG.SHORT_STRING + count)
  else {
    out.uint8(TAG.STRING)
    out.varuint(count)
  }
  writeUtf8(text, count, out)
}

function writeShortAscii(text: string, chars: number, out: ByteWriter): boolean {
  out.reserve(1 + chars)
  const bytes = out.bytes
  const start = out.length + 1
  for (let index = 0; index < chars; index++) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) return false
    bytes[start + index] = code
  }
  bytes[start - 1] = TAG.SHORT_STRING + chars
  out.length = start + chars
  return true
}

function writeBigint(value: bigint, out: ByteWriter): void {
  const negative = value < 0n
  const magnitude = magnitudeToBytes(negative ? -value : value)
  if (magnitude.length > BIGINT_BYTES_MAX) throw bigintTooLong()
  out.uint8(TAG.BIGINT)
  out.varuint(magnitude.length * 2 + (negative ? 1 : 0))
  out.raw(magnitude)
}

function writeObject(value: object, out: ByteWriter, depth: number): void {
  if (depth >= DYNAMIC_DEPTH_MAX) throw tooDeep()
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === Object.prototype || prototype === null) {
    return writeFields(value, prototype === null, out, depth)
  }
  if (prototype === Array.prototype && Array.isArray(value)) return writeArray(value, out, depth)
  if (prototype === Map.prototype && types.isMap(value)) return writeMap(value, out, depth)
  if (prototype === Set.prototype && types.isSet(value)) return writeSet(value, out, depth)
  if (prototype === Date.prototype && types.isDate(value)) {
    out.uint8(TAG.DATE)
    return out.float64LE(value.getTime())
  }
  if (value instanceof Uint8Array) {
    out.uint8(TAG.BYTES)
    return out.block(value)
  }
  throw notPlain(value)
}

function writeFields(value: object, bare: boolean, out: ByteWriter, depth: number): void {
  const names = Object.keys(value)
  if (!bare && names.length <= SHORT_COUNT_MAX) out.uint8(TAG.SHORT_OBJECT + names.length)
  else {
    out.uint8(bare ? TAG.BARE_OBJECT : TAG.OBJECT)
    out.varuint(names.length)
  }
  let name = ''
  try {
    for (name of names) {
      writeText(name, out)
      // Object.keys gave the name, so the field is there; any value in it is checked.
      writeDynamic((value as Record<string, unknown>)[name], out, depth + 1)
    }
  } catch (error) {
    throw under(fieldSegment(name), error)
  }
}

function writeArray(value: readonly unknown[], out: ByteWriter, depth: number): void {
  const count = value.length
  if (count <= SHORT_COUNT_MAX) out.uint8(TAG.SHORT_ARRAY + count)
  else {
    out.uint8(TAG.ARRAY)
    out.varuint(count)
  }
  let index = 0
  try {
    for (; index < count; index++) writeDynamic(value[index], out, depth + 1)
  } catch (error) {
    throw under(`[${index}]`, error)
  }
}

function writeMap(value: ReadonlyMap<unknown, unknown>, out: ByteWriter, depth: number): void {
  out.uint8(TAG.MAP)
  out.varuint(value.size)
  let at: unknown
  try {
    for (const [key, held] of value) {
      at = key
      writeDynamic(key, out, depth + 1)
      writeDynamic(held, out, depth + 1)
    }
  } catch (error) {
    throw under(`[key ${showValue(at)}]`, error)
  }
}

function writeSet(value: ReadonlySet<unknown>, out: ByteWriter, depth: number): void {
  out.uint8(TAG.SET)
  out.varuint(value.size)
  let at: unknown
  try {
    for (at of value) writeDynamic(at, out, depth + 1)
  } catch (error) {
    throw under(`[element ${showValue(at)}]`, error)
  }
}
