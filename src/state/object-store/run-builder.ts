/** Writes a run: entries in order of keys become sealed blocks, and those become segments. */
import { Buffer } from 'node:buffer'
import { Sending } from '../../storage/remote/sending.ts'
import { held } from '../remote/rows.ts'
import { BlockBuilder } from '../runs/block.ts'
import { startsWith } from '../runs/entry.ts'
import { FilterBuilder, rowHash } from '../runs/filter.ts'
import { type Block, keyHash, rowBytesOf, type Run, type Segment } from './segment.ts'
import type { SegmentStore } from './segment-store.ts'
import type { Item } from './write-buffer.ts'

const SEGMENTS_AT_ONCE = 3
const DELETED = Buffer.alloc(0)

export interface RunOptions {
  readonly level: number
  readonly writtenAt: number
  /** True if blocks are copied to the local disk at once. */
  readonly isKept: boolean
}

export class RunBuilder {
  readonly #store: SegmentStore
  readonly #options: RunOptions
  readonly #block = new BlockBuilder()
  readonly #filter = new FilterBuilder()
  readonly #sending = new Sending(SEGMENTS_AT_ONCE)
  readonly #segments: Segment[] = []
  readonly #blocks: Block[] = []
  /** Of the segment that is being made. */
  #drafts: Omit<Block, 'segment'>[] = []
  #chunks: Buffer[] = []
  #bytes = 0
  #storedBytes = 0
  #lastKey: Buffer = DELETED
  /** What the keys of the last row begin with. */
  #row: Buffer = DELETED

  constructor(store: SegmentStore, options: RunOptions) {
    this.#store = store
    this.#options = options
  }

  /** True if it is time to `send`. */
  add({ key, value }: Item): boolean {
    this.#block.add(key, value === undefined ? DELETED : held(value))
    this.#filter.add(keyHash(key))
    this.#addRow(key)
    this.#lastKey = key
    if (this.#block.out.length >= this.#store.sizes.blockBytes) this.#seal()
    return this.#bytes >= this.#store.sizes.segmentBytes
  }

  /** Sends what there is as a segment; waits if too many are on their way. */
  async send(): Promise<void> {
    if (this.#block.entries > 0) this.#seal()
    if (this.#drafts.length === 0) return
    const blockIds = this.#drafts.map(({ id }) => id)
    const name = this.#store.nextName()
    const segment: Segment = { name, blockIds, filter: this.#filter.build() }
    this.#segments.push(segment)
    for (const draft of this.#drafts) this.#blocks.push({ ...draft, segment })
    const chunks = this.#chunks
    this.#drafts = []
    this.#chunks = []
    this.#storedBytes += this.#bytes
    this.#bytes = 0
    this.#row = DELETED
    await this.#sending.add(this.#store.put(name, chunks))
  }

  /** The run, once the store has all of it; undefined if nothing was added. */
  async end(): Promise<Run | undefined> {
    await this.send()
    await this.#sending.settled()
    this.#sending.check()
    const { level, writtenAt } = this.#options
    if (this.#blocks.length === 0) return undefined
    return {
      level,
      writtenAt,
      segments: this.#segments,
      blocks: this.#blocks,
      lastKey: Buffer.from(this.#lastKey),
      storedBytes: this.#storedBytes,
    }
  }

  #addRow(key: Buffer): void {
    if (this.#row.length > 0 && startsWith(key, this.#row)) return
    const rowBytes = rowBytesOf(key)
    this.#row = rowBytes === undefined ? DELETED : Buffer.from(key.subarray(0, rowBytes))
    if (rowBytes !== undefined) this.#filter.add(rowHash(key, rowBytes))
  }

  #seal(): void {
    const { out, entries, keyBytes, firstKey } = this.#block
    const { id, bytes } = this.#store.blocks.seal(out.view())
    this.#drafts.push({
      id,
      firstKey: Buffer.from(firstKey),
      offsetBytes: this.#bytes,
      storedBytes: bytes.length,
      rawBytes: out.length,
      entries,
      keyBytes,
    })
    if (this.#options.isKept) this.#store.cache.put(id, bytes)
    this.#chunks.push(bytes)
    this.#bytes += bytes.length
    this.#block.reset()
  }
}
