/**
 * One blob on its way into a bucket: a small one in one request when it is closed, a large one in
 * parts while it is written, of which several are on their way at a time. Nothing is visible before
 * the request that completes it, which is refused if the name is taken.
 */
import { MillraceError } from '../../errors.ts'
import { assert, required } from '../../util/assert.ts'
import type { BlobWriter } from '../blob-store.ts'
import { Buffered } from '../remote/buffered.ts'
import { Sending } from '../remote/sending.ts'
import type { S3Requests } from './requests.ts'

/** The least that S3 takes is 5 MiB, but for the last one. */
const PART_BYTES = 8 * 1024 * 1024
const PARTS_AT_ONCE = 4
/** S3 takes 10,000 parts: they double after so many, so that a blob may be as large as any. */
const PARTS_OF_ONE_SIZE = 1_000

interface Part {
  readonly PartNumber: number
  readonly ETag: string | undefined
}

export class S3Writer implements BlobWriter {
  readonly #requests: S3Requests
  readonly #name: string
  /** Tells this writer from all others. */
  readonly #writer: string
  /** Told the id of an upload that begins, and of one that has ended. */
  readonly #uploads: Set<string>
  #state: 'open' | 'failed' | 'closed' | 'aborted' = 'open'
  readonly #buffered = new Buffered()
  readonly #sending = new Sending(PARTS_AT_ONCE)
  #uploadId: string | undefined
  #partNumber = 0
  readonly #parts: Part[] = []
  /** Whether the blob may have become visible although `close` failed. */
  #mayBeThere = false

  constructor(requests: S3Requests, name: string, writer: string, uploads: Set<string>) {
    this.#requests = requests
    this.#name = name
    this.#writer = writer
    this.#uploads = uploads
  }

  async write(chunk: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'write to a blob that is closed or failed')
    this.#buffered.add(chunk)
    this.#state = 'failed'
    while (this.#buffered.bytes >= this.#partBytes()) await this.#sendPart(this.#partBytes())
    this.#sending.check()
    this.#state = 'open'
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    assert(this.#state === 'open', 'close of a blob that failed or was thrown away')
    this.#state = 'failed'
    const isPut = this.#uploadId === undefined ? await this.#putWhole() : await this.#complete()
    this.#mayBeThere = false
    if (!isPut) {
      const message = `${this.#requests.place.location}: blob ${this.#name} exists already`
      throw new MillraceError('STORAGE_CONFLICT', message, { details: { file: this.#name } })
    }
    this.#state = 'closed'
    this.#ended()
  }

  async abort(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'aborted') return
    this.#state = 'aborted'
    this.#buffered.clear()
    await this.#sending.settled()
    try {
      if (this.#uploadId !== undefined) await this.#abortUpload(this.#uploadId)
      if (this.#mayBeThere && (await this.#requests.writerOf(this.#name)) === this.#writer) {
        await this.#requests.send({
          action: 'delete',
          operation: 'DeleteObject',
          name: this.#name,
        })
      }
    } catch {
      // The next owner cleans up, and deletes what no manifest names.
    }
    this.#ended()
  }

  #putWhole(): Promise<boolean> {
    this.#mayBeThere = true
    return this.#requests.put(this.#name, this.#buffered.take(this.#buffered.bytes), this.#writer)
  }

  async #complete(): Promise<boolean> {
    if (this.#buffered.bytes > 0) await this.#sendPart(this.#buffered.bytes)
    await this.#sending.settled()
    this.#sending.check()
    const Parts = this.#parts.toSorted((a, b) => a.PartNumber - b.PartNumber)
    const input = { UploadId: this.#uploadId, MultipartUpload: { Parts }, IfNoneMatch: '*' }
    const name = this.#name
    const request = {
      action: 'complete',
      operation: 'CompleteMultipartUpload',
      name,
      input,
    } as const
    this.#mayBeThere = true
    return this.#requests.publish(name, this.#writer, () => this.#requests.send(request))
  }

  /** Begins to send a part; waits until another one may begin. */
  async #sendPart(bytes: number): Promise<void> {
    this.#uploadId ??= await this.#begin()
    const part = this.#buffered.take(bytes)
    await this.#sending.add(this.#upload(++this.#partNumber, part, this.#uploadId))
  }

  async #upload(partNumber: number, bytes: Uint8Array, uploadId: string): Promise<void> {
    const { ETag } = await this.#requests.send({
      action: 'write',
      operation: 'UploadPart',
      name: this.#name,
      input: { UploadId: uploadId, PartNumber: partNumber, Body: bytes },
      sentBytes: bytes.length * PARTS_AT_ONCE,
    })
    this.#parts.push({ PartNumber: partNumber, ETag })
  }

  async #begin(): Promise<string> {
    const { UploadId } = await this.#requests.send({
      action: 'begin to write',
      operation: 'CreateMultipartUpload',
      name: this.#name,
      input: this.#requests.signature(this.#writer),
    })
    const uploadId = required(UploadId, 'an upload has an id')
    this.#uploads.add(uploadId)
    return uploadId
  }

  #abortUpload(uploadId: string): Promise<unknown> {
    return this.#requests.send({
      action: 'throw away',
      operation: 'AbortMultipartUpload',
      name: this.#name,
      input: { UploadId: uploadId },
    })
  }

  #partBytes(): number {
    return PART_BYTES * 2 ** Math.floor(this.#partNumber / PARTS_OF_ONE_SIZE)
  }

  #ended(): void {
    if (this.#uploadId !== undefined) this.#uploads.delete(this.#uploadId)
  }
}
