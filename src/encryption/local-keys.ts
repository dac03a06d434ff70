/**
 * Keys in memory, as they stand in a variable or a file: one a line, `id base64` or only the key,
 * which is then known by its fingerprint. The first one is the newest: what is written is wrapped
 * under it; the others are for what was written before.
 */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv, hash } from 'node:crypto'
import { MillraceError } from '../errors.ts'
import { systemEntropy } from '../util/random.ts'
import { isKeyId } from './blob-header.ts'
import { KEY_BYTES, type KeyProvider } from './key-provider.ts'

const CIPHER = 'aes-256-gcm'
const NONCE_BYTES = 12
const TAG_BYTES = 16
const FINGERPRINT_DIGITS = 16

export class LocalKeys implements KeyProvider {
  readonly #keys: ReadonlyMap<string, Uint8Array>
  readonly #entropy: (bytes: number) => Uint8Array

  /** @param keys by id, the newest first; 32 bytes each */
  constructor(
    keys: ReadonlyMap<string, Uint8Array>,
    entropy: (bytes: number) => Uint8Array = systemEntropy,
  ) {
    this.#keys = keys
    this.#entropy = entropy
  }

  async current(): Promise<string> {
    const [newest] = this.#keys.keys()
    if (newest !== undefined) return newest
    throw new MillraceError('KEY_NOT_FOUND', 'there is no key to encrypt under')
  }

  async wrap(keyId: string, dataKey: Uint8Array): Promise<Uint8Array> {
    const nonce = this.#entropy(NONCE_BYTES)
    const cipher = createCipheriv(CIPHER, this.#key(keyId), nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(Buffer.from(keyId))
    const sealed = [cipher.update(dataKey), cipher.final(), cipher.getAuthTag()]
    return Buffer.concat([nonce, ...sealed])
  }

  async unwrap(keyId: string, wrapped: Uint8Array): Promise<Uint8Array> {
    const key = this.#key(keyId)
    try {
      const nonce = wrapped.subarray(0, NONCE_BYTES)
      const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES })
      decipher.setAAD(Buffer.from(keyId))
      decipher.setAuthTag(wrapped.subarray(-TAG_BYTES))
      const sealed = wrapped.subarray(NONCE_BYTES, -TAG_BYTES)
      return Buffer.concat([decipher.update(sealed), decipher.final()])
    } catch {
      // The library's own error says nothing more.
      const message = `the key "${keyId}" is another one than the data was encrypted under`
      throw new MillraceError('DECRYPTION_FAILED', message, { details: { keyId } })
    }
  }

  #key(keyId: string): Uint8Array {
    const key = this.#keys.get(keyId)
    if (key !== undefined) return key
    const known = [...this.#keys.keys()].map((id) => `"${id}"`).join(', ')
    throw new MillraceError('KEY_NOT_FOUND', `there is no key "${keyId}", but ${known}`, {
      cure: `add the key "${keyId}" as a further line below the newest one`,
      details: { keyId },
    })
  }
}

/**
 * Keys as text. Empty lines and those that begin with `#` are passed over.
 *
 * @param source names the place for messages; the text itself is never in one.
 * @throws `KEY_NOT_FOUND` if there is no key, `KEY_INVALID` if a line is none.
 */
export function parseKeys(text: string, source: string): ReadonlyMap<string, Uint8Array> {
  const keys = new Map<string, Uint8Array>()
  for (const [index, line] of text.split(/\r?\n|,/).entries()) {
    const words = line.trim().split(/\s+/)
    if (line.trim() === '' || line.trim().startsWith('#')) continue
    const key = words.length > 2 ? undefined : keyBytes(words.at(-1) ?? '')
    const invalid = (problem: string): MillraceError => {
      return new MillraceError('KEY_INVALID', `${source}, line ${index + 1}: ${problem}`)
    }
    if (key === undefined) throw invalid('it is no key of 32 bytes')
    const id = words.length === 2 ? (words[0] ?? '') : fingerprint(key)
    if (!isKeyId(id)) throw invalid('the id has other characters than printable ASCII')
    if (keys.has(id)) throw invalid(`the id "${id}" is there twice`)
    keys.set(id, key)
  }
  if (keys.size > 0) return keys
  throw new MillraceError('KEY_NOT_FOUND', `${source} holds no key`)
}

/** 64 hexadecimal digits, or base64. */
function keyBytes(text: string): Uint8Array | undefined {
  const isHex = /^[0-9a-f]{64}$/i.test(text)
  const isBase64 = /^[A-Za-z0-9+/_-]{43}=?$/.test(text)
  if (!isHex && !isBase64) return undefined
  const bytes = Buffer.from(text, isHex ? 'hex' : 'base64')
  return bytes.length === KEY_BYTES ? bytes : undefined
}

function fingerprint(key: Uint8Array): string {
  const label = Buffer.from('millrace key id\0')
  return hash('sha256', Buffer.concat([label, key]), 'hex').slice(0, FINGERPRINT_DIGITS)
}
