/**
 * The blocks of one encrypted blob: AES-256-GCM under a key that no other blob has, with the number
 * of the block as nonce, so that none is ever used twice. Each block is bound to the header, to its
 * place and to whether it is the last one: it can be moved neither within the blob nor to another,
 * and what is cut off is missed. A blob has a last block even if it holds nothing.
 */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, hkdfSync } from 'node:crypto'
import { headerDigest, HEADER_BYTES } from './blob-header.ts'
import { KEY_BYTES } from './key-provider.ts'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
export const TAG_BYTES = 16
const LABEL = 'millrace blob 1'

export class BlobCipher {
  readonly #key: Uint8Array
  /** The digest of the header, and one byte more: 1 for the last block. */
  readonly #bound: Buffer

  /** @param header its bytes */
  constructor(dataKey: Uint8Array, salt: Uint8Array, header: Uint8Array) {
    this.#key = new Uint8Array(hkdfSync('sha256', dataKey, salt, LABEL, KEY_BYTES))
    this.#bound = Buffer.concat([headerDigest(header), Buffer.alloc(1)])
  }

  /** Writes the block and its tag into `target`, and gives the place after it. */
  seal(index: number, isLast: boolean, plain: Uint8Array, target: Buffer, at: number): number {
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(index), { authTagLength: TAG_BYTES })
    cipher.setAAD(this.#boundTo(isLast))
    target.set(cipher.update(plain), at)
    cipher.final()
    target.set(cipher.getAuthTag(), at + plain.length)
    return at + plain.length + TAG_BYTES
  }

  /** What was sealed; undefined if these are other bytes, or those of another place. */
  open(index: number, isLast: boolean, sealed: Uint8Array): Buffer | undefined {
    const nonce = nonceOf(index)
    const decipher = createDecipheriv(CIPHER, this.#key, nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(this.#boundTo(isLast))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const plain = decipher.update(sealed.subarray(0, -TAG_BYTES))
    try {
      decipher.final()
      return plain
    } catch {
      return undefined
    }
  }

  #boundTo(isLast: boolean): Buffer {
    this.#bound[this.#bound.length - 1] = isLast ? 1 : 0
    return this.#bound
  }
}

function nonceOf(index: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeUIntLE(index, 0, 6)
  return nonce
}

/** How many blocks so many bytes make. */
export function blockCount(plainBytes: number, blockBytes: number): number {
  return Math.max(1, Math.ceil(plainBytes / blockBytes))
}

/** How much an encrypted blob of this length holds; undefined if none is as long. */
export function plainLength(sealedBytes: number, blockBytes: number): number | undefined {
  const body = sealedBytes - HEADER_BYTES
  const blocks = Math.ceil(body / (blockBytes + TAG_BYTES))
  const plainBytes = body - blocks * TAG_BYTES
  const isOne = plainBytes >= 0 && blocks >= 1 && blockCount(plainBytes, blockBytes) === blocks
  return isOne ? plainBytes : undefined
}
