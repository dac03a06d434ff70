/**
 * What lies on the store: segments, each one blob of sealed blocks and nothing else. What is in
 * which block is known in memory only, for nobody reads a segment but who wrote it. A run is one or
 * several of them, in order of keys.
 */
import type { Buffer } from 'node:buffer'
import type { RemoteRange } from '../remote/remote-table.ts'
import {
  compareBytes,
  endOfPrefix,
  KEY_HEAD_BYTES,
  SCALAR_ROW,
  SECTION_ROWS,
  sectionOfKey,
} from '../runs/entry.ts'
import { rowPrefixLength } from '../runs/entry-key.ts'
import { mayContain, rowHash } from '../runs/filter.ts'
import { lastAtMost } from '../runs/search.ts'

export interface Segment {
  readonly name: string
  readonly blockIds: readonly number[]
  /** Of its keys, and of the rows of those that are entries of collections. */
  readonly filter: Uint8Array
}

export interface Block {
  readonly id: number
  readonly segment: Segment
  readonly firstKey: Buffer
  readonly offsetBytes: number
  readonly storedBytes: number
  readonly rawBytes: number
  readonly entries: number
  /** Summed length of the keys when unfolded. */
  readonly keyBytes: number
}

export interface Run {
  /** How often what it holds was merged. */
  readonly level: number
  /** Of the newest entry: later than that ranges were deleted from it. */
  readonly writtenAt: number
  readonly segments: readonly Segment[]
  readonly blocks: readonly Block[]
  readonly lastKey: Buffer
  readonly storedBytes: number
}

/** For filters. */
export function keyHash(key: Uint8Array): number {
  return rowHash(key, key.length)
}

/** Length of the part that names the row, of an entry of a collection; undefined of other keys. */
export function rowBytesOf(key: Uint8Array): number | undefined {
  if (key.length <= KEY_HEAD_BYTES || sectionOfKey(key) !== SECTION_ROWS) return undefined
  try {
    const bytes = rowPrefixLength(key)
    const stateId = key.length < bytes + 2 ? 0 : ((key[bytes] ?? 0) << 8) | (key[bytes + 1] ?? 0)
    return stateId === SCALAR_ROW ? undefined : bytes
  } catch {
    return undefined
  }
}

/** The block that has the key if any of the run has. */
export function blockOf(run: Run, key: Uint8Array, hash: number): Block | undefined {
  if (compareBytes(key, run.lastKey) > 0) return undefined
  const block = run.blocks[lastFrom(run, key)]
  return block !== undefined && mayContain(block.segment.filter, hash) ? block : undefined
}

/** The blocks that may have keys of a range, in order. */
export function blocksOf(run: Run, { lower, upper }: RemoteRange): readonly Block[] {
  const first = Math.max(0, lastFrom(run, lower))
  const end = lastAtMost(run.blocks.length, (at) => (compareAt(run, at, upper) < 0 ? -1 : 1)) + 1
  const found = run.blocks.slice(first, end)
  const rowBytes = rowBytesOf(lower)
  if (rowBytes === undefined) return found
  const row = lower.subarray(0, rowBytes)
  if (compareBytes(upper, endOfPrefix(row)) > 0) return found
  // All keys of the range begin like the lower one, so they are entries of that row's collections.
  const hash = rowHash(row, rowBytes)
  return found.filter(({ segment }) => mayContain(segment.filter, hash))
}

function lastFrom(run: Run, key: Uint8Array): number {
  return lastAtMost(run.blocks.length, (at) => compareAt(run, at, key))
}

/** How a block's first key stands to another one; the index is below the count. */
function compareAt({ blocks }: Run, at: number, key: Uint8Array): number {
  return compareBytes((blocks[at] as Block).firstKey, key)
}
