// Records as connectors read them: CSV, JSON and text of files, lines of sockets, logs of journals.
import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import type { ByteSource } from '../../src/connectors/file/bytes.ts'
import { csv } from '../../src/connectors/file/csv.ts'
import type { FileFormat } from '../../src/connectors/file/format.ts'
import { jsonLines, lines } from '../../src/connectors/file/lines.ts'
import { ParsedBatch } from '../../src/connectors/file/parsed-batch.ts'
import { decodeSplit } from '../../src/connectors/file/splits.ts'
import { Window } from '../../src/connectors/file/window.ts'
import {
  type Frame,
  scanSegment,
  segmentHeader,
  writeFrame,
} from '../../src/connectors/journal/segment.ts'
import { LineSplitter } from '../../src/connectors/line-splitter.ts'
import { EventTimeProgress } from '../../src/operators/watermarks.ts'
import { t } from '../../src/types/t.ts'
import type { Type } from '../../src/types/type.ts'
import { AssertionError } from '../../src/util/assert.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { type FuzzTarget, json, utf8 } from '../lib/target.ts'

const MALFORMED = ['CONNECTOR_MALFORMED_RECORD'] as const
const RECORD_BYTES_MAX = 2_000

const nothing: ByteSource = { read: () => Promise.resolve(0), close: () => Promise.resolve() }

/** Parses all of a file that is in memory already, as the reader of a split does. */
function parsed(format: FileFormat<unknown>, input: Buffer): readonly unknown[] {
  const sizeBytes = input.length
  const place = { file: 'fuzz', sizeBytes, endOffset: sizeBytes, recordBytesMax: RECORD_BYTES_MAX }
  const window = new Window(nothing, 0, place)
  Object.assign(window, { bytes: input, filled: sizeBytes, last: true })
  const parser = format.createParser()
  if (format.hasHeader && sizeBytes > 0) parser.header?.(window, 'fuzz')
  const found: unknown[] = []
  while (window.position < sizeBytes) {
    const before = window.position
    const batch = new ParsedBatch<unknown>(false)
    parser.take(window, batch)
    if (window.position === before) throw new AssertionError('a parser stands still')
    requireSound(format.type, batch)
    found.push(...batch.values, ...batch.refusals)
  }
  return found
}

/** What was parsed is of the format's type. */
function requireSound(type: Type<unknown>, { values }: ParsedBatch<unknown>): void {
  const out = new ByteWriter()
  for (const value of values) {
    out.reset()
    type.write(value, out)
  }
}

const Row = t.struct({
  id: t.string,
  count: t.int32,
  big: t.optional(t.int64),
  price: t.optional(t.float64),
  at: t.optional(t.timestamp),
  day: t.optional(t.date),
  extra: t.optional(t.json()),
  kind: t.optional(t.enum('a', 'b')),
  is: t.optional(t.boolean),
})

const csvFiles: FuzzTarget = {
  name: 'csv',
  decodes: 'CSV with declared columns (src/connectors/file/csv.ts)',
  codes: MALFORMED,
  seeds: () => [
    utf8('id,count,big,price,at,day,extra,kind,is\nx,1,9,1.5,2026-01-01,5,{"a":1},a,true\n'),
    utf8('count,"id"\r\n1,"a ""b"""\r\n\r\n2,"line\nfeed"\r\n'),
  ],
  decode: (input) => parsed(csv(Row), input),
}

const csvColumns: FuzzTarget = {
  name: 'csv-columns',
  decodes: 'CSV whose header says what there is (src/connectors/file/csv.ts)',
  codes: MALFORMED,
  seeds: () => [utf8('__proto__,toString\na,b\n'), utf8('"a","b"\n"1","2""\n"\n3,4')],
  decode: (input) => parsed(csv(), input),
}

const ROW = { id: 'x', count: 1, at: '2026-01-01', extra: { a: [1] } }

const jsonFiles: FuzzTarget = {
  name: 'json-lines',
  decodes: 'lines of JSON (src/connectors/file/lines.ts, json-values.ts)',
  codes: MALFORMED,
  seeds: () => [
    Buffer.concat([json(ROW), utf8('\r\n\n'), json({ id: 'y', count: 2, big: '9', day: 5 })]),
  ],
  decode: (input) => parsed(jsonLines(Row), input),
}

const freeJson: FuzzTarget = {
  name: 'json-free',
  decodes: 'lines of any JSON (src/connectors/file/lines.ts)',
  codes: MALFORMED,
  seeds: () => [
    utf8('{"__proto__":{"a":1}}\n[[1,null],"x",1e5]\n'),
    utf8(`${'['.repeat(200)}${']'.repeat(200)}\n`),
  ],
  decode: (input) => [parsed(jsonLines(), input), parsed(jsonLines(t.json()), input)],
}

/** However the bytes are cut into chunks, the lines are those of the whole. */
const splitter: FuzzTarget = {
  name: 'line-splitter',
  decodes: 'lines of files and sockets (src/connectors/line-splitter.ts, file/lines.ts)',
  codes: MALFORMED,
  seeds: () => [utf8('\u0003a\r\nbb\n\nccc'), utf8('\u0001größer\n\r\n')],
  decode(input) {
    const bytes = input.subarray(1)
    const size = Math.max(1, input[0] ?? 1)
    const chunked = new LineSplitter(RECORD_BYTES_MAX)
    const found: string[] = []
    for (let at = 0; at < bytes.length; at += size) {
      found.push(...chunked.take(bytes.subarray(at, at + size)))
    }
    const last = chunked.end()
    if (last !== undefined) found.push(last)
    const whole = parsed(lines(), bytes)
    if (JSON.stringify(whole) !== JSON.stringify(found)) throw new AssertionError('other lines')
    return found
  },
}

const FRAME: Frame = {
  isEnd: false,
  sequence: 5,
  count: 2,
  innerPosition: Buffer.of(1, 2),
  malformed: [{ file: 'f', line: 1, offset: 0, text: 'x', reason: 'y' }],
  records: Buffer.from('abc'),
}

function segmentOf(frames: readonly Frame[]): Buffer {
  const out = new ByteWriter()
  out.raw(segmentHeader(5))
  for (const frame of frames) writeFrame(frame, out)
  return out.copy()
}

const markers = Buffer.from('f74d52460050000000000000', 'hex')

const END: Frame = { ...FRAME, isEnd: true, count: 0, malformed: [], innerPosition: undefined }

const segments: FuzzTarget = {
  name: 'journal-segments',
  decodes: 'segments of journals (src/connectors/journal/segment.ts)',
  codes: ['STORAGE_CORRUPT'],
  seeds: () => [segmentOf([]), segmentOf([FRAME]), segmentOf([FRAME, END])],
  // Each marker claims that all that follows is its frame.
  unsound: () => [Buffer.concat([segmentOf([]), Buffer.alloc(60_000, markers)])],
  decode: (input) => [scanSegment('f', input, true), scanSegment('f', input, false)],
}

/** What is behind the checksum of a frame. */
const segmentFrames: FuzzTarget = {
  name: 'journal-frames',
  decodes: 'frames of journals behind their checksum (src/connectors/journal/segment.ts)',
  codes: ['STORAGE_CORRUPT'],
  seeds: () => [segmentOf([FRAME]).subarray(32), segmentOf([END]).subarray(32)],
  decode(input) {
    const head = Buffer.from(segmentOf([FRAME]).subarray(0, 32))
    head.writeUInt32LE(input.length, 24)
    head.writeUInt32LE(crc32(input), 28)
    const frames = scanSegment('f', Buffer.concat([head, input]), false)?.frames ?? []
    for (const { malformed } of frames) malformed.map(({ text, reason }) => `${text} ${reason}`)
    return frames
  },
}

const splits: FuzzTarget = {
  name: 'file-splits',
  decodes: 'splits of files in checkpoints (src/connectors/file/splits.ts)',
  codes: ['CHECKPOINT_INCOMPATIBLE'],
  seeds: () => {
    const identity = { sizeBytes: 10, headCrc32: 1, tailCrc32: 2 }
    return [json({ path: 'a.csv', startOffset: 0, endOffset: 10, ...identity })]
  },
  decode(input) {
    const properties = fieldsOf(input.toString('utf8'))
    return decodeSplit({ id: 'split', properties })
  },
}

/** As the checks of manifests let them through: numbers, texts, booleans. */
function fieldsOf(text: string): Record<string, string | number | boolean> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    value = undefined
  }
  const fields = Object.entries(typeof value === 'object' ? (value ?? {}) : {})
  return Object.fromEntries(
    fields.filter((field): field is [string, string | number | boolean] =>
      ['string', 'number', 'boolean'].includes(typeof field[1]),
    ),
  )
}

const eventTime: FuzzTarget = {
  name: 'event-time',
  decodes: 'what generators of watermarks had said (src/operators/watermarks.ts)',
  codes: ['STORAGE_CORRUPT'],
  seeds() {
    const out = new ByteWriter()
    out.float64LE(1_000)
    out.string('{"a":1}')
    return [out.copy()]
  },
  decode(input) {
    const reader = new ByteReader(input)
    const [watermark, generator] = [reader.float64LE(), reader.string()]
    let held: unknown
    const watermarks = (state: unknown) => {
      held = state
      return { onRecord: () => undefined, current: () => 0 }
    }
    const strategy = { timestamp: () => 0, maxOutOfOrdernessMs: 0, watermarks }
    const progress = new EventTimeProgress(strategy, { watermark, generator })
    return [progress.watermark, held]
  },
}

export const recordTargets: readonly FuzzTarget[] = [
  csvFiles,
  csvColumns,
  jsonFiles,
  freeJson,
  splitter,
  segments,
  segmentFrames,
  splits,
  eventTime,
]
