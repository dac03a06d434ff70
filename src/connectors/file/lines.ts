/**
 * Formats in which each line is a record: plain lines and JSON. Lines end with LF or CRLF, the last
 * one may lack it. Short lines are cut from pieces that are decoded in one call, which takes as
 * long as ten cuts (measured). A line keeps its piece alive in a job's state, so pieces are small.
 */
import { Buffer } from 'node:buffer'
import { isMillraceError, messageOf } from '../../errors.ts'
import { TextLine } from '../../operators/text/line.ts'
import { dynamicType } from '../../types/dynamic.ts'
import { t } from '../../types/t.ts'
import type { Type } from '../../types/type.ts'
import '../../util/buffer-natives.ts'
import { ByteWriter } from '../../util/bytes.ts'
import { jsonEncoder, textEncoder } from './encoders.ts'
import type { FileFormat, RecordParser } from './format.ts'
import { jsonConverter } from './json-values.ts'
import type { ParsedBatch } from './parsed-batch.ts'
import type { Window } from './window.ts'

const LINE_FEED = 10
const CARRIAGE_RETURN = 13
const SCRATCH_BYTES_KEPT = 65_536
const PIECE_BYTES = 512

/**
 * Each line a string, without its line end; empty lines are records too.
 *
 * @example
 * fileSource({ path: 'access.log', format: lines() })
 */
export function lines(): FileFormat<string> {
  return Object.freeze<FileFormat<string>>({
    name: 'lines',
    type: t.string,
    splittable: true,
    hasHeader: false,
    createParser: () => ({
      take(window: Window, batch: ParsedBatch<string>): void {
        const { values } = batch
        takeLines(window, batch, (line) => values.push(line))
      },
    }),
    createTextParser: () => ({ take: takeTextLines }),
    encoder: textEncoder,
  })
}

/**
 * Each line a JSON value, checked against the type. Fields that the type does not have are left
 * out, blank lines are passed over; what JSON cannot carry is read from text: `int64` from digits,
 * `date` and `timestamp` from ISO 8601, `bytes` from base64.
 *
 * @example
 * fileSource({ path: 'orders/*.jsonl', format: jsonLines(Order) })
 */
export function jsonLines<T>(type: Type<T> = dynamicType<T>()): FileFormat<T> {
  return Object.freeze<FileFormat<T>>({
    name: 'jsonLines',
    type,
    splittable: true,
    hasHeader: false,
    createParser: () => new JsonLinesParser(type),
    encoder: jsonEncoder,
  })
}

class JsonLinesParser<T> implements RecordParser<T> {
  readonly #type: Type<T>
  readonly #convert: (json: unknown) => unknown
  #scratch = new ByteWriter()

  constructor(type: Type<T>) {
    this.#type = type
    this.#convert = jsonConverter(type.schema)
  }

  take(window: Window, batch: ParsedBatch<T>): void {
    takeLines(window, batch, (line, offset) => {
      if (line.trim() === '') return
      try {
        batch.values.push(this.#parse(line))
      } catch (error) {
        batch.refuse(offset, line, reasonOf(error))
      }
    })
  }

  #parse(line: string): T {
    // The write below checks that the value is what the type says.
    const value = this.#convert(JSON.parse(line)) as T
    if (this.#scratch.bytes.length > SCRATCH_BYTES_KEPT) this.#scratch = new ByteWriter()
    this.#scratch.reset()
    this.#type.write(value, this.#scratch)
    return value
  }
}

/** Why a value does not fit; what is no refusal of a value is thrown on. */
export function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) return messageOf(error)
  if (isMillraceError(error) && error.code === 'TYPE_MISMATCH') return error.message
  throw error
}

/**
 * The same lines as bytes: those of a batch are copied together, for the window moves on. No line
 * is refused here, so that all are looked for at once.
 */
function takeTextLines(window: Window, batch: ParsedBatch<TextLine>): void {
  const { bytes, filled, position: from } = window
  const limit = Math.min(window.limit, filled)
  const most = batch.room
  const ends: number[] = []
  let to = from
  while (to < limit && ends.length < most) {
    const end = lineEnd(window, to)
    if (end < 0) break
    ends.push(end - from)
    to = Math.min(end + 1, filled)
  }
  const copied = Buffer.allocUnsafeSlow(to - from + 1)
  bytes.copy(copied, 0, from, to)
  copied[to - from] = LINE_FEED // the last line of a file may lack it
  let start = 0
  for (const end of ends) {
    batch.values.push(new TextLine(copied, start, textEnd(copied, start, end)))
    start = end + 1
  }
  batch.lines += ends.length
  window.position = to
}

/** Hands over each whole line of ours, decoded, with the offset in the file where it begins. */
function takeLines<T>(
  window: Window,
  batch: ParsedBatch<T>,
  take: (line: string, offset: number) => void,
): void {
  const { bytes, ascii, filled } = window
  let piece = ''
  let pieceStart = 0
  let pieceEnd = 0
  findLines(window, batch, (start, end) => {
    if (!ascii) return take(bytes.utf8Slice(start, end), window.offsetOf(start))
    if (end > pieceEnd) {
      pieceStart = start
      pieceEnd = Math.max(end, Math.min(start + PIECE_BYTES, filled))
      piece = bytes.latin1Slice(start, pieceEnd)
    }
    take(piece.slice(start - pieceStart, end - pieceStart), window.offsetOf(start))
  })
}

/** Finds the whole lines that are ours: where the text of each starts and ends in the window. */
function findLines<T>(
  window: Window,
  batch: ParsedBatch<T>,
  take: (start: number, end: number) => void,
): void {
  const { bytes, filled } = window
  const limit = Math.min(window.limit, filled)
  let { position } = window
  while (position < limit && !batch.isFull) {
    const end = lineEnd(window, position)
    if (end < 0) break
    take(position, textEnd(bytes, position, end))
    batch.lines++
    position = Math.min(end + 1, filled)
  }
  window.position = position
}

/** Where a line ends that begins at `start`; -1 if its end is not in the window yet. */
function lineEnd({ bytes, filled, last }: Window, start: number): number {
  const end = bytes.indexOf(LINE_FEED, start)
  if (end >= 0 && end < filled) return end
  return last ? filled : -1
}

/** Where the text of a line ends: a carriage return before its end is none of it. */
function textEnd(bytes: Buffer, start: number, end: number): number {
  return end > start && bytes[end - 1] === CARRIAGE_RETURN ? end - 1 : end
}
