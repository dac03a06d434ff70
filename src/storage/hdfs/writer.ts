/**
 * One blob on its way into HDFS: written under a temporary name in its own folder, and renamed,
 * which the NameNode refuses if the name is taken. Each attempt to write has a name of its own, so
 * that one that went on unseen harms nothing. A file has a number that stays when it is renamed: it
 * tells, when the answer to that is lost, whether it is our file that has the name.
 *
 *     create temporary → look up its number and length → rename without overwriting
 */
import { hasCode, MillraceError } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import { TEMPORARY_MARK } from '../blob-name.ts'
import type { BlobWriter } from '../blob-store.ts'
import { Buffered } from '../remote/buffered.ts'
import { Sending } from '../remote/sending.ts'
import type { FileStatus, HdfsClient } from './client.ts'

/** What is written at once, and repeated as a whole; larger blobs are joined from such parts. */
const PART_BYTES = 16 * 1024 * 1024
/** Others are filled while some are on their way. */
const PARTS_AT_ONCE = 3

export class HdfsWriter implements BlobWriter {
  readonly #client: HdfsClient
  readonly #name: string
  readonly #writer: string
  /** Temporary files of the store's living writers. */
  readonly #temporaries: Set<string>
  readonly #own = new Set<string>()
  #state: 'open' | 'failed' | 'closed' | 'aborted' = 'open'
  readonly #buffered = new Buffered()
  readonly #sending = new Sending(PARTS_AT_ONCE)
  /** The temporary file of each part, in their order. */
  readonly #parts: string[] = []
  #partCount = 0
  #lengthBytes = 0
  #attempts = 0
  /** Number of the whole file, once it is about to be renamed. */
  #fileId: number | undefined

  constructor(client: HdfsClient, name: string, writer: string, temporaries: Set<string>) {
    this.#client = client
    this.#name = name
    this.#writer = writer
    this.#temporaries = temporaries
  }

  async write(chunk: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'write to a blob that is closed or failed')
    this.#buffered.add(chunk)
    if (this.#buffered.bytes < PART_BYTES) return
    this.#state = 'failed'
    await this.#sendPart()
    this.#state = 'open'
  }

  /** As `BlobWriter` has it, but resolves false in place of the conflict. */
  async publish(): Promise<boolean> {
    assert(this.#state === 'open', 'close of a blob that failed or was thrown away')
    this.#state = 'failed'
    if (this.#buffered.bytes > 0 || this.#partCount === 0) await this.#sendPart()
    await this.#sending.settled()
    this.#sending.check()
    const [first = '', ...others] = this.#parts
    if (others.length > 0) await this.#join(first, others)
    const { fileId, length } = await this.#client.status(first)
    this.#requireLength(length)
    this.#fileId = fileId
    const isPublished = (await this.#client.rename(first, this.#name)) || (await this.#isOurs())
    if (!isPublished && (await this.#found(this.#name)) === undefined) throw this.#cleanedAway()
    this.#fileId = undefined
    if (isPublished) this.#ended()
    return isPublished
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    if (!(await this.publish())) {
      const message = `${this.#client.place.location}: blob ${this.#name} exists already`
      throw new MillraceError('STORAGE_CONFLICT', message, { details: { file: this.#name } })
    }
  }

  async abort(): Promise<void> {
    if (this.#state === 'closed' || this.#state === 'aborted') return
    this.#state = 'aborted'
    this.#buffered.clear()
    await this.#sending.settled()
    for (const temporary of this.#own) {
      // The next owner cleans up what is left, and deletes what no manifest names.
      await this.#client.delete(temporary).catch(() => undefined)
    }
    const isThere = this.#fileId !== undefined && (await this.#isOurs().catch(() => false))
    if (isThere) await this.#client.delete(this.#name).catch(() => undefined)
    this.#forget()
  }

  /** Begins to write what is buffered; waits until another part may begin. */
  async #sendPart(): Promise<void> {
    const bytes = this.#buffered.take(this.#buffered.bytes)
    this.#lengthBytes += bytes.length
    await this.#sending.add(this.#writePart(this.#partCount++, bytes))
  }

  async #writePart(index: number, bytes: Uint8Array): Promise<void> {
    const sentBytes = bytes.length * PARTS_AT_ONCE
    this.#parts[index] = await this.#client.attempts(this.#name, sentBytes, async (attempt) => {
      const number = ++this.#attempts
      const temporary = `${this.#name}${TEMPORARY_MARK}${this.#writer}-${number}`
      this.#own.add(temporary)
      this.#temporaries.add(temporary)
      await this.#client.write(temporary, bytes, attempt)
      return temporary
    })
  }

  async #join(first: string, others: readonly string[]): Promise<void> {
    try {
      await this.#client.concat(first, others)
    } catch (error) {
      // Repeated after a lost answer it finds no parts.
      const found = await this.#found(first)
      if (found?.length !== this.#lengthBytes) throw error
    }
  }

  /** Whether the blob of that name is this file. */
  async #isOurs(): Promise<boolean> {
    return (await this.#found(this.#name))?.fileId === this.#fileId
  }

  async #found(name: string): Promise<FileStatus | undefined> {
    try {
      return await this.#client.status(name)
    } catch (error) {
      if (hasCode(error, 'STORAGE_NOT_FOUND')) return undefined
      throw error
    }
  }

  #requireLength(length: number): void {
    if (length === this.#lengthBytes) return
    const { location } = this.#client.place
    const written = `${this.#lengthBytes} were written`
    const message = `${location}: ${this.#name} has ${length} bytes after ${written}`
    throw new MillraceError('STORAGE_FAILED', message, { details: { file: this.#name } })
  }

  #cleanedAway(): MillraceError {
    const message = `${this.#client.place.location}: ${this.#name} was cleaned away unfinished`
    return new MillraceError('STORAGE_NOT_FOUND', message, { details: { file: this.#name } })
  }

  #ended(): void {
    this.#state = 'closed'
    for (const temporary of this.#own) {
      // Of attempts that failed; the others have another name by now.
      if (!this.#parts.includes(temporary)) {
        void this.#client.delete(temporary).catch(() => undefined)
      }
    }
    this.#forget()
  }

  #forget(): void {
    for (const temporary of this.#own) this.#temporaries.delete(temporary)
  }
}
