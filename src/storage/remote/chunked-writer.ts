/**
 * One blob on its way to a server of rows: a small one in the change that gives it its name, a
 * large one in chunks while it is written, of which several are on their way at a time.
 */
import { MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import { Buffered } from './buffered.ts'
import type { ChunkedBlobs } from './chunked.ts'
import type { PublishingWriter } from './put-small.ts'
import { Sending } from './sending.ts'

export class ChunkedWriter implements PublishingWriter {
  readonly #blobs: ChunkedBlobs
  readonly #name: string
  readonly #id: string
  /** Ids of the store's living writers. */
  readonly #living: Set<string>
  readonly #buffered = new Buffered()
  readonly #sending: Sending
  #state: 'open' | 'failed' | 'closed' | 'aborted' = 'open'
  #parts = 0
  #lengthBytes = 0
  /** Whether anything of it may be on the server. */
  #hasBegun = false

  constructor(blobs: ChunkedBlobs, name: string, id: string, living: Set<string>) {
    this.#blobs = blobs
    this.#name = name
    this.#id = id
    this.#living = living
    this.#sending = new Sending(blobs.sizes.atOnceMax)
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
    const message = `${this.#blobs.location}: blob ${this.#name} exists already`
    throw new MillraceError('STORAGE_CONFLICT', message, { details: { file: this.#name } })
  }

  async abort(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'aborted') return
    this.#state = 'aborted'
    this.#buffered.clear()
    await this.#sending.settled()
    try {
      // It has its name after all if only the answer was lost.
      if (this.#hasBegun) await this.#blobs.takeBack(this.#name, this.#id, this.#parts > 0)
    } catch {
      // The next owner cleans up, and deletes what no manifest names.
    }
    this.#living.delete(this.#id)
  }

  /** Begins to send a chunk; waits until another one may begin. */
  async #sendChunk(bytes: number): Promise<void> {
    const part = this.#parts++
    if (!this.#hasBegun) await this.#begin(true)
    const chunk = this.#buffered.take(bytes)
    await this.#sending.add(this.#blobs.putChunk(this.#name, this.#id, part, chunk))
  }

  async #begin(hasChunks: boolean): Promise<void> {
    this.#hasBegun = true
    this.#living.add(this.#id)
    await this.#blobs.begin(this.#name, this.#id, hasChunks)
  }
}
