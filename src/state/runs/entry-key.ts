/**
 * Keys of entries taken apart again: where the row of an entry ends, and each kind of key as its
 * parts. What builds keys is `entry.ts`.
 */
import { MillraceError } from '../../errors.ts'
import { readKey, skipKey } from '../../types/keys.ts'
import { ByteReader } from '../../util/bytes.ts'
import type { RecordKind } from '../snapshot.ts'
import {
  DOMAIN_EVENT_TIME,
  DOMAIN_PROCESSING_TIME,
  KEY_HEAD_BYTES,
  keyGroupOfKey,
  NO_BYTES,
  operatorOfKey,
  readEscaped,
  readOrderedFloat64,
  recordKindOf,
  SCALAR_ROW,
  RECORDS_KEY_GROUP,
  SECTION_EXPIRY,
  SECTION_ROWS,
  SECTION_TIMERS,
  sectionOfKey,
} from './entry.ts'

/** Of a state's id and the end of the namespace. */
export const SCALAR_SUFFIX_BYTES = 3
export const SCALAR_SUFFIX: Uint8Array = new Uint8Array(SCALAR_SUFFIX_BYTES)

/** What the key of a timer or mark begins with: head, clock and time. */
export const TIME_HEAD_BYTES: number = KEY_HEAD_BYTES + 9

const input = new ByteReader(new Uint8Array(0))

/** True for the keys that filters know: rows and collections of keyed state. */
export function isRowKey(key: Uint8Array, keyBytes = key.length): boolean {
  return (
    keyBytes > KEY_HEAD_BYTES &&
    sectionOfKey(key) === SECTION_ROWS &&
    keyGroupOfKey(key) !== RECORDS_KEY_GROUP
  )
}

/** Length of the part that all entries of one key of one operator share; for row keys only. */
export function rowPrefixLength(key: Uint8Array, keyBytes = key.length): number {
  input.reset(key, KEY_HEAD_BYTES, keyBytes)
  skipKey(input)
  return input.position
}

/** True if what follows the prefix of a row is the id of its scalar states, with no namespace. */
export function isScalarKey(key: Uint8Array, prefixBytes: number): boolean {
  if (key.length !== prefixBytes + SCALAR_SUFFIX_BYTES) return false
  return key[prefixBytes] === 0 && key[prefixBytes + 1] === SCALAR_ROW
}

/** True if all that is left of a key, behind that of its row, is what `isScalarKey` means. */
export function isScalarSuffix({ bytes, position, remaining }: ByteReader): boolean {
  if (remaining !== SCALAR_SUFFIX_BYTES) return false
  return bytes[position] === 0 && bytes[position + 1] === SCALAR_ROW && bytes[position + 2] === 0
}

/** An entry of section rows: a scalar row (`stateId` 0) or one entry of a collection. */
export interface RowKey {
  readonly keyGroup: number
  readonly operatorId: number
  readonly key: unknown
  readonly stateId: number
  readonly namespace: Uint8Array
  /** Canonical bytes of the map key, or the u32 chunk number of a list. A view. */
  readonly userKey: Uint8Array
}

export function readRowKey(bytes: Uint8Array): RowKey {
  expectSection(bytes, SECTION_ROWS, SECTION_ROWS)
  input.reset(bytes, KEY_HEAD_BYTES)
  const key = readKey(input)
  const stateId = input.uint16BE()
  const namespace = readEscaped(input)
  const userKey = input.remaining === 0 ? NO_BYTES : input.raw(input.remaining)
  return {
    keyGroup: keyGroupOfKey(bytes),
    operatorId: operatorOfKey(bytes),
    key,
    stateId,
    namespace,
    userKey,
  }
}

/** A timer or an expiry mark. */
export interface TimeKey {
  readonly section: typeof SECTION_TIMERS | typeof SECTION_EXPIRY
  readonly keyGroup: number
  readonly operatorId: number
  readonly domain: number
  readonly timeMs: number
  readonly key: unknown
  readonly name: Uint8Array
}

export function readTimeKey(bytes: Uint8Array): TimeKey {
  const section = expectSection(bytes, SECTION_TIMERS, SECTION_EXPIRY)
  input.reset(bytes, KEY_HEAD_BYTES)
  const domain = input.uint8()
  if (domain !== DOMAIN_EVENT_TIME && domain !== DOMAIN_PROCESSING_TIME) {
    throw malformed(`its clock is ${domain}`)
  }
  const timeMs = readOrderedFloat64(input)
  if (Number.isNaN(timeMs)) throw malformed('its time is no number')
  const key = readKey(input)
  const name = readEscaped(input)
  if (input.remaining !== 0) throw malformed('bytes follow the name of a timer')
  return {
    section: section === SECTION_TIMERS ? SECTION_TIMERS : SECTION_EXPIRY,
    keyGroup: keyGroupOfKey(bytes),
    operatorId: operatorOfKey(bytes),
    domain,
    timeMs,
    key,
    name,
  }
}

/** A non-keyed record. */
export interface RecordKey {
  readonly operatorId: number
  readonly kind: RecordKind
  readonly subtaskIndex: number
  readonly name: Uint8Array
  readonly index: number
}

export function readRecordKey(bytes: Uint8Array): RecordKey {
  if (bytes.length < KEY_HEAD_BYTES || keyGroupOfKey(bytes) !== RECORDS_KEY_GROUP) {
    throw malformed('it is not that of a record')
  }
  const kind = recordKindOf(sectionOfKey(bytes))
  input.reset(bytes, KEY_HEAD_BYTES)
  const subtaskIndex = input.uint16BE()
  const name = readEscaped(input)
  const index = input.uint32BE()
  if (input.remaining !== 0) throw malformed('bytes follow the index of a record')
  return { operatorId: operatorOfKey(bytes), kind, subtaskIndex, name, index }
}

function expectSection(bytes: Uint8Array, lowest: number, highest: number): number {
  const section = bytes.length < KEY_HEAD_BYTES ? -1 : sectionOfKey(bytes)
  if (section < lowest || section > highest || keyGroupOfKey(bytes) === RECORDS_KEY_GROUP) {
    throw malformed(`its section is ${section}`)
  }
  return section
}

function malformed(why: string): MillraceError {
  return new MillraceError('STORAGE_CORRUPT', `the key of an entry is malformed: ${why}`)
}
