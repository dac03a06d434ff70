/** One encrypted blob being written: what has come is sealed block by block and handed on. */
import { Buffer } from 'node:buffer'
import type { BlobWriter } from '../storage/blob-store.ts'
import { assert } from '../util/assert.ts'
import { type BlobCipher, TAG_BYTES } from './blob-cipher.ts'

/** Seals what it is given; each block once. */
export class Sealer {
  readonly #cipher: BlobCipher
  readonly #blockBytes: number
  /** What does not fill a block yet. The last block is only known at the end: it is kept full. */
  readonly #rest: Buffer
  #restBytes = 0
  #index = 0

  constructor(cipher: BlobCipher, blockBytes: number) {
    this.#cipher = cipher
    this.#blockBytes = blockBytes
    this.#rest = Buffer.allocUnsafeSlow(blockBytes)
  }

  /** The blocks that are full and not the last; `isLast`: all that is left. */
  seal(chunk: Uint8Array, isLast: boolean): Buffer {
    const size = this.#blockBytes
    const total = this.#restBytes + chunk.length
    const full = Math.max(0, Math.ceil(total / size) - 1)
    const lastBytes = isLast ? total - full * size + TAG_BYTES : 0
    const out = Buffer.allocUnsafeSlow(full * (size + TAG_BYTES) + lastBytes)
    let [from, at] = [0, 0]
    for (let block = 0; block < full; block++) {
      const isWhole = this.#restBytes === 0
      const to = from + size - this.#restBytes
      const plain = isWhole ? chunk.subarray(from, to) : this.#fill(chunk.subarray(from, to))
      at = this.#cipher.seal(this.#index++, false, plain, out, at)
      this.#restBytes = 0
      from = to
    }
    const rest = this.#fill(chunk.subarray(from))
    if (isLast) this.#cipher.seal(this.#index++, true, rest, out, at)
    return out
  }

  #fill(chunk: Uint8Array): Uint8Array {
    this.#rest.set(chunk, this.#restBytes)
    this.#restBytes += chunk.length
    return this.#rest.subarray(0, this.#restBytes)
  }
}

export class EncryptedWriter implements BlobWriter {
  readonly #inner: BlobWriter
  readonly #sealer: Sealer
  /** Goes out with the first bytes. */
  #header: Uint8Array | undefined
  #state: 'open' | 'ending' | 'closed' = 'open'

  constructor(inner: BlobWriter, sealer: Sealer, header: Uint8Array) {
    this.#inner = inner
    this.#sealer = sealer
    this.#header = header
  }

  async write(chunk: Uint8Array): Promise<void> {
    assert(this.#state === 'open', 'write to a blob that is closed or failed')
    await this.#hand(this.#sealer.seal(chunk, false))
  }

  async close(): Promise<void> {
    if (this.#state === 'closed') return
    assert(this.#state === 'open', 'close of a blob that failed')
    this.#state = 'ending'
    await this.#hand(this.#sealer.seal(new Uint8Array(0), true))
    await this.#inner.close()
    this.#state = 'closed'
  }

  abort(): Promise<void> {
    return this.#inner.abort()
  }

  async #hand(sealed: Buffer): Promise<void> {
    const header = this.#header
    if (sealed.length === 0) return
    this.#header = undefined
    await this.#inner.write(header === undefined ? sealed : Buffer.concat([header, sealed]))
  }
}
