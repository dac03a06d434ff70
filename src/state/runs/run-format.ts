/**
 * The frame of a run file: blocks and filters one after another, then the footer (what the run is,
 * the block index, the filter index, the range tombstones), then a trailer of fixed length. Every
 * byte of the file belongs to something that has a checksum or a known value. The description byte
 * by byte is `docs/internals/snapshot-format.md`.
 */
import { assert } from '../../util/assert.ts'
import { ByteReader, type ByteWriter } from '../../util/bytes.ts'
import { STATE_KINDS } from '../descriptors.ts'
import type { KeyGroupRange } from '../key-groups.ts'
import { STATE_FORMAT_VERSION, type OperatorRecord } from '../snapshot.ts'
import { BlockIndex, type BlockInfo } from './block-index.ts'
import { damagedFooter as damaged } from './damage.ts'
import { KEY_BYTES_MAX } from './entry.ts'

const METADATA_BYTES_MAX = 1 << 26
const FILTER_BYTES_MAX = 1 << 24

/** What kind of hashes a footer ends with. */
const HASHES_SHA256 = 1
const HASH_BYTES = 32

/** What a run says of itself, as JSON in its footer. */
export interface RunMetadata {
  readonly jobName: string
  readonly checkpointId: number
  /** Leadership epoch of the writer. */
  readonly leaderEpoch: number
  readonly maxParallelism: number
  /** Of the task that wrote it. */
  readonly keyGroups: KeyGroupRange
  readonly operators: readonly OperatorRecord[]
  /** Ids of those that have timers or expiry marks in this run; undefined: nobody has looked. */
  readonly timedOperators?: readonly number[]
}

/** A filter over the rows of some blocks; it stands in the file right after the last of them. */
export interface FilterInfo {
  /** The first block it does not cover any more; it covers those since the filter before. */
  readonly endBlock: number
  readonly offsetBytes: number
  readonly storedBytes: number
  readonly checksum: number
  readonly hash?: Uint8Array
}

interface Footer<B extends Blocks> {
  readonly metadata: RunMetadata
  readonly entries: number
  readonly lastKey: Uint8Array
  readonly blocks: B
  readonly filters: readonly FilterInfo[]
  /** Keys of all range tombstones, ascending. */
  readonly rangeTombstones: readonly Uint8Array[]
}

type Blocks = Iterable<BlockInfo> & { readonly length: number }

/** As it is read; it can be written again. */
export type RunFooter = Footer<BlockIndex>

/** While it is read: what is known at the end only is filled in there. */
type Placed<T> = { -readonly [Key in keyof T]: T[Key] }

export function writeFooter(out: ByteWriter, footer: Footer<Blocks>): void {
  out.string(JSON.stringify({ formatVersion: STATE_FORMAT_VERSION, ...footer.metadata }))
  out.varuint(footer.entries)
  out.block(footer.lastKey)
  out.varuint(footer.blocks.length)
  for (const block of footer.blocks) {
    out.block(block.firstKey)
    out.varuint(block.storedBytes)
    out.varuint(block.rawBytes)
    out.uint8(block.codec)
    out.varuint(block.entries)
    out.varuint(block.keyBytes)
    out.uint32BE(block.checksum)
  }
  out.varuint(footer.filters.length)
  for (const filter of footer.filters) {
    out.varuint(filter.endBlock)
    out.varuint(filter.storedBytes)
    out.uint32BE(filter.checksum)
  }
  out.varuint(footer.rangeTombstones.length)
  for (const key of footer.rangeTombstones) out.block(key)
  const parts = [...footer.blocks, ...footer.filters]
  if (!parts.some(({ hash }) => hash !== undefined)) return
  out.uint8(HASHES_SHA256)
  for (const { hash } of parts) {
    assert(hash?.length === HASH_BYTES, 'all blocks of a run have a hash, or none')
    out.raw(hash)
  }
}

/** Reads a footer whose checksum was found right. `footerOffset` is where blocks must end. */
export function readFooter(bytes: Uint8Array, footerOffset: number): RunFooter {
  const input = new ByteReader(bytes)
  const metadata = readMetadata(input)
  const entries = input.varuint()
  const lastKey = readKey(input)
  const blocks = BlockIndex.read(input, input.varuint())
  const filters: Placed<FilterInfo>[] = []
  const filterCount = input.varuint()
  for (let index = 0; index < filterCount; index++) {
    const endBlock = input.varuint()
    const storedBytes = input.varuint()
    if (storedBytes > FILTER_BYTES_MAX) throw damaged('a filter is too big')
    filters.push({ endBlock, offsetBytes: 0, storedBytes, checksum: input.uint32BE() })
  }
  const rangeTombstones: Uint8Array[] = []
  const tombstoneCount = input.varuint()
  for (let index = 0; index < tombstoneCount; index++) rangeTombstones.push(readKey(input))
  if (input.remaining > 0) readHashes(input, blocks, filters)
  if (input.remaining !== 0) throw damaged('bytes are left at its end')
  place(blocks, filters, footerOffset)
  let counted = 0
  for (let at = 0; at < blocks.length; at++) counted += blocks.entries(at)
  if (counted !== entries) throw damaged('its entry counts differ')
  return { metadata, entries, lastKey, blocks, filters, rangeTombstones }
}

/** What follows in runs of jobs that sign: a hash for each block, then for each filter. */
function readHashes(
  input: ByteReader,
  blocks: BlockIndex,
  filters: readonly Placed<FilterInfo>[],
): void {
  if (input.uint8() !== HASHES_SHA256) throw damaged('its hashes are of an unknown kind')
  blocks.setHashes(input.position, HASH_BYTES)
  input.raw(blocks.length * HASH_BYTES)
  for (const filter of filters) filter.hash = input.raw(HASH_BYTES)
}

/** Fills in the offsets: blocks in order, each filter after the last block that it covers. */
function place(
  blocks: BlockIndex,
  filters: readonly Placed<FilterInfo>[],
  footerOffset: number,
): void {
  let offsetBytes = 0
  let filterCount = 0
  for (let index = 0; index < blocks.length; index++) {
    blocks.place(index, offsetBytes)
    offsetBytes += blocks.storedBytes(index)
    const filter = filters[filterCount]
    if (filter?.endBlock !== index + 1) continue
    filter.offsetBytes = offsetBytes
    offsetBytes += filter.storedBytes
    filterCount++
  }
  if (filterCount !== filters.length) throw damaged('its filters do not follow its blocks')
  if (offsetBytes !== footerOffset) throw damaged('its blocks do not end where it begins')
}

function readKey(input: ByteReader): Uint8Array {
  const length = input.varuint()
  if (length > KEY_BYTES_MAX) throw damaged('a key is too long')
  return input.plain(length)
}

function readMetadata(input: ByteReader): RunMetadata {
  const length = input.varuint()
  if (length > METADATA_BYTES_MAX) throw damaged('its metadata is too long')
  let parsed: unknown
  try {
    parsed = JSON.parse(input.raw(length).toString('utf8'))
  } catch (cause) {
    throw damaged('its metadata is not JSON', cause)
  }
  // Bytes become a value here. The checksum says a Millrace wrote it; the shape of what is used
  // before the schemas are interpreted is checked, the schemas by whoever builds types from them.
  const found = parsed as (RunMetadata & { readonly formatVersion: number }) | null
  const sound =
    typeof found === 'object' &&
    found !== null &&
    found.formatVersion === STATE_FORMAT_VERSION &&
    typeof found.jobName === 'string' &&
    Number.isSafeInteger(found.checkpointId) &&
    Number.isSafeInteger(found.leaderEpoch) &&
    Number.isSafeInteger(found.maxParallelism) &&
    Number.isSafeInteger(found.keyGroups?.start) &&
    Number.isSafeInteger(found.keyGroups?.end) &&
    Array.isArray(found.operators) &&
    found.operators.every(isOperator) &&
    isListOfIds(found.timedOperators ?? [])
  if (!sound) throw damaged('its metadata is not that of a run')
  const { formatVersion: _, ...metadata } = found
  return metadata
}

function isOperator(operator: Partial<OperatorRecord> | null): boolean {
  return (
    Number.isSafeInteger(operator?.id) &&
    typeof operator?.uid === 'string' &&
    isListOf(operator.states, isState) &&
    isListOf(operator.timers ?? [], isNamed) &&
    isListOf(operator.formerTypes ?? [], isFormer)
  )
}

function isListOfIds(list: unknown): boolean {
  return Array.isArray(list) && list.every((id) => Number.isSafeInteger(id))
}

type Fields = Readonly<Record<string, unknown>>

function isListOf(list: unknown, isItem: (item: Fields) => boolean): boolean {
  // What is an object, and no null, has fields.
  const isSound = (item: unknown) =>
    typeof item === 'object' && item !== null && isItem(item as Fields)
  return Array.isArray(list) && list.every(isSound)
}

function isState(state: Fields): boolean {
  const isKnown = STATE_KINDS.some((kind) => kind === state['kind'])
  return Number.isSafeInteger(state['id']) && isNamed(state) && isKnown
}

function isNamed({ name }: Fields): boolean {
  return typeof name === 'string'
}

function isFormer({ id, states = [], timers = [], operatorStates = [] }: Fields): boolean {
  const lists = [states, timers, operatorStates]
  return Number.isSafeInteger(id) && lists.every((list) => isListOf(list, () => true))
}
