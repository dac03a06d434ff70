/** A store that tells how much has been read from it, for progress. */
import type { BlobInfo, BlobStore, BlobWriter } from '../storage/blob-store.ts'

export class MeteredStore implements BlobStore {
  readBytes = 0
  readonly #inner: BlobStore
  readonly #onRead: () => void

  constructor(inner: BlobStore, onRead: () => void) {
    this.#inner = inner
    this.#onRead = onRead
  }

  get location(): string {
    return this.#inner.location
  }

  async read(name: string, offsetBytes?: number, lengthBytes?: number): Promise<Uint8Array> {
    const bytes = await this.#inner.read(name, offsetBytes, lengthBytes)
    this.readBytes += bytes.length
    this.#onRead()
    return bytes
  }

  create(name: string): Promise<BlobWriter> {
    return this.#inner.create(name)
  }

  putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#inner.putIfAbsent(name, bytes)
  }

  stat(name: string): Promise<BlobInfo> {
    return this.#inner.stat(name)
  }

  list(prefix: string): Promise<readonly BlobInfo[]> {
    return this.#inner.list(prefix)
  }

  delete(name: string): Promise<void> {
    return this.#inner.delete(name)
  }

  close(): Promise<void> {
    return this.#inner.close()
  }
}
