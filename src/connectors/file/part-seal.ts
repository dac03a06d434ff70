/**
 * Hidden files of a job that is encrypted. Each is encrypted by itself (AES-256-GCM) under a key
 * that is made for it and lies in the committable alone, thus in checkpoints, which are encrypted:
 * a file that no checkpoint knows of can be read by nobody. It is as long as what it holds.
 */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { CipherGCM } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { assert } from '../../util/assert.ts'
import { systemEntropy } from '../../util/random.ts'

const CIPHER = 'aes-256-gcm'
export const KEY_BYTES = 32
export const TAG_BYTES = 16
/** The key is of this file alone, so no nonce is used twice. */
const NONCE = new Uint8Array(12)
/** The cipher ends at 64 GiB under one nonce; a file is full before that. */
export const SEALED_BYTES_MAX = 32 * 1024 ** 3

/** What opens a hidden file. */
export interface PartSeal {
  readonly key: Uint8Array
  readonly tag: Uint8Array
}

export class PartSealer {
  readonly #key = systemEntropy(KEY_BYTES)
  readonly #cipher: CipherGCM

  constructor() {
    this.#cipher = createCipheriv(CIPHER, this.#key, NONCE, { authTagLength: TAG_BYTES })
  }

  /** What is to be written for the next bytes; each are given once. */
  sealed(bytes: Uint8Array): Buffer {
    return this.#cipher.update(bytes)
  }

  /** Once, after the last bytes. */
  seal(): PartSeal {
    this.#cipher.final()
    return { key: this.#key, tag: this.#cipher.getAuthTag() }
  }
}

/** Gives what the file holds, piece by piece; false if these are other bytes than were written. */
export async function openSealed(
  path: string,
  { key, tag }: PartSeal,
  give: (bytes: Buffer) => Promise<void>,
): Promise<boolean> {
  const decipher = createDecipheriv(CIPHER, key, NONCE, { authTagLength: TAG_BYTES })
  decipher.setAuthTag(tag)
  for await (const chunk of createReadStream(path)) {
    assert(Buffer.isBuffer(chunk), 'a stream without encoding gives bytes')
    await give(decipher.update(chunk))
  }
  try {
    decipher.final()
    return true
  } catch {
    return false
  }
}
