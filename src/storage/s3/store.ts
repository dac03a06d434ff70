/**
 * Blobs as objects of a bucket, on AWS or any server that speaks S3. S3 itself keeps the promises:
 * an object is seen whole or not at all, is durable when the request is answered, is listed at
 * once, and a put that says so is refused if the name is taken (`If-None-Match: *`). Some servers
 * overlook that condition; then two leaders could append the same link, so it is tried out before
 * the first such put.
 */
import { hasCode, MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import { systemClock, type Clock } from '../../util/clock.ts'
import { systemRandom, type Random } from '../../util/random.ts'
import { checkBlobName, checkBlobPrefix, isBlobName, TEMPORARY_MARK } from '../blob-name.ts'
import type { BlobInfo, BlobStore, BlobWriter } from '../blob-store.ts'
import { readRange } from '../range.ts'
import { Retries } from '../remote/retries.ts'
import { parseS3Place, type S3Place } from './place.ts'
import { S3Requests } from './requests.ts'
import { connectS3, type S3Connection } from './sdk.ts'
import { S3Writer } from './writer.ts'

/** A blob of no job: by it is found out whether the server heeds conditions. */
const PROBE = `${TEMPORARY_MARK}conditions`
/** S3 copies larger objects only in parts. */
const COPY_BYTES_MAX = 5 * 1024 ** 3

export interface S3StoreOptions {
  readonly clock?: Clock
  readonly random?: Random
}

/**
 * Opens the store; nothing is asked of the server yet.
 *
 * @throws `PACKAGE_UNAVAILABLE`, `STORAGE_URL_UNKNOWN`, `CONFIG_INVALID`.
 */
export function openS3Store(location: string, options: S3StoreOptions = {}): BlobStore {
  const { clock = systemClock, random = systemRandom() } = options
  const place = parseS3Place(location, process.env)
  return s3StoreOver(connectS3(place), place, { clock, random })
}

/** The same over a connection that is there already. */
export function s3StoreOver(
  connection: S3Connection,
  place: S3Place,
  { clock, random }: Required<S3StoreOptions>,
): BlobStore {
  const { timeoutMs, retryForMs } = place
  const retries = new Retries({ clock, random, timeoutMs, retryForMs })
  return new S3BlobStore(new S3Requests(place, connection, retries), random)
}

class S3BlobStore implements BlobStore {
  readonly location: string
  readonly #requests: S3Requests
  readonly #random: Random
  /** Of this store's living writers. */
  readonly #uploads = new Set<string>()
  #heedsConditions: Promise<void> | undefined
  #isClosed = false

  constructor(requests: S3Requests, random: Random) {
    this.location = requests.place.location
    this.#requests = requests
    this.#random = random
  }

  get requests(): number {
    return this.#requests.count
  }

  async create(name: string): Promise<BlobWriter> {
    this.#check(name)
    return new S3Writer(this.#requests, name, this.#random.id(), this.#uploads)
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    this.#check(name)
    await this.#requireConditions()
    return this.#requests.put(name, bytes, this.#random.id())
  }

  async read(name: string, offsetBytes = 0, lengthBytes?: number): Promise<Uint8Array> {
    this.#check(name)
    if (lengthBytes === undefined && offsetBytes === 0) return this.#requests.get(name)
    const last = lengthBytes === undefined ? '' : String(offsetBytes + lengthBytes - 1)
    if (lengthBytes !== 0) {
      try {
        const bytes = await this.#requests.get(name, `bytes=${offsetBytes}-${last}`)
        if (lengthBytes === undefined || bytes.length === lengthBytes) return bytes
      } catch (error) {
        if (!hasCode(error, 'STORAGE_CORRUPT')) throw error
      }
    }
    // Nothing is asked for, or more than there is.
    const size = (await this.stat(name)).lengthBytes
    const { start, end } = readRange(this.location, name, size, offsetBytes, lengthBytes)
    assert(start === end, `${this.location}: ${name} was cut short by the server`)
    return new Uint8Array(0)
  }

  async stat(name: string): Promise<BlobInfo> {
    this.#check(name)
    return { name, lengthBytes: (await this.#requests.head(name)).ContentLength ?? 0 }
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    checkBlobPrefix(prefix)
    assert(!this.#isClosed, 'the store is closed')
    const blobs: BlobInfo[] = []
    const root = this.#requests.place.prefix
    let token: string | undefined
    do {
      const continued = token === undefined ? {} : { ContinuationToken: token }
      const input = { Prefix: `${root}${prefix}`, ...continued }
      const request = { action: `list ${prefix}`, operation: 'ListObjectsV2', input } as const
      const page = await this.#requests.send(request)
      for (const { Key: key = '', Size: lengthBytes = 0 } of page.Contents ?? []) {
        const name = key.slice(root.length)
        if (key.startsWith(root) && isBlobName(name)) blobs.push({ name, lengthBytes })
      }
      token = page.IsTruncated === true ? page.NextContinuationToken : undefined
    } while (token !== undefined)
    return blobs.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  /** The server copies, also between buckets that the same credentials reach. */
  async linkFrom(source: BlobStore, name: string, target: string): Promise<boolean> {
    if (!(source instanceof S3BlobStore) || !this.#isBeside(source)) return false
    this.#check(target)
    const { lengthBytes } = await source.stat(name)
    if (lengthBytes > COPY_BYTES_MAX) return false
    if ((await this.#requests.writerOf(target)) !== undefined) return true
    const key = source.#requests.key(name).split('/').map(encodeURIComponent).join('/')
    try {
      await this.#requests.send({
        action: 'copy',
        operation: 'CopyObject',
        name: target,
        input: { CopySource: `${source.#requests.place.bucket}/${key}` },
        sentBytes: lengthBytes,
      })
      return true
    } catch (error) {
      if (hasCode(error, 'STORAGE_DENIED', 'STORAGE_UNSUITABLE')) return false
      throw error
    }
  }

  async delete(name: string): Promise<void> {
    this.#check(name)
    await this.#requests.send({ action: 'delete', operation: 'DeleteObject', name })
  }

  /** Throws away the uploads that no writer of this store is making: they are stored, and paid. */
  async cleanTemporary(): Promise<number> {
    let cleaned = 0
    const root = this.#requests.place.prefix
    let from: object | undefined = {}
    while (from !== undefined) {
      const page = await this.#uploadsFrom(root, from)
      for (const { Key: key = '', UploadId: id = '' } of page.Uploads ?? []) {
        const name = key.slice(root.length)
        if (!key.startsWith(root) || !isBlobName(name) || this.#uploads.has(id)) continue
        const input = { UploadId: id }
        const operation = 'AbortMultipartUpload'
        await this.#requests
          .send({ action: 'clean up', operation, name, input })
          .catch(() => undefined)
        cleaned++
      }
      const { IsTruncated, NextKeyMarker, NextUploadIdMarker } = page
      const next = { KeyMarker: NextKeyMarker, UploadIdMarker: NextUploadIdMarker }
      from = IsTruncated === true ? next : undefined
    }
    return cleaned
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#requests.close()
  }

  async #uploadsFrom(root: string, from: object): ReturnType<S3Requests['send']> {
    try {
      const input = { Prefix: root, ...from }
      const operation = 'ListMultipartUploads'
      return await this.#requests.send({ action: 'list the uploads', operation, input })
    } catch (error) {
      // What is left over costs, and harms nobody: a rule of the bucket's own may delete it.
      if (hasCode(error, 'STORAGE_DENIED', 'STORAGE_UNSUITABLE')) return {}
      throw error
    }
  }

  /** Throws `STORAGE_UNSUITABLE` if a put on a name that is taken is not refused. */
  #requireConditions(): Promise<void> {
    this.#heedsConditions ??= this.#tryConditions().catch((error: unknown) => {
      this.#heedsConditions = undefined
      throw error
    })
    return this.#heedsConditions
  }

  async #tryConditions(): Promise<void> {
    const put = (): Promise<boolean> =>
      this.#requests.put(PROBE, new Uint8Array(0), this.#random.id())
    if (!(await put()) || !(await put())) return
    const message = `${this.location}: the server overwrites although told not to (If-None-Match)`
    throw new MillraceError('STORAGE_UNSUITABLE', message, {
      cure: 'use a server with conditional writes: else two processes could lead one job',
    })
  }

  #isBeside(other: S3BlobStore): boolean {
    const [ours, theirs] = [this.#requests.place, other.#requests.place]
    const same = (key: 'endpoint' | 'region' | 'profile'): boolean => ours[key] === theirs[key]
    return same('endpoint') && same('region') && same('profile')
  }

  #check(name: string): void {
    checkBlobName(name)
    assert(!this.#isClosed, 'the store is closed')
  }
}
