/** The `BlobStore` over a server of rows, whichever it is. */
import { MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import type { Random } from '../../util/random.ts'
import { checkBlobName, checkBlobPrefix } from '../blob-name.ts'
import type { BlobInfo, BlobStore, BlobWriter } from '../blob-store.ts'
import { readRange } from '../range.ts'
import { ChunkedWriter } from './chunked-writer.ts'
import type { ChunkedBlobs, Head } from './chunked.ts'
import { readChunks } from './chunks.ts'
import { putByWriter } from './put-small.ts'

export class ChunkedBlobStore implements BlobStore {
  readonly location: string
  readonly #blobs: ChunkedBlobs
  readonly #random: Random
  /** Ids of this store's living writers. */
  readonly #living = new Set<string>()
  #isClosed = false

  constructor(blobs: ChunkedBlobs, random: Random) {
    this.location = blobs.location
    this.#blobs = blobs
    this.#random = random
  }

  async create(name: string): Promise<BlobWriter> {
    return this.#create(name)
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    return putByWriter(() => this.#create(name), bytes)
  }

  async read(name: string, offsetBytes = 0, lengthBytes?: number): Promise<Uint8Array> {
    const head = await this.#head(name, 'read', true)
    const size = head.lengthBytes
    const { start, end } = readRange(this.location, name, size, offsetBytes, lengthBytes)
    const { chunkBytes, bytes } = head
    if (chunkBytes !== undefined) return this.#readChunks(name, head, chunkBytes, start, end)
    if (bytes?.length !== size) throw await this.#lost(name, head, 0)
    return Uint8Array.from(bytes.subarray(start, end))
  }

  async stat(name: string): Promise<BlobInfo> {
    const { lengthBytes } = await this.#head(name, 'look up', false)
    return { name, lengthBytes }
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    checkBlobPrefix(prefix)
    assert(!this.#isClosed, 'the store is closed')
    return this.#blobs.list(prefix)
  }

  async delete(name: string): Promise<void> {
    this.#check(name)
    await this.#blobs.remove(name)
  }

  async cleanTemporary(): Promise<number> {
    assert(!this.#isClosed, 'the store is closed')
    return this.#blobs.clean(this.#living)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#blobs.close()
  }

  #readChunks(
    name: string,
    head: Head,
    chunkBytes: number,
    start: number,
    end: number,
  ): Promise<Uint8Array> {
    const chunks = {
      lengthBytes: head.lengthBytes,
      chunkBytes,
      atOnceMax: this.#blobs.sizes.atOnceMax,
      read: (part: number) => this.#blobs.chunk(name, head.id, part),
      lost: (offset: number) => this.#lost(name, head, offset),
    }
    return readChunks(chunks, start, end)
  }

  /** Bytes go when a blob was deleted; else they must not be missing. */
  async #lost(name: string, { id }: Head, offset: number): Promise<MillraceError> {
    const now = await this.#head(name, 'read', false)
    const why = now.id === id ? 'has lost bytes' : 'was replaced while it was read'
    const message = `${this.location}: ${name} ${why}`
    return new MillraceError('STORAGE_CORRUPT', message, { details: { file: name, offset } })
  }

  async #head(name: string, action: string, hasBytes: boolean): Promise<Head> {
    this.#check(name)
    const head = await this.#blobs.head(name, action, hasBytes)
    if (head !== undefined) return head
    const message = `${this.location}: there is no blob ${name}`
    throw new MillraceError('STORAGE_NOT_FOUND', message, { details: { file: name } })
  }

  #create(name: string): ChunkedWriter {
    this.#check(name)
    return new ChunkedWriter(this.#blobs, name, this.#random.id(), this.#living)
  }

  #check(name: string): void {
    checkBlobName(name)
    assert(!this.#isClosed, 'the store is closed')
  }
}
