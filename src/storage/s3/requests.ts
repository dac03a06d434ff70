/**
 * The requests of a store, each repeated where that helps. A put says by whom it is, in metadata:
 * when its answer is lost and its repetition finds the name taken, that tells whether by itself.
 */
import { Buffer } from 'node:buffer'
import { hasCode, MillraceError } from '../../errors.ts'
import type { Attempt, Retries } from '../remote/retries.ts'
import { judgeS3 } from './errors.ts'
import type { S3Place } from './place.ts'
import type { S3Answer, S3Connection, S3Operation } from './sdk.ts'

/** In the metadata of each blob: who has written it. */
const WRITER = 'millrace-writer'

interface Request {
  /** For messages: `read`, `write`, … */
  readonly action: string
  readonly operation: S3Operation
  /** The blob that it is about. */
  readonly name?: string | undefined
  readonly input?: object
  readonly sentBytes?: number
}

export class S3Requests {
  readonly place: S3Place
  readonly #connection: S3Connection
  readonly #retries: Retries
  /** That a blob is missing is not believed of a bucket that has never answered. */
  #knowsBucket = false

  constructor(place: S3Place, connection: S3Connection, retries: Retries) {
    this.place = place
    this.#connection = connection
    this.#retries = retries
  }

  /** Sent so far. */
  get count(): number {
    return this.#retries.attempts
  }

  /** The key of a blob. */
  key(name: string): string {
    return `${this.place.prefix}${name}`
  }

  /** Any operation on the bucket or, if `name` is given, on a blob. */
  send(request: Request): Promise<S3Answer> {
    return this.#attempts(request, (send) => send())
  }

  /** @returns the bytes and their whole length as the server tells it. */
  async get(name: string, range?: string): Promise<Uint8Array> {
    const input = range === undefined ? {} : { Range: range }
    return this.#attempts(
      { action: 'read', operation: 'GetObject', name, input },
      async (send, attempt) => {
        const { Body, ContentLength } = await send()
        const chunks: Uint8Array[] = []
        for await (const chunk of Body ?? []) {
          attempt.progress()
          chunks.push(chunk)
        }
        const bytes = Buffer.concat(chunks)
        if (ContentLength === undefined || bytes.length === ContentLength) return bytes
        const message = `got ${bytes.length} bytes of ${ContentLength}`
        throw Object.assign(new Error(message), { code: 'ECONNRESET' })
      },
    )
  }

  async head(name: string): Promise<S3Answer> {
    try {
      return await this.send({ action: 'look up', operation: 'HeadObject', name })
    } catch (error) {
      // The answer to this operation has no text: it may be the bucket that is missing.
      if (hasCode(error, 'STORAGE_NOT_FOUND') && !this.#knowsBucket) await this.#requireBucket()
      throw error
    }
  }

  /**
   * Does what makes a blob visible if there is none of that name.
   *
   * @returns false if there is one, by another writer.
   */
  async publish(name: string, writer: string, send: () => Promise<unknown>): Promise<boolean> {
    try {
      await send()
      return true
    } catch (error) {
      if (!hasCode(error, 'STORAGE_CONFLICT', 'STORAGE_NOT_FOUND')) throw error
      const found = await this.writerOf(name)
      if (found === writer) return true
      if (error.code === 'STORAGE_CONFLICT' || found !== undefined) return false
      throw error
    }
  }

  /** A whole blob in one request. Returns false if there is one of that name. */
  put(name: string, bytes: Uint8Array, writer: string): Promise<boolean> {
    const input = { Body: bytes, ...this.conditions(writer) }
    const sentBytes = bytes.length
    const request = { action: 'write', operation: 'PutObject', name, input, sentBytes } as const
    return this.publish(name, writer, () => this.send(request))
  }

  /** Of a put by `writer`: nothing may be there. */
  conditions(writer: string): object {
    return { IfNoneMatch: '*', ...this.signature(writer) }
  }

  signature(writer: string): object {
    return { Metadata: { [WRITER]: writer } }
  }

  /** Who has written a blob; empty if it does not say, undefined if there is none. */
  async writerOf(name: string): Promise<string | undefined> {
    try {
      return (await this.head(name)).Metadata?.[WRITER] ?? ''
    } catch (error) {
      if (hasCode(error, 'STORAGE_NOT_FOUND')) return undefined
      throw error
    }
  }

  close(): void {
    this.#retries.close()
    this.#connection.close()
  }

  async #requireBucket(): Promise<void> {
    try {
      await this.send({ action: 'look up the bucket', operation: 'HeadBucket' })
    } catch (error) {
      // Who may not ask for the bucket may still read blobs of it.
      if (hasCode(error, 'STORAGE_DENIED')) return
      if (!hasCode(error, 'STORAGE_NOT_FOUND')) throw error
      const { bucket, location } = this.place
      throw new MillraceError(
        'STORAGE_BUCKET_MISSING',
        `${location}: there is no bucket ${bucket}`,
        {
          cure: `create the bucket ${bucket}, or correct its name`,
        },
      )
    }
  }

  #attempts<T>(
    { action, operation, name, input, sentBytes = 0 }: Request,
    use: (send: () => Promise<S3Answer>, attempt: Attempt) => Promise<T>,
  ): Promise<T> {
    const { bucket, location } = this.place
    const what =
      name === undefined ? `${action} of ${location}` : `${action} ${name} of ${location}`
    const where = name === undefined ? { Bucket: bucket } : { Bucket: bucket, Key: this.key(name) }
    return this.#retries.run(
      what,
      sentBytes,
      (attempt) =>
        use(async () => {
          const answer = await this.#connection.send(
            operation,
            { ...where, ...input },
            attempt.signal,
          )
          this.#knowsBucket = true
          return answer
        }, attempt),
      (error) => judgeS3(error, what, bucket, name),
    )
  }
}
