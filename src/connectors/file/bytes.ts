/**
 * The bytes of an input file, read at positions. Plain files are read where asked; compressed ones
 * (`.gz`, `.zst`) only forwards, and their positions count decompressed bytes.
 */
import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { MillraceError, messageOf } from '../../errors.ts'
import { assert } from '../../util/assert.ts'
import { fileFailed, inputFailed } from './errors.ts'

export interface ByteSource {
  /** Fills at most `lengthBytes` of `target` from `position` on; 0 at the end. */
  read(target: Buffer, targetStart: number, lengthBytes: number, position: number): Promise<number>
  close(): Promise<void>
}

export async function openInput(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r')
  } catch (error) {
    throw inputFailed('opening', path, error)
  }
}

export class PlainBytes implements ByteSource {
  readonly #path: string
  readonly #handle: FileHandle

  /** Takes over the handle. */
  constructor(path: string, handle: FileHandle) {
    this.#path = path
    this.#handle = handle
  }

  async read(
    target: Buffer,
    targetStart: number,
    lengthBytes: number,
    position: number,
  ): Promise<number> {
    try {
      return (await this.#handle.read(target, targetStart, lengthBytes, position)).bytesRead
    } catch (error) {
      throw fileFailed('reading', this.#path, error)
    }
  }

  async close(): Promise<void> {
    await this.#handle.close()
  }
}

export function isCompressed(path: string): boolean {
  return path.endsWith('.gz') || path.endsWith('.zst')
}

export class CompressedBytes implements ByteSource {
  readonly #path: string
  readonly #output: Readable
  readonly #chunks: AsyncIterator<Buffer>
  #chunk: Buffer | undefined
  /** Of the first byte of `#chunk`, or of the next one. */
  #position = 0

  constructor(path: string) {
    this.#path = path
    const unpack = path.endsWith('.gz') ? createGunzip() : createZstdDecompress()
    // A failure also destroys `unpack`, and so comes up where its chunks are read.
    pipeline(createReadStream(path), unpack).catch(() => undefined)
    this.#output = unpack
    this.#chunks = unpack[Symbol.asyncIterator]()
  }

  async read(
    target: Buffer,
    targetStart: number,
    lengthBytes: number,
    position: number,
  ): Promise<number> {
    assert(position >= this.#position, 'a compressed file is read forwards')
    for (;;) {
      const chunk = this.#chunk ?? (await this.#nextChunk())
      if (chunk === undefined) return 0
      const from = position - this.#position
      if (from < chunk.length) {
        const count = chunk.copy(
          target,
          targetStart,
          from,
          Math.min(chunk.length, from + lengthBytes),
        )
        this.#chunk = chunk.subarray(from + count)
        this.#position = position + count
        return count
      }
      this.#position += chunk.length
      this.#chunk = undefined
    }
  }

  async #nextChunk(): Promise<Buffer | undefined> {
    try {
      const { done, value } = await this.#chunks.next()
      return done === true ? undefined : value
    } catch (error) {
      throw new MillraceError(
        'CONNECTOR_FAILED',
        `decompressing ${this.#path} failed: ${messageOf(error)}`,
        { cause: error, retryable: false, details: { file: this.#path } },
      )
    }
  }

  close(): Promise<void> {
    this.#output.destroy()
    return Promise.resolve()
  }
}
