/**
 * Reads undeclared values back (`docs/internals/values.md`). Input is not trusted: every count is
 * compared with the bytes that are left before anything is allocated, depth is bounded, and field
 * names never reach a prototype.
 */
import type { ByteReader } from '../util/bytes.ts'
import { magnitudeFromBytes } from './bigints.ts'
import { corrupt } from './codec.ts'
import { BIGINT_BYTES_MAX, DYNAMIC_DEPTH_MAX, TAG } from './dynamic-format.ts'
import { readFieldName } from './field-names.ts'
import { setField } from './plain.ts'
import { readUtf16, readUtf8 } from './strings.ts'

/** The value at the reader's position; `depth` is its own, 0 at the top. */
export function readDynamic(input: ByteReader, depth: number): unknown {
  const tag = input.uint8()
  if (tag <= TAG.SMALL_INTEGER_MAX) return tag
  if (tag < TAG.SHORT_OBJECT) return readUtf8(input, tag - TAG.SHORT_STRING)
  if (tag < TAG.SHORT_ARRAY) return readFields({}, tag - TAG.SHORT_OBJECT, input, depth)
  if (tag < TAG.UNDEFINED) return readArray(tag - TAG.SHORT_ARRAY, input, depth)
  switch (tag) {
    case TAG.UNDEFINED:
      return undefined
    case TAG.NULL:
      return null
    case TAG.FALSE:
      return false
    case TAG.TRUE:
      return true
    case TAG.INT8:
      return (input.uint8() << 24) >> 24
    case TAG.INT16: {
      const low = input.uint8()
      return (((input.uint8() << 8) | low) << 16) >> 16
    }
    case TAG.INT32:
      return input.int32LE()
    case TAG.FLOAT64:
      return input.float64LE()
    case TAG.BIGINT:
      return readBigint(input)
    case TAG.STRING:
      return readUtf8(input, input.varuint())
    case TAG.STRING_UTF16:
      return readUtf16(input, input.varuint())
    case TAG.DATE:
      return new Date(input.float64LE())
    case TAG.BYTES:
      return new Uint8Array(input.block()) // a copy: the reader's memory is reused
    default:
      return readContainer(tag, input, depth)
  }
}

function readContainer(tag: number, input: ByteReader, depth: number): unknown {
  switch (tag) {
    case TAG.ARRAY:
      return readArray(readCount(input, 1), input, depth)
    case TAG.MAP:
      return readMap(readCount(input, 2), input, depth)
    case TAG.SET:
      return readSet(readCount(input, 1), input, depth)
    case TAG.OBJECT:
      return readFields({}, readCount(input, 2), input, depth)
    case TAG.BARE_OBJECT: {
      const bare: Record<string, unknown> = Object.create(null)
      return readFields(bare, readCount(input, 2), input, depth)
    }
    default:
      throw corrupt(`0x${tag.toString(16)} is no kind of value`)
  }
}

/** A count of things that take at least `bytesEach`, checked against what is left. */
function readCount(input: ByteReader, bytesEach: number): number {
  const count = input.varuint()
  if (count * bytesEach > input.remaining) {
    throw corrupt(`${count} elements are claimed, ${input.remaining} bytes are left`)
  }
  return count
}

function readBigint(input: ByteReader): bigint {
  const head = input.varuint()
  const count = Math.floor(head / 2)
  if (count > BIGINT_BYTES_MAX) throw corrupt(`a bigint of ${count} bytes`)
  const magnitude = magnitudeFromBytes(input.raw(count))
  return head % 2 === 0 ? magnitude : -magnitude
}

function readFields(
  target: Record<string, unknown>,
  count: number,
  input: ByteReader,
  depth: number,
): Record<string, unknown> {
  checkDepth(depth)
  for (let index = 0; index < count; index++) {
    setField(target, readName(input), readDynamic(input, depth + 1))
  }
  return target
}

function readName(input: ByteReader): string {
  const tag = input.uint8()
  if (tag >= TAG.SHORT_STRING && tag < TAG.SHORT_OBJECT) {
    return readFieldName(input, tag - TAG.SHORT_STRING)
  }
  if (tag === TAG.STRING) return readUtf8(input, input.varuint())
  if (tag === TAG.STRING_UTF16) return readUtf16(input, input.varuint())
  throw corrupt(`0x${tag.toString(16)} is no field name`)
}

function readArray(count: number, input: ByteReader, depth: number): unknown[] {
  checkDepth(depth)
  const array: unknown[] = []
  for (let index = 0; index < count; index++) array.push(readDynamic(input, depth + 1))
  return array
}

function readMap(count: number, input: ByteReader, depth: number): Map<unknown, unknown> {
  checkDepth(depth)
  const map = new Map<unknown, unknown>()
  for (let index = 0; index < count; index++) {
    const key = readDynamic(input, depth + 1)
    map.set(key, readDynamic(input, depth + 1))
  }
  return map
}

function readSet(count: number, input: ByteReader, depth: number): Set<unknown> {
  checkDepth(depth)
  const set = new Set<unknown>()
  for (let index = 0; index < count; index++) set.add(readDynamic(input, depth + 1))
  return set
}

function checkDepth(depth: number): void {
  if (depth >= DYNAMIC_DEPTH_MAX) throw corrupt(`nested deeper than ${DYNAMIC_DEPTH_MAX} levels`)
}
