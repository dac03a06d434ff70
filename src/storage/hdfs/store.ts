/**
 * Blobs as files in HDFS, over WebHDFS. The NameNode keeps the promises: a rename happens once or
 * not at all, not onto a name that is taken, and is in its log when it has answered.
 */
import { hasCode, MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import { systemClock, type Clock } from '../../util/clock.ts'
import { systemRandom, type Random } from '../../util/random.ts'
import { checkBlobName, checkBlobPrefix, isBlobName, TEMPORARY_MARK } from '../blob-name.ts'
import type { BlobInfo, BlobStore, BlobWriter } from '../blob-store.ts'
import { readRange } from '../range.ts'
import { putByWriter } from '../remote/put-small.ts'
import { Retries } from '../remote/retries.ts'
import { type FileStatus, HdfsClient } from './client.ts'
import { findHdfsPlace } from './place.ts'
import { HdfsWriter } from './writer.ts'

export interface HdfsStoreOptions {
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * Opens the store; nothing is asked of the cluster yet.
 *
 * @throws `STORAGE_URL_UNKNOWN`, `CONFIG_INVALID`.
 */
export async function openHdfsStore(
  location: string,
  options: HdfsStoreOptions = {},
): Promise<BlobStore> {
  const { clock = systemClock, random = systemRandom() } = options
  const place = await findHdfsPlace(location, process.env)
  const { timeoutMs, retryForMs } = place
  const retries = new Retries({ clock, random, timeoutMs, retryForMs })
  return new HdfsBlobStore(new HdfsClient(place, retries), random)
}

class HdfsBlobStore implements BlobStore {
  readonly location: string
  readonly #client: HdfsClient
  readonly #random: Random
  /** Of this store's living writers. */
  readonly #temporaries = new Set<string>()
  #isClosed = false

  constructor(client: HdfsClient, random: Random) {
    this.location = client.place.location
    this.#client = client
    this.#random = random
  }

  get requests(): number {
    return this.#client.operations
  }

  async create(name: string): Promise<BlobWriter> {
    return this.#create(name)
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    return putByWriter(() => this.#create(name), bytes)
  }

  async read(name: string, offsetBytes = 0, lengthBytes?: number): Promise<Uint8Array> {
    this.#check(name)
    if (lengthBytes !== 0) {
      try {
        const bytes = await this.#client.read(name, offsetBytes, lengthBytes)
        if (bytes.length > 0 && bytes.length === (lengthBytes ?? bytes.length)) return bytes
      } catch (error) {
        if (!hasCode(error, 'STORAGE_CORRUPT')) throw error
      }
    }
    // Nothing is asked for, or more than there is.
    const size = (await this.stat(name)).lengthBytes
    const { start, end } = readRange(this.location, name, size, offsetBytes, lengthBytes)
    if (start === end) return new Uint8Array(0)
    const message = `${this.location}: the answer with ${name} was cut short`
    throw new MillraceError('STORAGE_FAILED', message, { details: { file: name } })
  }

  async stat(name: string): Promise<BlobInfo> {
    this.#check(name)
    const { type, length } = await this.#client.status(name)
    assert(type === 'FILE', `${this.location}: ${name} is a folder`)
    return { name, lengthBytes: length }
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    checkBlobPrefix(prefix)
    assert(!this.#isClosed, 'the store is closed')
    const blobs: BlobInfo[] = []
    for await (const [name, { length }] of this.#filesBelow(prefix.slice(0, -1))) {
      if (isBlobName(name)) blobs.push({ name, lengthBytes: length })
    }
    return blobs.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async delete(name: string): Promise<void> {
    this.#check(name)
    await this.#client.delete(name)
  }

  async cleanTemporary(): Promise<number> {
    let cleaned = 0
    for await (const [name] of this.#filesBelow('')) {
      if (!name.includes(TEMPORARY_MARK) || this.#temporaries.has(name)) continue
      await this.#client.delete(name).catch(() => undefined)
      cleaned++
    }
    return cleaned
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#client.close()
  }

  #create(name: string): HdfsWriter {
    this.#check(name)
    return new HdfsWriter(this.#client, name, this.#random.id(), this.#temporaries)
  }

  async *#filesBelow(folder: string): AsyncGenerator<readonly [string, FileStatus]> {
    let found: readonly FileStatus[]
    try {
      found = await this.#client.list(folder)
    } catch (error) {
      if (hasCode(error, 'STORAGE_NOT_FOUND')) return
      throw error
    }
    for (const status of found) {
      const name = folder === '' ? status.pathSuffix : `${folder}/${status.pathSuffix}`
      if (status.type === 'FILE') yield [name, status]
      else yield* this.#filesBelow(name)
    }
  }

  #check(name: string): void {
    checkBlobName(name)
    assert(!this.#isClosed, 'the store is closed')
  }
}
