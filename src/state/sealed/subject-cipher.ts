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
import { createCipheriv, createDecipheriv, hash } from 'node:crypto'

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

/** What SHA-256 takes at a time, and what HMAC says of it. */
const HASH_BLOCK_BYTES = 64
const INNER_PAD = 0x36
const OUTER_PAD = 0x5c
/** The key of each value is its own. */
const NONCE = Buffer.alloc(12)

/** The name under `key` of the parts together; all but the last of them say where they end. */
export function nameOf(key: Uint8Array, label: number, ...parts: readonly Uint8Array[]): Buffer {
  return mac(key, label, parts).subarray(0, NAME_BYTES)
}

/** `plain`, bound to `context`. */
export function sealValue(key: Uint8Array, context: Uint8Array, plain: Uint8Array): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32LE(context.length)
  const seed = mac(key, SEED, [length, context, plain]).subarray(0, SEED_BYTES)
  const cipher = createCipheriv('aes-256-gcm', mac(key, VALUE_KEY, [seed]), NONCE)
  cipher.setAAD(context)
  const body = cipher.update(plain)
  cipher.final()
  return Buffer.concat([seed, body, cipher.getAuthTag()])
}

/** What was sealed; undefined if it was not, with this key and context. */
export function openValue(
  key: Uint8Array,
  context: Uint8Array,
  sealed: Uint8Array,
): Buffer | undefined {
  if (sealed.length < SEED_BYTES + TAG_BYTES) return undefined
  const seed = sealed.subarray(0, SEED_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', mac(key, VALUE_KEY, [seed]), NONCE)
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

/** HMAC-SHA-256 of a key of 32 bytes: by two plain hashes it takes a third of an object's time. */
function mac(key: Uint8Array, label: number, parts: readonly Uint8Array[]): Buffer {
  const inner = Buffer.alloc(HASH_BLOCK_BYTES + 1, INNER_PAD)
  const outer = Buffer.alloc(HASH_BLOCK_BYTES, OUTER_PAD)
  for (const [index, byte] of key.entries()) {
    inner[index] = byte ^ INNER_PAD
    outer[index] = byte ^ OUTER_PAD
  }
  inner[HASH_BLOCK_BYTES] = label
  const digest = hash('sha256', Buffer.concat([inner, ...parts]), 'buffer')
  return hash('sha256', Buffer.concat([outer, digest]), 'buffer')
}
