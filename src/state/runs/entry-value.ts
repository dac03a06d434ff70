/**
 * The values of entries, format version 1 (their keys: `entry.ts`).
 *
 *     value         flags u8 | schema varuint | stamp varuint | payload
 *     row payload   (state varuint | length varuint | bytes)*, state 0: stamps of the states
 *
 * The header is readable without the job's code. The stamp is the last touch in ms + 1, 0 = none.
 */
import { MillraceError } from '../../errors.ts'
import type { ByteReader, ByteWriter } from '../../util/bytes.ts'

/** This key, and no other, is deleted. */
export const FLAG_POINT_TOMBSTONE = 1
/** All entries of OLDER runs whose key starts with this entry's key are deleted. */
export const FLAG_RANGE_TOMBSTONE = 2
/** Behind the elements of a list's chunk come their stamps. */
export const FLAG_ELEMENT_STAMPS = 4
/** The key holds names, and the payload key and value, sealed (`sealed/entry-seal.ts`). */
export const FLAG_SEALED = 8
export const FLAG_ANY_TOMBSTONE = FLAG_POINT_TOMBSTONE | FLAG_RANGE_TOMBSTONE

/**
 * The header of a value; the payload comes next. `stampMs` is the time of the last touch for
 * time-to-live, or -1 for none; times before 1970 count as 0.
 */
export function writeHeader(out: ByteWriter, flags: number, schemaId: number, stampMs = -1): void {
  out.uint8(flags)
  out.varuint(schemaId)
  out.varuint(stampMs === -1 ? 0 : Math.max(0, Math.floor(stampMs)) + 1)
}

/** The whole value of a tombstone. */
export function tombstoneValue(kind: 'point' | 'range'): Uint8Array {
  return kind === 'point' ? POINT_TOMBSTONE : RANGE_TOMBSTONE
}

const POINT_TOMBSTONE: Uint8Array = new Uint8Array([FLAG_POINT_TOMBSTONE, 0, 0])
const RANGE_TOMBSTONE: Uint8Array = new Uint8Array([FLAG_RANGE_TOMBSTONE, 0, 0])

export function flagsOf(value: Uint8Array, start = 0): number {
  return value[start] as number
}

/** A parsed header; one object serves many entries. */
export class EntryHeader {
  flags = 0
  schemaId = 0
  /** -1 if there is none. */
  stampMs = -1

  /** Reads the header; `input` then stands at the payload. */
  read(input: ByteReader): this {
    this.flags = input.uint8()
    this.schemaId = input.varuint()
    this.stampMs = input.varuint() - 1
    return this
  }
}

/** A list lies in chunks of no more elements than that. */
export const CHUNK_ELEMENTS_MAX = 64

/** How many elements a list's chunk has; not more than can be there. */
export function readChunkCount(input: ByteReader): number {
  const count = input.varuint()
  // Elements that take no bytes are not limited by those that are left.
  if (count <= Math.max(CHUNK_ELEMENTS_MAX, input.remaining)) return count
  throw new MillraceError('STORAGE_CORRUPT', `a chunk of a list claims ${count} elements`)
}

/** In place of a state's id: the field of the stamps, each a state's id and a stamp in ms. */
export const STAMPS_FIELD = 0

/** Reads the field that `fields` stands at, of `STAMPS_FIELD`; leaves `input.end` at its end. */
export function readStamps(
  input: ByteReader,
  { start, end }: FieldReader,
  each: (stateId: number, stampMs: number) => void,
): void {
  input.position = start
  input.end = end
  while (input.remaining > 0) each(input.varuint(), input.varuint())
}

/** Starts one state of a row's payload; write its value, then call `endField` with the result. */
export function beginField(out: ByteWriter, stateId: number): number {
  out.varuint(stateId)
  out.uint8(0)
  return out.length
}

/** Fills in the length of the field that `beginField` started at `start`. */
export function endField(out: ByteWriter, start: number): void {
  const fieldBytes = out.length - start
  if (fieldBytes < 0x80) {
    out.bytes[start - 1] = fieldBytes
    return
  }
  // Rare: the length needs more than the one byte kept for it, so the value moves up.
  let lengthBytes = 1
  for (let rest = fieldBytes; rest >= 0x80; rest = Math.floor(rest / 0x80)) lengthBytes++
  out.reserve(8)
  out.bytes.copyWithin(start - 1 + lengthBytes, start, start + fieldBytes)
  out.length = start - 1
  out.varuint(fieldBytes)
  out.length = start - 1 + lengthBytes + fieldBytes
}

/** Walks the fields of a row's payload: after `next()`, `stateId` and the bytes `[start, end)`. */
export class FieldReader {
  stateId = 0
  start = 0
  end = 0
  readonly #input: ByteReader

  /** `input` stands at the payload; its end is the end of the value. */
  constructor(input: ByteReader) {
    this.#input = input
    this.end = input.position
  }

  reset(): void {
    this.end = this.#input.position
  }

  next(): boolean {
    const input = this.#input
    input.position = this.end
    if (input.remaining === 0) return false
    this.stateId = input.varuint()
    const fieldBytes = input.varuint()
    input.need(fieldBytes)
    this.start = input.position
    this.end = input.position + fieldBytes
    return true
  }
}
