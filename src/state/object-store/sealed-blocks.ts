/**
 * Blocks as they leave this thread, for the store and for the local disk: compressed where that
 * helps, and always encrypted under a key that is in no other place than the memory of this thread.
 * So what is left of an attempt says nothing to anybody, and other bytes than those that were
 * written are noticed. AES-256-GCM, the number of the block as nonce: none is used twice.
 */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib'

const CIPHER = 'aes-256-gcm'
/** Of the key. */
export const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16
const COMPRESSION = { [constants.ZSTD_c_compressionLevel]: 1 }

export interface SealedBlock {
  /** Tells it from every other that the same object has sealed. */
  readonly id: number
  readonly bytes: Buffer
}

export class SealedBlocks {
  readonly #key: Uint8Array
  #ids = 0

  /** @param key of `KEY_BYTES`, and of nobody else. */
  constructor(key: Uint8Array) {
    this.#key = key
  }

  seal(raw: Uint8Array): SealedBlock {
    const id = ++this.#ids
    const chunkSize = raw.length + 1024
    const compressed = zstdCompressSync(raw, { params: COMPRESSION, chunkSize })
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(id), { authTagLength: TAG_BYTES })
    const plain = compressed.length < raw.length ? compressed : raw
    return { id, bytes: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) }
  }

  /** What was sealed under this number; undefined if these are other bytes. */
  open(id: number, rawBytes: number, bytes: Uint8Array): Buffer | undefined {
    if (bytes.length < TAG_BYTES) return undefined
    const options = { authTagLength: TAG_BYTES }
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(id), options)
    decipher.setAuthTag(bytes.subarray(-TAG_BYTES))
    const plain = decipher.update(bytes.subarray(0, -TAG_BYTES))
    try {
      decipher.final()
    } catch {
      return undefined
    }
    if (plain.length === rawBytes) return plain
    return zstdDecompressSync(plain, { maxOutputLength: rawBytes, chunkSize: rawBytes + 64 })
  }
}

function nonceOf(id: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeUIntLE(id, 0, 6)
  return nonce
}
