/**
 * A blob store in memory: for tests, the simulator and jobs whose state may die with the process.
 * Several stores may stand over the same blobs: one that is opened anew after a simulated crash.
 */
import { Buffer } from 'node:buffer'
import { MillraceError } from '../errors.ts'
import { assert } from '../util/assert.ts'
import { checkBlobName, checkBlobPrefix } from './blob-name.ts'
import type { BlobInfo, BlobStore, BlobWriter } from './blob-store.ts'
import { readRange } from './range.ts'

/** What a store holds; never changed in place. */
export type MemoryBlobs = Map<string, Uint8Array>

export class MemoryBlobStore implements BlobStore {
  readonly location: string
  readonly #blobs: MemoryBlobs
  #closed = false

  constructor(location = 'memory:', blobs: MemoryBlobs = new Map()) {
    this.location = location
    this.#blobs = blobs
  }

  async create(name: string): Promise<BlobWriter> {
    this.#check(name)
    return new MemoryWriter(name, this.#blobs)
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    this.#check(name)
    if (this.#blobs.has(name)) return false
    this.#blobs.set(name, new Uint8Array(bytes))
    return true
  }

  async read(name: string, offsetBytes = 0, lengthBytes?: number): Promise<Uint8Array> {
    const blob = this.#blob(name)
    const { start, end } = readRange(this.location, name, blob.length, offsetBytes, lengthBytes)
    return blob.slice(start, end)
  }

  readSync(name: string, offsetBytes: number, lengthBytes: number): Uint8Array {
    const blob = this.#blob(name)
    const { start, end } = readRange(this.location, name, blob.length, offsetBytes, lengthBytes)
    return blob.slice(start, end)
  }

  async stat(name: string): Promise<BlobInfo> {
    return { name, lengthBytes: this.#blob(name).length }
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    checkBlobPrefix(prefix)
    assert(!this.#closed, 'the store is closed')
    const found: BlobInfo[] = []
    for (const [name, { length }] of this.#blobs) {
      if (name.startsWith(prefix)) found.push({ name, lengthBytes: length })
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async delete(name: string): Promise<void> {
    this.#check(name)
    this.#blobs.delete(name)
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #blob(name: string): Uint8Array {
    this.#check(name)
    const blob = this.#blobs.get(name)
    if (blob !== undefined) return blob
    throw new MillraceError('STORAGE_NOT_FOUND', `no blob ${name} in ${this.location}`, {
      details: { file: name },
    })
  }

  #check(name: string): void {
    checkBlobName(name)
    assert(!this.#closed, 'the store is closed')
  }
}

class MemoryWriter implements BlobWriter {
  readonly #name: string
  readonly #blobs: MemoryBlobs
  #chunks: Uint8Array[] = []
  #state: 'open' | 'closed' | 'aborted' = 'open'

  constructor(name: string, blobs: MemoryBlobs) {
    this.#name = name
    this.#blobs = blobs
  }

  async write(chunk: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'write to a blob that is closed')
    this.#chunks.push(new Uint8Array(chunk))
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    assert(this.#state === 'open', 'close of a blob that was thrown away')
    if (this.#blobs.has(this.#name)) {
      throw new MillraceError('STORAGE_CONFLICT', `blob ${this.#name} exists already`, {
        details: { file: this.#name },
      })
    }
    this.#blobs.set(this.#name, Buffer.concat(this.#chunks))
    this.#state = 'closed'
    this.#chunks = []
  }

  async abort(): Promise<void> {
    if (this.#state === 'open') this.#state = 'aborted'
    this.#chunks = []
  }
}
