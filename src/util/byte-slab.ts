/**
 * Many small byte strings in few large buffers. A buffer of its own costs each some 200 bytes and
 * a call of the allocator, and what is free again between them does not go back to the system; here
 * one costs a view. What is kept of a slab keeps all of it: for strings that live equally long.
 */
import { Buffer } from 'node:buffer'
import type { ByteWriter } from './bytes.ts'

const SLAB_BYTES = 64 * 1024
/** What is longer gets a buffer of its own: little of a slab is lost at its end. */
const SHARED_BYTES_MAX = SLAB_BYTES / 16

export class ByteSlab {
  #slab: Buffer = Buffer.alloc(0)
  #used = 0

  /** A copy of what has been written; nobody else writes to it. */
  copyOf({ bytes, length }: Pick<ByteWriter, 'bytes' | 'length'>): Uint8Array {
    if (length > SHARED_BYTES_MAX) return Buffer.from(bytes.subarray(0, length))
    if (this.#used + length > this.#slab.length) {
      this.#slab = Buffer.allocUnsafeSlow(SLAB_BYTES)
      this.#used = 0
    }
    const start = this.#used
    this.#used += length
    bytes.copy(this.#slab, start, 0, length)
    return this.#slab.subarray(start, this.#used)
  }
}
