/**
 * One blob on its way into Cassandra: a small one in the transaction that gives it its name, a
 * large one in chunks while it is written, of which several are on their way at a time.
 */
import { MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import type { BlobWriter } from '../blob-store.ts'
import { Buffered } from '../remote/buffered.ts'
import { Sending } from '../remote/sending.ts'
import type { CassandraBlobs } from './blobs.ts'

const CHUNKS_AT_ONCE = 8

export class CassandraWriter implements BlobWriter {
  readonly #blobs: CassandraBlobs
  readonly #name: string
  readonly #id: string
  /** Ids of the store's living writers. */
  readonly #living: Set<string>
  readonly #buffered = new Buffered()
  readonly #sending = new Sending(CHUNKS_AT_ONCE)
  #state: 'open' | 'failed' | 'closed' | 'aborted' = 'open'
  #parts = 0
  #lengthBytes = 0
  /** Whether anything of it may be in the tables. */
  #hasBegun = false

  constructor(blobs: CassandraBlobs, name: string, id: string, living: Set<string>) {
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
    const { chunkBytes } = this.#blobs.sizes
    while (this.#buffered.bytes >= chunkBytes) await this.#sendChunk(chunkBytes)
    this.#state = 'open'
  }

  /** As `BlobWriter` has it, but resolves false in place of the conflict. */
  async publish(): Promise<boolean> {
    assert(this.#state === 'open', 'close of a blob that failed or was thrown away')
    this.#state = 'failed'
    const isSmall = this.#parts === 0 && this.#buffered.bytes <= this.#blobs.sizes.smallBytesMax
    const bytes = isSmall ? this.#buffered.take(this.#buffered.bytes) : undefined
    if (isSmall) await this.#begin(false)
    if (this.#buffered.bytes > 0) await this.#sendChunk(this.#buffered.bytes)
    await this.#sending.settled()
    this.#sending.check()
    const isPublished = await this.#blobs.publish(this.#name, this.#id, this.#lengthBytes, bytes)
    if (isPublished) this.#state = 'closed'
    if (isSmall) this.#hasBegun = false
    if (isPublished || isSmall) this.#living.delete(this.#id)
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
      // It has its name after all if only the answer was lost.
      if (this.#hasBegun && !(await this.#blobs.discard(this.#name, this.#id))) {
        await this.#blobs.remove(this.#name, this.#id)
      }
    } catch {
      // The next owner cleans up, and deletes what no manifest names.
    }
    this.#living.delete(this.#id)
  }

  /** Begins to send a chunk; waits until another one may begin. */
  async #sendChunk(bytes: number): Promise<void> {
    if (!this.#hasBegun) await this.#begin(true)
    const chunk = this.#buffered.take(bytes)
    await this.#sending.add(this.#blobs.putChunk(this.#name, this.#id, this.#parts++, chunk))
  }

  async #begin(hasChunks: boolean): Promise<void> {
    this.#hasBegun = true
    this.#living.add(this.#id)
    await this.#blobs.begin(this.#name, this.#id, hasChunks)
  }
}
