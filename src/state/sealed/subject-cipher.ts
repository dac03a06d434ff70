/**
 * What the key of one subject does: names that only it can make, and values that only it can open.
 *
 *     name    HMAC-SHA-256 under the subject's key of a label and what is named, 16 bytes
 *     value   seed 24 | AES-256-GCM of the plain bytes | tag 16
 *
 * The seed is an HMAC of the plain bytes and what they are bound to, and the key of the cipher one
 * of the seed. So each value has a key of its own without any randomness, and no count of them is
 * too many; what can be seen is that two values are equal, under the same name.
 */
import { Buffer } from 'node:buffer'
import { createCipheriv, createDecipheriv } from 'node:crypto'
import type { ByteWriter } from '../../util/bytes.ts'
import { Mac } from '../../util/mac.ts'

/** Bytes of a name. */
export const NAME_BYTES = 16
const SEED_BYTES = 24
const TAG_BYTES = 16

/** What is named. Part of the format. */
export const NAME_OF_KEY = 1
export const NAME_OF_NAMESPACE = 2
export const NAME_OF_USER_KEY = 3
export const NAME_OF_TIMER = 4
const SEED = 5
const VALUE_KEY = 6

/** The key of each value is its own. */
const NONCE = Buffer.alloc(12)
const CIPHER = 'aes-256-gcm'

const mac = new Mac()

/** The name under `key` of the parts together; all but the last of them say where they end. */
export function nameOf(key: Uint8Array, label: number, ...parts: readonly Uint8Array[]): Buffer {
  const message = mac.begin(key)
  message.uint8(label)
  for (const part of parts) message.raw(part)
  return mac.end(NAME_BYTES)
}

/** Appends `plain`, bound to `context`, to `out`. */
export function sealValue(
  key: Uint8Array,
  context: Uint8Array,
  plain: Uint8Array,
  out: ByteWriter,
): void {
  const message = mac.begin(key)
  message.uint8(SEED)
  message.uint32LE(context.length)
  message.raw(context)
  message.raw(plain)
  const seed = mac.end(SEED_BYTES)
  const cipher = createCipheriv(CIPHER, valueKey(key, seed), NONCE)
  cipher.setAAD(context)
  out.raw(seed)
  out.raw(cipher.update(plain))
  cipher.final()
  out.raw(cipher.getAuthTag())
}

/** What was sealed; undefined if it was not, with this key and context. */
export function openValue(
  key: Uint8Array,
  context: Uint8Array,
  sealed: Uint8Array,
): Buffer | undefined {
  if (sealed.length < SEED_BYTES + TAG_BYTES) return undefined
  const seed = sealed.subarray(0, SEED_BYTES)
  const decipher = createDecipheriv(CIPHER, valueKey(key, seed), NONCE)
  decipher.setAAD(context)
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES))
  const plain = decipher.update(sealed.subarray(SEED_BYTES, sealed.length - TAG_BYTES))
  try {
    decipher.final()
  } catch {
    return undefined
  }
  return plain
}

function valueKey(key: Uint8Array, seed: Uint8Array): Buffer {
  const message = mac.begin(key)
  message.uint8(VALUE_KEY)
  message.raw(seed)
  return mac.end()
}
