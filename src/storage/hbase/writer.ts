/**
 * One blob on its way into HBase: a small one in the change that gives it its name, a large one in
 * chunks while it is written, of which several are on their way at a time.
 */
import { MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import type { BlobWriter } from '../blob-store.ts'
import { Buffered } from '../remote/buffered.ts'
import { Sending } from '../remote/sending.ts'
import type { HBaseBlobs } from './blobs.ts'

const CHUNKS_AT_ONCE = 8
/** A blob of up to so many bytes is small. */
const SMALL_BYTES_MAX = 64 * 1024

export class HBaseWriter implements BlobWriter {
  readonly #blobs: HBaseBlobs
  readonly #name: string
  readonly #id: string
  /** Ids of the store's living writers. */
  readonly #living: Set<string>
  readonly #buffered = new Buffered()
  readonly #sending = new Sending(CHUNKS_AT_ONCE)
  #state: 'open' | 'failed' | 'closed' | 'aborted' = 'open'
  #parts = 0
  #lengthBytes = 0
  /** Whether chunks of it may be in the table. */
  #hasChunks = false
  /** Whether it may have become visible although `close` failed. */
  #mayBeThere = false

  constructor(blobs: HBaseBlobs, name: string, id: string, living: Set<string>) {
    this.#blobs = blobs
    this.#name = name
    this.#id = id
    this.#living = living
  }

  async write(chunk: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'write to a blob that is closed or failed')
    this.#buffered.add(chunk)
    this.#lengthBytes += chunk.length
    this.#state = 'failed'
    const { chunkBytes } = this.#blobs
    while (this.#buffered.bytes >= chunkBytes) await this.#sendChunk(chunkBytes)
    this.#state = 'open'
  }

  /** As `BlobWriter` has it, but resolves false in place of the conflict. */
  async publish(): Promise<boolean> {
    assert(this.#state === 'open', 'close of a blob that failed or was thrown away')
    this.#state = 'failed'
    const isSmall = !this.#hasChunks && this.#buffered.bytes <= SMALL_BYTES_MAX
    const isPublished = await (isSmall ? this.#publishSmall() : this.#publishChunks())
    this.#mayBeThere = isPublished
    if (isPublished) this.#state = 'closed'
    if (isPublished) this.#living.delete(this.#id)
    return isPublished
  }

  async close(): Promise<void> {
    if (this.#state === 'closed' || (await this.publish())) return
    const message = `${this.#blobs.requests.place.location}: blob ${this.#name} exists already`
    throw new MillraceError('STORAGE_CONFLICT', message, { details: { file: this.#name } })
  }

  async abort(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'aborted') return
    this.#state = 'aborted'
    this.#buffered.clear()
    await this.#sending.settled()
    try {
      if (this.#hasChunks) await this.#blobs.discard(this.#name, this.#id, false)
      else if (this.#mayBeThere) await this.#blobs.remove(this.#name, this.#id)
    } catch {
      // The next owner cleans up, and deletes what no manifest names.
    }
    this.#living.delete(this.#id)
  }

  #publishSmall(): Promise<boolean> {
    this.#mayBeThere = true
    const bytes = this.#buffered.take(this.#buffered.bytes)
    return this.#blobs.take(this.#name, this.#id, bytes.length, bytes)
  }

  async #publishChunks(): Promise<boolean> {
    if (this.#buffered.bytes > 0) await this.#sendChunk(this.#buffered.bytes)
    await this.#sending.settled()
    this.#sending.check()
    await this.#blobs.seal(this.#name, this.#id, this.#lengthBytes)
    const isPublished = await this.#blobs.take(this.#name, this.#id, this.#lengthBytes)
    // Only a hint for who cleans up.
    if (isPublished) await this.#blobs.settle(this.#name, this.#id).catch(() => undefined)
    return isPublished
  }

  /** Begins to send a chunk; waits until another one may begin. */
  async #sendChunk(bytes: number): Promise<void> {
    if (!this.#hasChunks) {
      this.#hasChunks = true
      this.#living.add(this.#id)
      await this.#blobs.begin(this.#name, this.#id)
    }
    const chunk = this.#buffered.take(bytes)
    await this.#sending.add(this.#blobs.putChunk(this.#name, this.#id, this.#parts++, chunk))
  }
}
