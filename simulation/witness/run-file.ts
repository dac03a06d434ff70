/**
 * A run file read by the documented format (`docs/internals/snapshot-format.md`) and in whole, with
 * nothing of the engine's readers: what the witness holds its memory against.
 */
import { zstdDecompressSync } from 'node:zlib'
import { ByteReader } from '../../src/util/bytes.ts'

/** One entry, taken apart as far as merging needs. Keys and values are Latin-1 text of bytes. */
export interface RunEntry {
  readonly key: string
  readonly keyGroup: number
  readonly operatorId: number
  readonly isTombstone: boolean
  /** Deletes in older runs all keys that begin like its own. */
  readonly isRange: boolean
  /** Of the types that the value was written under. */
  readonly age: number
  readonly payload: string
}

export interface RunFile {
  readonly entries: readonly RunEntry[]
  /** The keys of its range tombstones. */
  readonly ranges: readonly string[]
}

const TRAILER_BYTES = 28
const HEAD_BYTES = 5
const FLAG_POINT = 1
const FLAG_RANGE = 2
const CODEC_ZSTD = 1

/** The checksum of its footer, by which a reference knows a run. */
export function footerChecksumOf(bytes: Uint8Array): number {
  const { byteLength, byteOffset, buffer } = bytes
  if (byteLength < TRAILER_BYTES) return -1
  return new DataView(buffer, byteOffset + byteLength - TRAILER_BYTES + 12, 4).getUint32(0)
}

export function parseRun(bytes: Uint8Array): RunFile {
  const trailer = new DataView(bytes.buffer, bytes.byteOffset + bytes.length - TRAILER_BYTES, 28)
  const footer = new ByteReader(bytes, Number(trailer.getBigUint64(0)))
  footer.block() // metadata
  footer.varuint()
  footer.block() // last key
  const entries: RunEntry[] = []
  const blocks = footer.varuint()
  let offset = 0
  const lengths: { readonly stored: number; readonly raw: number; readonly codec: number }[] = []
  for (let index = 0; index < blocks; index++) {
    footer.block() // first key
    const [stored, raw, codec] = [footer.varuint(), footer.varuint(), footer.uint8()]
    footer.varuint()
    footer.varuint()
    footer.uint32BE()
    lengths.push({ stored, raw, codec })
  }
  const filters = new Map<number, number>()
  for (let left = footer.varuint(); left > 0; left--) {
    filters.set(footer.varuint(), footer.varuint())
    footer.uint32BE()
  }
  for (const [index, { stored, codec }] of lengths.entries()) {
    offset += filters.get(index) ?? 0
    const block = bytes.subarray(offset, offset + stored)
    addEntries(codec === CODEC_ZSTD ? zstdDecompressSync(block) : block, entries)
    offset += stored
  }
  return { entries, ranges: entries.filter(({ isRange }) => isRange).map(({ key }) => key) }
}

function addEntries(block: Uint8Array, entries: RunEntry[]): void {
  const input = new ByteReader(block)
  let key = ''
  while (input.remaining > 0) {
    const [shared, rest, length] = [input.varuint(), input.varuint(), input.varuint()]
    key = key.slice(0, shared) + textOf(input.raw(rest))
    entries.push(entryOf(key, input.raw(length)))
  }
}

function entryOf(key: string, value: Uint8Array): RunEntry {
  const header = new ByteReader(value)
  const [flags, age] = [header.uint8(), header.varuint()]
  header.varuint() // stamp
  return {
    key,
    keyGroup: (key.charCodeAt(0) << 8) | key.charCodeAt(1),
    operatorId: (key.charCodeAt(2) << 8) | key.charCodeAt(HEAD_BYTES - 2),
    isTombstone: (flags & (FLAG_POINT | FLAG_RANGE)) !== 0,
    isRange: (flags & FLAG_RANGE) !== 0,
    age,
    payload: textOf(header.raw(header.remaining)),
  }
}

/** Bytes as text of as many characters. */
export function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
}
