/** Bytes that come in any sizes and are taken in those that a server wants. */
import { Buffer } from 'node:buffer'

export class Buffered {
  #chunks: Buffer[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** The bytes are copied: their owner may change them. */
  add(chunk: Uint8Array): void {
    this.#chunks.push(Buffer.from(chunk))
    this.#bytes += chunk.length
  }

  /** The first so many of them. */
  take(bytes: number): Buffer {
    const all = Buffer.concat(this.#chunks)
    const rest = all.subarray(bytes)
    this.#chunks = rest.length === 0 ? [] : [rest]
    this.#bytes = rest.length
    return all.subarray(0, bytes)
  }

  clear(): void {
    this.take(this.#bytes)
  }
}
