/**
 * Reads a file one piece ahead of who reads it forwards: while a piece is parsed, the next one is
 * on its way. A piece is as long as the one before it.
 */
import { Buffer } from 'node:buffer'
import type { ByteSource } from './bytes.ts'

/** Who asks for less has a small file, or is at the end of one. */
const PIECE_BYTES_LEAST = 1 << 16

interface Ahead {
  readonly position: number
  /** How many bytes were read; rejects with what reading throws. */
  readonly count: Promise<number>
}

export class ReadAhead implements ByteSource {
  readonly #source: ByteSource
  readonly #endOffset: number
  #bytes = Buffer.alloc(0)
  #ahead: Ahead | undefined

  /** @param endOffset nothing from there on is read before it is asked for. */
  constructor(source: ByteSource, endOffset: number) {
    this.#source = source
    this.#endOffset = endOffset
  }

  async read(
    target: Buffer,
    targetStart: number,
    lengthBytes: number,
    position: number,
  ): Promise<number> {
    const ahead = this.#ahead
    const there = await ahead?.count.catch(() => 0)
    this.#ahead = undefined
    let count = 0
    if (ahead?.position === position && there !== undefined && there > 0) {
      count = this.#bytes.copy(target, targetStart, 0, Math.min(there, lengthBytes))
    } else {
      // What went wrong ahead goes wrong again, or was of no importance.
      count = await this.#source.read(target, targetStart, lengthBytes, position)
    }
    if (count === lengthBytes) this.#begin(position + count, lengthBytes)
    return count
  }

  close(): Promise<void> {
    return this.#source.close()
  }

  #begin(position: number, wantedBytes: number): void {
    const lengthBytes = Math.min(wantedBytes, this.#endOffset - position)
    if (lengthBytes < PIECE_BYTES_LEAST) return
    if (this.#bytes.length < lengthBytes) this.#bytes = Buffer.allocUnsafeSlow(lengthBytes)
    const count = this.#source.read(this.#bytes, 0, lengthBytes, position)
    count.catch(() => undefined) // perhaps nobody asks for it
    this.#ahead = { position, count }
  }
}
