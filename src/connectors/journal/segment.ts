/**
 * The bytes of one segment of an input log: a header, then frames, each a group of records that
 * was made durable at once. A frame that a crash tore can only be the last one of the last segment;
 * it was never handed on and is cut. Everything else that does not verify is damage.
 */
import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../errors.ts'
import type { MalformedRecord } from '../../operators/source.ts'
import { ByteReader, ByteWriter } from '../../util/bytes.ts'

const MAGIC = 0x4c4a524d // "MRJL"
const FORMAT_VERSION = 1
const HEADER_BYTES = 20
const HEADER_CHECKED_BYTES = 16
/** Before each frame, so that one can be found behind damage. */
const MARKER = Buffer.from([0xf7, 0x4d, 0x52, 0x46])
const FRAME_HEADER_BYTES = 12
const RECORDS = 1
/** How many times over a segment may be looked at for frames behind damage. */
const LOOKED_AT_FACTOR = 64
const END = 2

export interface Frame {
  /** The frame ends its split; it holds no records. */
  readonly isEnd: boolean
  /** How many records of the log come before it, malformed ones included. */
  readonly sequence: number
  /** How many records `records` holds. */
  readonly count: number
  /** Where the source that is logged goes on after it, encoded; undefined: it never said. */
  readonly innerPosition: Buffer | undefined
  readonly malformed: readonly MalformedRecord[]
  /** The records, one after the other, as their type writes them. */
  readonly records: Buffer
}

/** The sequence number of the record that follows a frame. */
export function sequenceAfter({ sequence, count, malformed }: Frame): number {
  return sequence + count + malformed.length
}

export interface ScannedSegment {
  readonly firstSequence: number
  readonly frames: readonly Frame[]
  /** Where the whole frames end; what follows was torn by a crash. */
  readonly wholeBytes: number
}

export function segmentHeader(firstSequence: number): Buffer {
  const out = new ByteWriter(HEADER_BYTES)
  out.uint32LE(MAGIC)
  out.uint32LE(FORMAT_VERSION)
  out.float64LE(firstSequence)
  out.uint32LE(crc32(out.view()))
  return out.copy()
}

/** Appends a frame to `out`. */
export function writeFrame(frame: Frame, out: ByteWriter): void {
  const start = out.length
  out.raw(MARKER)
  out.uint32LE(0)
  out.uint32LE(0)
  const payloadStart = out.length
  out.uint8(frame.isEnd ? END : RECORDS)
  out.float64LE(frame.sequence)
  out.varuint(frame.count)
  out.uint8(frame.innerPosition === undefined ? 0 : 1)
  if (frame.innerPosition !== undefined) out.block(frame.innerPosition)
  out.string(frame.malformed.length === 0 ? '' : JSON.stringify(frame.malformed))
  out.block(frame.records)
  out.bytes.writeUInt32LE(out.length - payloadStart, start + 4)
  out.bytes.writeUInt32LE(crc32(out.bytes.subarray(payloadStart, out.length)), start + 8)
}

/**
 * Verifies a whole segment. `mayBeTorn` is true for the last one of a log.
 *
 * @returns undefined if a crash tore the segment before its first frame was whole.
 * @throws `STORAGE_CORRUPT` for damage.
 */
export function scanSegment(
  file: string,
  bytes: Buffer,
  mayBeTorn: boolean,
): ScannedSegment | undefined {
  const headerProblem = problemOfHeader(bytes)
  if (headerProblem !== undefined) {
    if (mayBeTorn && findFrame(bytes, 0) === undefined) return undefined
    throw corrupt(file, 0, headerProblem)
  }
  const frames: Frame[] = []
  let offset = HEADER_BYTES
  while (offset < bytes.length) {
    const end = frameEnd(bytes, offset)
    if (end === undefined) {
      const behind = findFrame(bytes, offset + 1)
      if (!mayBeTorn || behind !== undefined) throw corrupt(file, offset, 'a frame is damaged')
      break
    }
    frames.push(readFrame(file, bytes, offset, end))
    offset = end
  }
  if (frames.length === 0 && mayBeTorn) return undefined
  return { firstSequence: bytes.readDoubleLE(8), frames, wholeBytes: offset }
}

function problemOfHeader(bytes: Buffer): string | undefined {
  if (bytes.length < HEADER_BYTES) return 'the header is cut off'
  if (bytes.readUInt32LE(0) !== MAGIC) return 'it is no segment of an input log'
  const checksum = crc32(bytes.subarray(0, HEADER_CHECKED_BYTES))
  if (bytes.readUInt32LE(HEADER_CHECKED_BYTES) !== checksum) return 'the header is damaged'
  const version = bytes.readUInt32LE(4)
  return version === FORMAT_VERSION ? undefined : `format version ${version} is not known`
}

/** The end of the frame at `offset`; undefined if there is no whole one. */
function frameEnd(bytes: Buffer, offset: number): number | undefined {
  const payloadStart = offset + FRAME_HEADER_BYTES
  if (payloadStart > bytes.length) return undefined
  if (bytes.compare(MARKER, 0, MARKER.length, offset, offset + MARKER.length) !== 0) {
    return undefined
  }
  const end = payloadStart + bytes.readUInt32LE(offset + 4)
  if (end > bytes.length) return undefined
  const checksum = crc32(bytes.subarray(payloadStart, end))
  return bytes.readUInt32LE(offset + 8) === checksum ? end : undefined
}

/**
 * The offset of the first whole frame at or behind `offset`. Where so many may be one that looking
 * at them would take for ever, the next counts: records that are made of markers are no torn end.
 */
function findFrame(bytes: Buffer, offset: number): number | undefined {
  let claimedBytes = 0
  for (let at = bytes.indexOf(MARKER, offset); at >= 0; at = bytes.indexOf(MARKER, at + 1)) {
    if (frameEnd(bytes, at) !== undefined) return at
    if (at + FRAME_HEADER_BYTES > bytes.length) continue
    claimedBytes += Math.min(bytes.readUInt32LE(at + MARKER.length), bytes.length - at)
    if (claimedBytes > LOOKED_AT_FACTOR * bytes.length) return at
  }
  return undefined
}

function readFrame(file: string, bytes: Buffer, offset: number, end: number): Frame {
  const input = new ByteReader(bytes, offset + FRAME_HEADER_BYTES, end)
  const kind = input.uint8()
  const sequence = input.float64LE()
  const count = input.varuint()
  const innerPosition = input.uint8() === 0 ? undefined : input.block()
  const malformed = input.string()
  const records = input.block()
  if ((kind !== RECORDS && kind !== END) || input.remaining > 0) {
    throw corrupt(file, offset, 'a frame of an unknown kind')
  }
  return {
    isEnd: kind === END,
    sequence,
    count,
    innerPosition,
    malformed: malformed === '' ? [] : malformedOf(malformed, file, offset),
    records,
  }
}

function malformedOf(text: string, file: string, offset: number): readonly MalformedRecord[] {
  try {
    const found: unknown = JSON.parse(text)
    // The checksum says that `writeFrame` wrote it, which writes lists only.
    if (Array.isArray(found)) return found as MalformedRecord[]
  } catch {
    // No JSON: it is said below.
  }
  throw corrupt(file, offset, 'its malformed records are no list')
}

export function corrupt(file: string, offset: number, problem: string): MillraceError {
  return new MillraceError('STORAGE_CORRUPT', `the input log ${file}, byte ${offset}: ${problem}`, {
    cure: 'restore the file from a copy, or start with --fresh and an empty log',
    details: { file, offset },
  })
}
