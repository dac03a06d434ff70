/**
 * Blobs in tables of Cassandra. A lightweight transaction gives a name to a blob, which the nodes
 * decide together (`SERIAL`), so that of two that put the same name one is refused. What it has
 * decided, and what is in chunks, is on a majority of the replicas when it has answered.
 */
import { MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import { systemClock, type Clock } from '../../util/clock.ts'
import { systemRandom, type Random } from '../../util/random.ts'
import { checkBlobName, checkBlobPrefix } from '../blob-name.ts'
import type { BlobInfo, BlobStore, BlobWriter } from '../blob-store.ts'
import { readRange } from '../range.ts'
import { readChunks } from '../remote/chunks.ts'
import { eachOf } from '../remote/each.ts'
import { putByWriter } from '../remote/put-small.ts'
import { Retries } from '../remote/retries.ts'
import { AT_ONCE, CassandraBlobs, CHUNK_SIZES, type ChunkSizes, type Head } from './blobs.ts'
import { type CassandraConnection, connectCassandra } from './driver.ts'
import { type CassandraPlace, parseCassandraPlace } from './place.ts'
import { CassandraRequests } from './requests.ts'
import { CassandraWriter } from './writer.ts'

export interface CassandraStoreOptions {
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * Opens the store; nothing is asked of the cluster yet.
 *
 * @throws `PACKAGE_UNAVAILABLE`, `STORAGE_URL_UNKNOWN`, `CONFIG_INVALID`.
 */
export function openCassandraStore(
  location: string,
  options: CassandraStoreOptions = {},
): BlobStore {
  const { clock = systemClock, random = systemRandom() } = options
  const place = parseCassandraPlace(location)
  const connection = connectCassandra(place, process.env)
  return cassandraStoreOver(connection, place, { clock, random, sizes: CHUNK_SIZES })
}

/** The same over a connection that is there already. */
export function cassandraStoreOver(
  connection: CassandraConnection,
  place: CassandraPlace,
  world: Required<CassandraStoreOptions> & { readonly sizes: ChunkSizes },
): BlobStore {
  const { timeoutMs, retryForMs } = place
  const { clock, random, sizes } = world
  const retries = new Retries({ clock, random, timeoutMs, retryForMs })
  const requests = new CassandraRequests(place, connection, retries)
  return new CassandraBlobStore(requests, random, sizes)
}

class CassandraBlobStore implements BlobStore {
  readonly location: string
  readonly #requests: CassandraRequests
  readonly #blobs: CassandraBlobs
  readonly #random: Random
  /** Ids of this store's living writers. */
  readonly #living = new Set<string>()
  #isClosed = false

  constructor(requests: CassandraRequests, random: Random, sizes: ChunkSizes) {
    this.location = requests.place.location
    this.#requests = requests
    this.#blobs = new CassandraBlobs(requests, sizes)
    this.#random = random
  }

  async create(name: string): Promise<BlobWriter> {
    return this.#create(name)
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    return putByWriter(() => this.#create(name), bytes)
  }

  async read(name: string, offsetBytes = 0, lengthBytes?: number): Promise<Uint8Array> {
    const head = await this.#head(name, 'read')
    const size = head.lengthBytes
    const { start, end } = readRange(this.location, name, size, offsetBytes, lengthBytes)
    return head.bytes === undefined
      ? this.#readChunks(name, head, start, end)
      : Uint8Array.from(head.bytes.subarray(start, end))
  }

  async stat(name: string): Promise<BlobInfo> {
    const { lengthBytes } = await this.#head(name, 'look up')
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
    let cleaned = 0
    await eachOf(await this.#blobs.unfinished(this.#living), AT_ONCE, async ({ name, id }) => {
      if (await this.#blobs.discard(name, id)) cleaned++
    })
    return cleaned
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    await this.#requests.close()
  }

  #readChunks(name: string, head: Head, start: number, end: number): Promise<Uint8Array> {
    const chunks = {
      lengthBytes: head.lengthBytes,
      chunkBytes: this.#blobs.sizes.chunkBytes,
      atOnceMax: AT_ONCE,
      read: (part: number) => this.#blobs.chunk(name, head.id, part),
      lost: (offset: number) => this.#missing(name, head, offset),
    }
    return readChunks(chunks, start, end)
  }

  /** Chunks go when a blob was deleted; else they must not be missing. */
  async #missing(name: string, { id }: Head, offset: number): Promise<MillraceError> {
    const now = await this.#head(name, 'read')
    const why = now.id === id ? 'has lost bytes' : 'was replaced while it was read'
    const message = `${this.location}: ${name} ${why}`
    return new MillraceError('STORAGE_CORRUPT', message, { details: { file: name, offset } })
  }

  async #head(name: string, action: string): Promise<Head> {
    this.#check(name)
    const head = await this.#blobs.head(name, action)
    if (head !== undefined) return head
    const message = `${this.location}: there is no blob ${name}`
    throw new MillraceError('STORAGE_NOT_FOUND', message, { details: { file: name } })
  }

  #create(name: string): CassandraWriter {
    this.#check(name)
    return new CassandraWriter(this.#blobs, name, this.#random.id(), this.#living)
  }

  #check(name: string): void {
    checkBlobName(name)
    assert(!this.#isClosed, 'the store is closed')
  }
}
