/**
 * Throw-away files, encrypted under a key that is only in memory: with the attempt all of it is
 * gone for good. Each append is sealed by itself under a number of its own, also one that fails and
 * is done again, so that no nonce is ever used twice.
 */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { MillraceError } from '../errors.ts'
import { readRange } from '../storage/range.ts'
import type { Scratch, ScratchFile } from '../storage/scratch.ts'
import { KEY_BYTES } from './key-provider.ts'
import type { Entropy } from './key-ring.ts'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16

export class EncryptedScratch implements Scratch {
  readonly directory: string
  readonly #inner: Scratch
  readonly #entropy: Entropy

  constructor(inner: Scratch, entropy: Entropy) {
    this.directory = inner.directory
    this.#inner = inner
    this.#entropy = entropy
  }

  create(name: string): ScratchFile {
    return new EncryptedScratchFile(this.#inner.create(name), this.#entropy(KEY_BYTES))
  }

  close(): void {
    this.#inner.close()
  }
}

/** What one append wrote. */
interface Piece {
  readonly nonce: number
  readonly offsetBytes: number
  readonly lengthBytes: number
  readonly sealedAt: number
}

class EncryptedScratchFile implements ScratchFile {
  lengthBytes = 0
  readonly #inner: ScratchFile
  readonly #key: Uint8Array
  readonly #pieces: Piece[] = []
  #nonce = 0

  constructor(inner: ScratchFile, key: Uint8Array) {
    this.#inner = inner
    this.#key = key
  }

  append(bytes: Uint8Array): void {
    const nonce = this.#nonce++
    const cipher = createCipheriv(CIPHER, this.#key, nonceOf(nonce), {
      authTagLength: TAG_BYTES,
    })
    const sealed = [cipher.update(bytes), cipher.final(), cipher.getAuthTag()]
    const sealedAt = this.#inner.lengthBytes
    this.#inner.append(Buffer.concat(sealed))
    const offsetBytes = this.lengthBytes
    this.#pieces.push({ nonce, offsetBytes, lengthBytes: bytes.length, sealedAt })
    this.lengthBytes += bytes.length
  }

  read(offsetBytes: number, lengthBytes: number): Uint8Array {
    const location = 'the scratch folder'
    const { start, end } = readRange(location, 'file', this.lengthBytes, offsetBytes, lengthBytes)
    const out = Buffer.allocUnsafeSlow(end - start)
    for (let at = this.#pieceAt(start), filled = 0; filled < out.length; at++) {
      const piece = this.#pieces[at]
      if (piece === undefined) break
      const plain = this.#open(piece)
      const from = start + filled - piece.offsetBytes
      const part = plain.subarray(from, Math.min(plain.length, end - piece.offsetBytes))
      out.set(part, filled)
      filled += part.length
    }
    return out
  }

  delete(): void {
    this.#inner.delete()
  }

  #open({ nonce, lengthBytes, sealedAt }: Piece): Uint8Array {
    const sealed = this.#inner.read(sealedAt, lengthBytes + TAG_BYTES)
    const decipher = createDecipheriv(CIPHER, this.#key, nonceOf(nonce), {
      authTagLength: TAG_BYTES,
    })
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const plain = decipher.update(sealed.subarray(0, -TAG_BYTES))
    try {
      decipher.final()
      return plain
    } catch (cause) {
      const message = `a spill file has other bytes at ${sealedAt} than were written to it`
      throw new MillraceError('STORAGE_FAILED', message, {
        cause,
        cure: 'check the local disk; no checkpoint holds any of it, and a restart goes on from one',
        retryable: true,
      })
    }
  }

  /** The index of the piece with this byte. */
  #pieceAt(offsetBytes: number): number {
    let [low, high] = [0, this.#pieces.length - 1]
    while (low < high) {
      const middle = (low + high + 1) >>> 1
      if ((this.#pieces[middle]?.offsetBytes ?? 0) <= offsetBytes) low = middle
      else high = middle - 1
    }
    return low
  }
}

function nonceOf(count: number): Buffer {
  const nonce = Buffer.alloc(NONCE_BYTES)
  nonce.writeUIntLE(count, 0, 6)
  return nonce
}
