/**
 * The disk of a job under test: blobs by location, which outlive the processes that write them. A
 * process that was killed reaches it no more.
 */
import { MillraceError } from '../../errors.ts'
import type { BlobInfo, BlobStore, BlobWriter } from '../../storage/blob-store.ts'
import { type MemoryBlobs, MemoryBlobStore } from '../../storage/memory.ts'
import type { Life } from './virtual-time.ts'

/** What a job under test has as storage. */
export interface TestDisk {
  /** Puts a copy of blobs at a location. */
  put(location: string, blobs: ReadonlyMap<string, Uint8Array>): void
  /** A store as a process sees it that may be killed. */
  open(location: string, life: Life): BlobStore
}

export class MemoryDisk implements TestDisk {
  readonly #blobs = new Map<string, MemoryBlobs>()

  /** What lies at a location; made if there is nothing. */
  at(location: string): MemoryBlobs {
    const blobs = this.#blobs.get(location) ?? new Map<string, Uint8Array>()
    this.#blobs.set(location, blobs)
    return blobs
  }

  put(location: string, blobs: ReadonlyMap<string, Uint8Array>): void {
    this.#blobs.set(location, new Map(blobs))
  }

  open(location: string, life: Life): BlobStore {
    return new StoreOfProcess(new MemoryBlobStore(location, this.at(location)), life)
  }
}

/** All blobs that a disk has at a location. */
export async function blobsAt(disk: TestDisk, location: string): Promise<Map<string, Uint8Array>> {
  const blobs = new Map<string, Uint8Array>()
  const store = disk.open(location, { isAlive: true })
  for (const { name } of await store.list('')) blobs.set(name, await store.read(name))
  return blobs
}

/** A store as one process sees it. */
class StoreOfProcess implements BlobStore {
  readonly location: string
  readonly #store: MemoryBlobStore
  readonly #life: Life

  constructor(store: MemoryBlobStore, life: Life) {
    this.location = store.location
    this.#store = store
    this.#life = life
  }

  async create(name: string): Promise<BlobWriter> {
    this.#requireAlive()
    const writer = await this.#store.create(name)
    return {
      write: async (chunk) => (this.#requireAlive(), writer.write(chunk)),
      close: async () => (this.#requireAlive(), writer.close()),
      abort: () => writer.abort(),
    }
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    this.#requireAlive()
    return this.#store.putIfAbsent(name, bytes)
  }

  async read(name: string, offsetBytes?: number, lengthBytes?: number): Promise<Uint8Array> {
    this.#requireAlive()
    return this.#store.read(name, offsetBytes, lengthBytes)
  }

  readSync(name: string, offsetBytes: number, lengthBytes: number): Uint8Array {
    this.#requireAlive()
    return this.#store.readSync(name, offsetBytes, lengthBytes)
  }

  async stat(name: string): Promise<BlobInfo> {
    this.#requireAlive()
    return this.#store.stat(name)
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    this.#requireAlive()
    return this.#store.list(prefix)
  }

  async delete(name: string): Promise<void> {
    this.#requireAlive()
    return this.#store.delete(name)
  }

  close(): Promise<void> {
    return this.#store.close()
  }

  #requireAlive(): void {
    if (this.#life.isAlive) return
    throw new MillraceError('WORKER_LOST', 'the process was killed by its test')
  }
}
