// Run files, part by part: each part is checked by a checksum before it is read, which chance would
// hardly get past. An input is what is behind the checksum. The whole of a file is `run-file`.
import { Buffer } from 'node:buffer'
import { crc32 } from 'node:zlib'
import type { Entry } from '../../src/state/backend.ts'
import { CODEC_ZSTD } from '../../src/state/runs/block-index.ts'
import { BlockTable } from '../../src/state/runs/block-table.ts'
import {
  BlockBuilder,
  decodeBlock,
  entriesBetween,
  findInBlock,
} from '../../src/state/runs/block.ts'
import { compareBytes } from '../../src/state/runs/entry.ts'
import { readFooter, type RunFooter, writeFooter } from '../../src/state/runs/run-format.ts'
import { readTrailer, TRAILER_BYTES } from '../../src/state/runs/run-trailer.ts'
import { SnapshotReader } from '../../src/state/runs/snapshot-reader.ts'
import type { RunReference } from '../../src/state/snapshot.ts'
import { MemoryBlobStore } from '../../src/storage/memory.ts'
import { AssertionError } from '../../src/util/assert.ts'
import { ByteReader, ByteWriter } from '../../src/util/bytes.ts'
import { goldenEntries, goldenRuns } from '../lib/golden.ts'
import type { FuzzTarget } from '../lib/target.ts'

const RUN_BYTES_MAX = 8_000
/** Keys of a block, whatever its length claims. */
const KEYS_BYTES_MAX = 2 << 20

/** Those of the golden snapshot that are small enough to change much of them. */
const smallRuns = () => [...goldenRuns()].filter(({ bytes }) => bytes.length < RUN_BYTES_MAX)

/** The first four bytes are the length of the file. */
const trailer: FuzzTarget = {
  name: 'run-trailer',
  decodes: 'trailers of run files (src/state/runs/run-format.ts)',
  codes: ['STORAGE_CORRUPT'],
  seeds: () => smallRuns().map(({ bytes }) => Buffer.concat([length32(bytes.length), tail(bytes)])),
  decode(input) {
    const fileBytes = new ByteReader(input).uint32BE()
    return readTrailer(input.subarray(4), fileBytes)
  },
}

const tail = (bytes: Buffer): Buffer => bytes.subarray(-TRAILER_BYTES)

function length32(count: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeUInt32BE(count)
  return bytes
}

/** The first four bytes are where the blocks end. */
const footer: FuzzTarget = {
  name: 'run-footer',
  decodes: 'footers of run files (src/state/runs/run-format.ts)',
  codes: ['STORAGE_CORRUPT'],
  *seeds() {
    for (const { bytes } of smallRuns()) {
      const { footerOffset } = readTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length)
      yield Buffer.concat([length32(footerOffset), bytes.subarray(footerOffset, -TRAILER_BYTES)])
    }
  },
  decode(input) {
    const reader = new ByteReader(input)
    const offset = reader.uint32BE()
    return { offset, footer: readFooter(input.subarray(4), offset) }
  },
  encode(decoded) {
    // Of `decode`.
    const { offset, footer: found } = decoded as { offset: number; footer: RunFooter }
    const out = new ByteWriter()
    out.uint32BE(offset)
    writeFooter(out, found)
    return out.copy()
  },
}

/** Two numbers of the index, then the block. Look-ups must find what unfolding finds. */
const block: FuzzTarget = {
  name: 'run-block',
  decodes: 'blocks of run files (src/state/runs/block.ts)',
  codes: ['STORAGE_CORRUPT'],
  // As much as the keys of a block may take when they are unfolded.
  bufferBytesMax: 3 << 20,
  *seeds() {
    const builder = new BlockBuilder()
    for (const { key, value } of goldenEntries().slice(0, 300)) {
      builder.add(key, value)
      if (builder.entries < 20) continue
      yield framedBlock(builder)
      builder.reset()
    }
    yield framedBlock(builder)
  },
  decode(input) {
    const reader = new ByteReader(input)
    const entries = reader.varuint()
    const keyBytes = reader.varuint()
    const raw = input.subarray(reader.position)
    const found = decodeBlock(raw, entries, Math.min(keyBytes, KEYS_BYTES_MAX))
    requireFound(raw, found)
    requireRest(raw, found)
    return found.map(({ key, value }) => [Buffer.from(key), Buffer.from(value)])
  },
}

function framedBlock(builder: BlockBuilder): Buffer {
  const out = new ByteWriter()
  out.varuint(builder.entries)
  out.varuint(builder.keyBytes)
  out.raw(builder.out.view())
  return out.copy()
}

function requireFound(raw: Uint8Array, entries: readonly Entry[]): void {
  for (const { key, value } of entries.slice(0, 20)) {
    const found = findInBlock(raw, key)
    if (found === undefined || compareBytes(found, value) !== 0) {
      throw new AssertionError('a look-up does not find what is there')
    }
  }
}

function requireRest(raw: Uint8Array, entries: readonly Entry[]): void {
  const middle = entries[entries.length >> 1]
  if (middle === undefined) return
  const rest = entriesBetween(raw, KEYS_BYTES_MAX, middle.key, undefined)
  if (rest.length !== entries.length - (entries.length >> 1)) {
    throw new AssertionError('a part of a block is not what the whole holds')
  }
}

/** What a footer says of a compressed block, then the block. */
const compressed: FuzzTarget = {
  name: 'run-compressed',
  decodes: 'compressed blocks (src/state/runs/block-table.ts)',
  codes: ['STORAGE_CORRUPT'],
  bufferBytesMax: 3 << 20,
  *seeds() {
    for (const { bytes } of smallRuns()) {
      const { footerOffset } = readTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length)
      const { blocks } = readFooter(bytes.subarray(footerOffset, -TRAILER_BYTES), footerOffset)
      for (const { codec, rawBytes, entries, keyBytes, offsetBytes, storedBytes } of blocks) {
        if (codec !== CODEC_ZSTD) continue
        const out = new ByteWriter()
        for (const number of [rawBytes, entries, keyBytes]) out.varuint(number)
        out.raw(bytes.subarray(offsetBytes, offsetBytes + storedBytes))
        yield out.copy()
      }
    }
  },
  decode(input) {
    const reader = new ByteReader(input)
    const rawBytes = Math.min(reader.varuint(), 1 << 20)
    const [entries, keyBytes] = [reader.varuint(), Math.min(reader.varuint(), 1 << 20)]
    const stored = input.subarray(reader.position)
    const info = { firstKey: EMPTY, offsetBytes: 0, storedBytes: stored.length, rawBytes, entries }
    const blocks = [{ ...info, keyBytes, codec: CODEC_ZSTD, checksum: crc32(stored) }]
    const parts = { entries, lastKey: EMPTY, blocks, filters: [], rangeTombstones: [] }
    const out = new ByteWriter()
    writeFooter(out, { metadata, ...parts })
    const footer = readFooter(out.view(), stored.length)
    return new BlockTable('run', footer).unfold(stored, 0).length
  },
}

const EMPTY = new Uint8Array(0)

const metadata = {
  jobName: 'fuzz',
  checkpointId: 1,
  leaderEpoch: 1,
  maxParallelism: 128,
  keyGroups: { start: 0, end: 127 },
  operators: [],
}

const FILE = 'runs/0-1-v0-s0.run'

/** With what the file itself says of its operators, as tools read a run without a manifest. */
const file: FuzzTarget = {
  name: 'run-file',
  decodes: 'whole run files (src/state/runs/run-reader.ts, snapshot-reader.ts)',
  codes: ['STORAGE_CORRUPT', 'STORAGE_NOT_FOUND', 'TYPE_INVALID', 'CHECKPOINT_INCOMPATIBLE'],
  isAsync: true,
  bufferBytesMax: 3 << 20,
  // It is compressed, and read once for each operator.
  heapFactor: 20_000,
  seeds: () => smallRuns().map(({ bytes }) => bytes),
  async decode(input) {
    const bytes = sealed(input)
    const store = new MemoryBlobStore('memory:fuzz', new Map([[FILE, bytes]]))
    const run = referenceTo(bytes)
    const reader = await SnapshotReader.open(store, [run], [run])
    await reader.verify()
    const found: unknown[] = []
    for (const { uid } of reader.operators) {
      for await (const row of reader.rows(uid)) found.push(row)
      for await (const timer of reader.timers(uid)) found.push(timer)
    }
    for await (const record of reader.records()) found.push(record)
    return found
  },
}

/** As the manifest would have it. */
function referenceTo(bytes: Buffer): RunReference {
  const hasTrailer = bytes.length >= TRAILER_BYTES
  const footerChecksum = hasTrailer ? bytes.readUInt32BE(bytes.length - TRAILER_BYTES + 12) : 0
  const facts = { name: FILE, lengthBytes: bytes.length, footerChecksum }
  return { ...facts, entries: entriesIn(bytes), keyGroups: { start: 0, end: 127 } }
}

/** With the checksum of its footer made right, so that something else is wrong. */
function sealed(input: Buffer): Buffer {
  const bytes = Buffer.from(input)
  if (bytes.length < TRAILER_BYTES) return bytes
  const at = bytes.length - TRAILER_BYTES
  const footerOffset = bytes.readUInt32BE(at + 4)
  if (footerOffset < at) {
    bytes.writeUInt32BE(at - footerOffset, at + 8)
    bytes.writeUInt32BE(crc32(bytes.subarray(footerOffset, at)), at + 12)
  }
  return bytes
}

function entriesIn(bytes: Buffer): number {
  try {
    const { footerOffset } = readTrailer(bytes.subarray(-TRAILER_BYTES), bytes.length)
    return readFooter(bytes.subarray(footerOffset, -TRAILER_BYTES), footerOffset).entries
  } catch {
    return 0
  }
}

export const runTargets: readonly FuzzTarget[] = [trailer, footer, block, compressed, file]
