/**
 * The segments of one scope on a blob store: put, read by blocks through the cache on the local
 * disk, and deleted. Blocks that lie near each other are read by one request.
 */
import type { Buffer } from 'node:buffer'
import { MillraceError } from '../../errors.ts'
import type { BlobStore } from '../../storage/blob-store.ts'
import { eachOf } from '../../storage/remote/each.ts'
import { required } from '../../util/assert.ts'
import type { Clock } from '../../util/clock.ts'
import type { BlockCache } from './block-cache.ts'
import type { SealedBlocks } from './sealed-blocks.ts'
import type { Block } from './segment.ts'

const READS_AT_ONCE = 16
const DELETES_AT_ONCE = 16
/** So much is read in vain to save a request … */
const GAP_BYTES_MAX = 64 << 10
/** … which is not larger than that. */
const READ_BYTES_MAX = 4 << 20

export interface SegmentSizes {
  readonly blockBytes: number
  readonly segmentBytes: number
}

export interface SegmentStoreOptions {
  readonly store: BlobStore
  /** A name that nobody else writes to. */
  readonly folder: string
  readonly cache: BlockCache
  readonly blocks: SealedBlocks
  readonly clock: Clock
  readonly sizes?: SegmentSizes | undefined
}

/** One request puts a segment of such a size on S3, and one reads a part of it. */
const SIZES: SegmentSizes = { blockBytes: 32 << 10, segmentBytes: 6 << 20 }

export class SegmentStore {
  readonly blocks: SealedBlocks
  readonly cache: BlockCache
  readonly clock: Clock
  readonly sizes: SegmentSizes
  readonly #store: BlobStore
  readonly #folder: string
  /** Of segments that are there, or may be. */
  readonly #names = new Set<string>()
  #count = 0
  #sent = 0

  constructor({ store, folder, cache, blocks, clock, sizes = SIZES }: SegmentStoreOptions) {
    this.#store = store
    this.#folder = folder
    this.cache = cache
    this.blocks = blocks
    this.clock = clock
    this.sizes = sizes
  }

  /** As the store counts them, else one for each call. */
  get requests(): number {
    return this.#store.requests ?? this.#sent
  }

  nextName(): string {
    return `${this.#folder}/${++this.#count}`
  }

  async put(name: string, chunks: readonly Uint8Array[]): Promise<void> {
    this.#names.add(name)
    this.#sent++
    const writer = await this.#store.create(name)
    try {
      for (const chunk of chunks) await writer.write(chunk)
      await writer.close()
    } catch (error) {
      await writer.abort()
      throw error
    }
  }

  /** What is in these blocks, in their order. `keeps`: it will be asked for again. */
  async read(blocks: readonly Block[], keeps: boolean): Promise<readonly Buffer[]> {
    const found = new Map<Block, Buffer>()
    const missing: Block[] = []
    for (const block of blocks) {
      const bytes = this.cache.get(block.id)
      const raw = bytes && this.blocks.open(block.id, block.rawBytes, bytes)
      if (raw === undefined) missing.push(block)
      else found.set(block, raw)
    }
    await eachOf(rangesOf(missing), READS_AT_ONCE, async (range) => {
      for (const [block, raw] of await this.#fetch(range, keeps)) found.set(block, raw)
    })
    return blocks.map((block) => required(found.get(block), 'a block was read'))
  }

  async delete(names: readonly string[]): Promise<void> {
    await eachOf(names, DELETES_AT_ONCE, async (name) => {
      this.#sent++
      await this.#store.delete(name)
      this.#names.delete(name)
    })
  }

  /** Deletes all that it has written. */
  async drop(): Promise<void> {
    await this.delete([...this.#names])
  }

  async #fetch(range: readonly Block[], keeps: boolean): Promise<Map<Block, Buffer>> {
    const [first, last] = [range[0], range.at(-1)]
    const found = new Map<Block, Buffer>()
    if (first === undefined || last === undefined) return found
    const { offsetBytes } = first
    const bytes = await this.#get(first, last.offsetBytes + last.storedBytes - offsetBytes)
    for (const block of range) {
      const start = block.offsetBytes - offsetBytes
      let sealed = bytes.subarray(start, start + block.storedBytes)
      let raw = this.blocks.open(block.id, block.rawBytes, sealed)
      if (raw === undefined) {
        // It may have gone wrong on its way.
        sealed = await this.#get(block, block.storedBytes)
        raw = this.blocks.open(block.id, block.rawBytes, sealed)
      }
      if (raw === undefined) throw changed(this.#store.location, block)
      if (keeps) this.cache.put(block.id, sealed)
      found.set(block, raw)
    }
    return found
  }

  async #get({ segment, offsetBytes }: Block, lengthBytes: number): Promise<Uint8Array> {
    this.#sent++
    try {
      return await this.#store.read(segment.name, offsetBytes, lengthBytes)
    } catch (cause) {
      if (!isLost(cause)) throw cause
      const message = `${this.#store.location}: rows of this attempt are gone (${segment.name})`
      const cure = 'the job goes on from its last checkpoint; let nobody else delete there'
      throw new MillraceError('STORAGE_FAILED', message, { cause, cure, retryable: true })
    }
  }
}

/** Blocks that one request reads; each of them in order of offset. */
function rangesOf(blocks: readonly Block[]): readonly (readonly Block[])[] {
  const ranges: Block[][] = []
  for (const of of Map.groupBy(blocks, ({ segment }) => segment).values()) {
    let range: Block[] = []
    for (const block of of.toSorted((a, b) => a.offsetBytes - b.offsetBytes)) {
      const [first, last] = [range[0], range.at(-1)]
      const end = block.offsetBytes + block.storedBytes
      const isNear =
        first !== undefined &&
        last !== undefined &&
        block.offsetBytes - last.offsetBytes - last.storedBytes <= GAP_BYTES_MAX &&
        end - first.offsetBytes <= READ_BYTES_MAX
      if (isNear) range.push(block)
      else ranges.push((range = [block]))
    }
  }
  return ranges
}

function isLost(error: unknown): boolean {
  const isOurs = error instanceof MillraceError
  // A range beyond the end of a blob is damage of it.
  return isOurs && (error.code === 'STORAGE_NOT_FOUND' || error.code === 'STORAGE_CORRUPT')
}

function changed(location: string, { segment }: Block): MillraceError {
  const message = `${location}: ${segment.name} has other bytes than were written to it`
  return new MillraceError('STORAGE_FAILED', message, {
    cure: 'no checkpoint holds any of it, and a restart goes on from one',
    retryable: true,
  })
}
