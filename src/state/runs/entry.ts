/**
 * The keys of entries, format version 1 (their values: `entry-value.ts`). Keys are compared as
 * unsigned bytes; that order is the order of every run, merge and restore.
 *
 *     rows     key group u16 | operator u16 | 0 | key | state u16 | namespace | user key
 *     timers   key group u16 | operator u16 | 1 | domain u8 | time 8 | key | name
 *     expiry   key group u16 | operator u16 | 2 | domain u8 | time 8 | key | name
 *     records  0xFFFF        | operator u16 | kind u8 | subtask u16 | name | index u32
 *
 * Integers are big-endian. `key` is the canonical, self-delimiting form of `types/keys.ts`;
 * namespace and name are escaped and terminated, so that no key is cut in two by its neighbour.
 * Functions that write append to a `ByteWriter`; what parses keys is in `entry-key.ts`.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import { asBuffer, type ByteReader, type ByteWriter } from '../../util/bytes.ts'
import type { RecordKind } from '../snapshot.ts'

export const SECTION_ROWS = 0
export const SECTION_TIMERS = 1
export const SECTION_EXPIRY = 2

/** The key group of everything that is not keyed; real ones end at 32,767. */
export const RECORDS_KEY_GROUP = 0xffff
/** The state id of the one entry that holds all scalar states of a key. */
export const SCALAR_ROW = 0

/** Bytes of key group, operator and section: what each key starts with. */
export const KEY_HEAD_BYTES = 5
/** No key is longer; a user's key is far below it. */
export const KEY_BYTES_MAX = 1 << 20

/** The clock that a timer or expiry stamp is measured by. */
export const DOMAIN_EVENT_TIME = 0
export const DOMAIN_PROCESSING_TIME = 1

/** What most keys have for a namespace, and rows for a user key. */
export const NO_BYTES: Uint8Array = new Uint8Array(0)

const RECORD_KINDS: readonly (RecordKind | undefined)[] = [
  undefined,
  'operator-list',
  'union-list',
  'broadcast',
  'channel-data',
  'committable',
  'watermark',
  'split',
  'finished-task',
]

/** The number of a record kind in keys; part of the format. */
function recordKindNumber(kind: RecordKind): number {
  const number = RECORD_KINDS.indexOf(kind)
  assert(number > 0, `unknown record kind ${kind}`)
  return number
}

export function recordKindOf(number: number): RecordKind {
  const kind = RECORD_KINDS[number]
  if (kind === undefined) throw new MillraceError('STORAGE_CORRUPT', `record kind ${number}`)
  return kind
}

/** Starts the key of a row or of a collection's entry; the canonical key bytes come next. */
export function beginRowKey(out: ByteWriter, keyGroup: number, operatorId: number): void {
  beginKey(out, keyGroup, operatorId, SECTION_ROWS)
}

/** After the canonical key: makes it the key of the row of scalar states. */
export function endScalarRowKey(out: ByteWriter): void {
  out.uint16BE(SCALAR_ROW)
  out.uint8(0)
}

/**
 * After the canonical key: names a collection state. The user key (canonical key bytes of a map,
 * or `out.uint32BE(chunk)` of a list) comes next. Without one it is the prefix of the whole
 * collection, which is what a range tombstone that clears it carries.
 */
export function endStateKey(out: ByteWriter, stateId: number, namespace?: Uint8Array): void {
  assert(stateId > 0 && stateId <= 0xffff, `state id ${stateId}`)
  out.uint16BE(stateId)
  if (namespace === undefined) out.uint8(0)
  else writeEscaped(out, namespace)
}

/**
 * Starts the key of a timer (`SECTION_TIMERS`) or expiry mark (`SECTION_EXPIRY`); the canonical
 * key bytes and `writeEscaped(out, name)` come next.
 */
export function beginTimeKey(
  out: ByteWriter,
  section: typeof SECTION_TIMERS | typeof SECTION_EXPIRY,
  keyGroup: number,
  operatorId: number,
  domain: number,
  timeMs: number,
): void {
  beginKey(out, keyGroup, operatorId, section)
  out.uint8(domain)
  writeOrderedFloat64(out, timeMs)
}

/** The whole key of a non-keyed record. `index` tells apart the parts of one name. */
export function writeRecordKey(
  out: ByteWriter,
  operatorId: number,
  kind: RecordKind,
  subtaskIndex: number,
  name: Uint8Array,
  index: number,
): void {
  beginKey(out, RECORDS_KEY_GROUP, operatorId, recordKindNumber(kind))
  out.uint16BE(subtaskIndex)
  writeEscaped(out, name)
  out.uint32BE(index)
}

/** Key group, operator and section. */
export function beginKey(
  out: ByteWriter,
  keyGroup: number,
  operatorId: number,
  section: number,
): void {
  assert(keyGroup >= 0 && keyGroup <= RECORDS_KEY_GROUP, `key group ${keyGroup}`)
  assert(operatorId > 0 && operatorId <= 0xffff, `operator id ${operatorId}`)
  out.reserve(KEY_HEAD_BYTES)
  const { bytes, length } = out
  bytes[length] = keyGroup >>> 8
  bytes[length + 1] = keyGroup
  bytes[length + 2] = operatorId >>> 8
  bytes[length + 3] = operatorId
  bytes[length + 4] = section
  out.length = length + KEY_HEAD_BYTES
}

export function keyGroupOfKey(key: Uint8Array): number {
  return ((key[0] as number) << 8) | (key[1] as number)
}

export function operatorOfKey(key: Uint8Array): number {
  return ((key[2] as number) << 8) | (key[3] as number)
}

export function sectionOfKey(key: Uint8Array): number {
  return key[4] as number
}

/** Appends bytes so that their end is marked and order is kept: 00 → 01 01, 01 → 01 02, end 00. */
export function writeEscaped(out: ByteWriter, source: Uint8Array): void {
  out.reserve(source.length * 2 + 1)
  const { bytes } = out
  let { length } = out
  for (let index = 0; index < source.length; index++) {
    const byte = source[index] as number
    if (byte <= 1) {
      bytes[length++] = 1
      bytes[length++] = byte + 1
    } else bytes[length++] = byte
  }
  bytes[length++] = 0
  out.length = length
}

/** Moves past what `writeEscaped` wrote. */
function skipEscaped(input: ByteReader): void {
  for (;;) {
    const byte = input.uint8()
    if (byte === 0) return
    if (byte === 1) {
      const second = input.uint8()
      if (second !== 1 && second !== 2) throw badEscape(second)
    }
  }
}

/** Reads what `writeEscaped` wrote. */
export function readEscaped(input: ByteReader): Uint8Array {
  const start = input.position
  skipEscaped(input)
  if (input.position === start + 1) return NO_BYTES
  const raw = new Uint8Array(input.position - start - 1)
  let length = 0
  for (let index = start; index < input.position - 1; index++) {
    const byte = input.bytes[index] as number
    raw[length++] = byte === 1 ? (input.bytes[++index] as number) - 1 : byte
  }
  return length === raw.length ? raw : raw.slice(0, length)
}

function badEscape(byte: number): MillraceError {
  return new MillraceError('STORAGE_CORRUPT', `the byte ${byte} after an escape`)
}

/** A float64 whose bytes sort as the number does; −0 becomes 0, NaN is refused. */
export function writeOrderedFloat64(out: ByteWriter, value: number): void {
  assert(!Number.isNaN(value), 'NaN has no place in an order')
  out.reserve(8)
  const start = out.length
  const { bytes } = out
  out.length = bytes.writeDoubleBE(value + 0, start)
  if (value < 0) {
    for (let index = start; index < start + 8; index++) bytes[index] = ~(bytes[index] as number)
  } else bytes[start] = (bytes[start] as number) ^ 0x80
}

const orderedScratch = Buffer.alloc(8)

export function readOrderedFloat64(input: ByteReader): number {
  orderedScratch.set(input.raw(8))
  const first = orderedScratch[0] as number
  if (first >= 0x80) orderedScratch[0] = first ^ 0x80
  else
    for (let index = 0; index < 8; index++)
      orderedScratch[index] = ~(orderedScratch[index] as number)
  return orderedScratch.readDoubleBE(0)
}

/** Order of keys: unsigned bytes, a prefix before what it starts. Negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length)
  // Native code wins only on long common prefixes; the call alone costs some 30 steps.
  const limit = Math.min(shorter, 32)
  for (let index = 0; index < limit; index++) {
    const difference = (a[index] as number) - (b[index] as number)
    if (difference !== 0) return difference
  }
  if (limit === shorter) return a.length - b.length
  return asBuffer(a).compare(b, 32, b.length, 32, a.length)
}

/** `prefixBytes`: so much of `prefix` counts. */
export function startsWith(
  bytes: Uint8Array,
  prefix: Uint8Array,
  prefixBytes = prefix.length,
): boolean {
  if (bytes.length < prefixBytes) return false
  // From the end: neighbours in a run share their beginnings.
  for (let index = prefixBytes - 1; index >= 0; index--) {
    if (bytes[index] !== prefix[index]) return false
  }
  return true
}

/** The first key behind all that start with `prefix`. */
export function endOfPrefix(prefix: Uint8Array): Buffer {
  let length = prefix.length
  while (length > 0 && prefix[length - 1] === 0xff) length--
  assert(length > 0, 'a prefix of only 0xff has no end')
  const end = Buffer.from(prefix.subarray(0, length))
  end[length - 1] = (end[length - 1] as number) + 1 // below 0xff
  return end
}
