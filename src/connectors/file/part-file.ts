/**
 * One output file being written: buffered, appended at known offsets, with a running checksum.
 * A write that fails (a full disk) keeps what it had to write, so that a later one can go on and
 * nothing is lost or doubled. After a failed fsync nobody knows what is on the disk: then the file
 * is given up.
 */
import { Buffer } from 'node:buffer'
import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { crc32 } from 'node:zlib'
import { isMillraceError } from '../../errors.ts'
import { type FileOperations, systemFiles } from '../../storage/local-files.ts'
import { LocalFolders } from '../../storage/local-folders.ts'
import { assert } from '../../util/assert.ts'
import { errnoOf, fileFailed } from './errors.ts'
import type { PartSeal, PartSealer } from './part-seal.ts'

const FLUSH_BYTES = 256 * 1024
const NAMES_TRIED_MAX = 10_000

export interface SealedFile {
  readonly name: string
  readonly lengthBytes: number
  /** Of what was appended. */
  readonly crc32: number
  /** If it was encrypted. */
  readonly seal?: PartSeal
}

export class PartFile {
  readonly name: string
  readonly #path: string
  readonly #handle: FileHandle
  readonly #sealer: PartSealer | undefined
  #buffered: Buffer[] = []
  #bufferedBytes = 0
  #writtenBytes = 0
  #crc32 = 0
  #failure: Error | undefined
  #closed = false

  private constructor(directory: string, name: string, handle: FileHandle, sealer?: PartSealer) {
    this.name = name
    this.#path = join(directory, name)
    this.#handle = handle
    this.#sealer = sealer
  }

  /** Creates a file under the first name that is free; with a sealer, what it holds is sealed. */
  static async create(
    directory: string,
    nameOf: (count: number) => string,
    sealer?: PartSealer,
  ): Promise<PartFile> {
    for (let count = 0; count < NAMES_TRIED_MAX; count++) {
      const name = nameOf(count)
      try {
        return new PartFile(directory, name, await open(join(directory, name), 'wx'), sealer)
      } catch (error) {
        if (errnoOf(error) !== 'EEXIST') throw fileFailed('creating', join(directory, name), error)
      }
    }
    throw fileFailed('creating', join(directory, nameOf(0)), { code: 'EEXIST' })
  }

  get lengthBytes(): number {
    return this.#writtenBytes + this.#bufferedBytes
  }

  /** Takes text over, or bytes; true if there is enough of it that it should be flushed. */
  append(text: string | Buffer): boolean {
    const bytes = typeof text === 'string' ? Buffer.from(text, 'utf8') : text
    this.#buffered.push(this.#sealer?.sealed(bytes) ?? bytes)
    this.#bufferedBytes += bytes.length
    this.#crc32 = crc32(bytes, this.#crc32)
    return this.#bufferedBytes >= FLUSH_BYTES
  }

  /** Hands what is buffered to the system. */
  async flush(): Promise<void> {
    while (this.#bufferedBytes > 0) {
      const bytes = this.#buffered.length === 1 ? this.#buffered[0] : Buffer.concat(this.#buffered)
      assert(bytes !== undefined, 'there is something buffered')
      this.#buffered = [bytes]
      try {
        const { bytesWritten } = await this.#handle.write(
          bytes,
          0,
          bytes.length,
          this.#writtenBytes,
        )
        this.#writtenBytes += bytesWritten
        this.#bufferedBytes -= bytesWritten
        this.#buffered = this.#bufferedBytes === 0 ? [] : [bytes.subarray(bytesWritten)]
      } catch (error) {
        throw fileFailed('writing', this.#path, error)
      }
    }
  }

  /** Makes the content durable and closes the file; its name is durable with the folder. */
  async seal(): Promise<SealedFile> {
    if (this.#failure !== undefined) throw this.#failure
    await this.flush()
    try {
      await this.#handle.sync()
    } catch (error) {
      this.#failure = fileFailed('fsync of', this.#path, error)
      throw this.#failure
    }
    // The content is durable: what closing may still complain of does not matter.
    await this.#close().catch(() => undefined)
    const sealed = { name: this.name, lengthBytes: this.#writtenBytes, crc32: this.#crc32 }
    return this.#sealer === undefined ? sealed : { ...sealed, seal: this.#sealer.seal() }
  }

  async #close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#handle.close()
  }

  /** Closes and deletes, as far as that goes. */
  async discard(): Promise<void> {
    await this.#close().catch(() => undefined)
    await rm(this.#path, { force: true }).catch(() => undefined)
  }
}

/**
 * Makes a folder, and its name durable with those of the folders above: also if it is there
 * already, for who made it may have ended before that, or failed.
 */
export async function makeDirectory(
  directory: string,
  files: FileOperations = systemFiles,
): Promise<void> {
  const path = resolve(directory)
  try {
    await new LocalFolders(path, files, () => undefined).make(path)
  } catch (error) {
    const cause = isMillraceError(error) ? error.cause : error
    throw fileFailed('making the folder', directory, cause)
  }
}

/** Makes the names in a folder durable. */
export async function syncDirectory(directory: string): Promise<void> {
  // Windows has no such thing: its file system keeps names in order by itself.
  if (process.platform === 'win32') return
  try {
    const handle = await open(directory, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw fileFailed('fsync of the folder', directory, error)
  }
}
