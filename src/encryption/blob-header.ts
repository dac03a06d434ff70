/**
 * The first bytes of an encrypted blob: which key its data key is wrapped under, the data key so
 * wrapped, and the salt that makes the blob's own key from it. Always as long, so that the length
 * of what is encrypted follows from the length of the blob. docs/internals/encryption.md has it
 * byte by byte. The checksum tells damage from a wrong key; it protects from nobody.
 */
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { MillraceError } from '../errors.ts'
import { assert } from '../util/assert.ts'

export const HEADER_BYTES = 1024
export const SALT_BYTES = 32
const FORMAT_VERSION = 1
/** The line ends are there to notice who takes the file for text. */
const MAGIC = Buffer.from('MRSEAL\r\n', 'latin1')
/** As manifests begin that are not encrypted; no other blob is ever read before one of them. */
const PLAIN = Buffer.from('{"')
const VERSION_AT = 8
const BLOCK_AT = 9
const KEY_ID_BYTES_AT = 10
const WRAPPED_BYTES_AT = 11
const SALT_AT = 16
const TEXT_AT = SALT_AT + SALT_BYTES
const CHECKSUM_AT = HEADER_BYTES - 4
const KEY_ID_CHARS_MAX = 200
export const WRAPPED_BYTES_MAX = 700
const KEY_ID = /^[!-~]+$/

export interface BlobHeader {
  readonly keyId: string
  /** The data key, under that key. */
  readonly wrapped: Uint8Array
  readonly salt: Uint8Array
  /** Bytes encrypted at once; a power of two. */
  readonly blockBytes: number
}

export function isKeyId(text: string): boolean {
  return text.length <= KEY_ID_CHARS_MAX && KEY_ID.test(text)
}

/** True if this is the beginning of an encrypted blob. */
export function isSealed(bytes: Uint8Array): boolean {
  return MAGIC.equals(bytes.subarray(0, MAGIC.length))
}

export function encodeHeader({ keyId, wrapped, salt, blockBytes }: BlobHeader): Buffer {
  assert(isKeyId(keyId) && wrapped.length <= WRAPPED_BYTES_MAX, 'no header for such a key')
  assert(salt.length === SALT_BYTES && Number.isInteger(Math.log2(blockBytes)), 'no such header')
  const bytes = Buffer.alloc(HEADER_BYTES)
  MAGIC.copy(bytes)
  bytes[VERSION_AT] = FORMAT_VERSION
  bytes[BLOCK_AT] = Math.log2(blockBytes)
  bytes[KEY_ID_BYTES_AT] = keyId.length
  bytes.writeUInt16LE(wrapped.length, WRAPPED_BYTES_AT)
  bytes.set(salt, SALT_AT)
  bytes.write(keyId, TEXT_AT, 'latin1')
  bytes.set(wrapped, TEXT_AT + keyId.length)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, CHECKSUM_AT)), CHECKSUM_AT)
  return bytes
}

/** What every block is bound to. */
export function headerDigest(header: Uint8Array): Buffer {
  return hash('sha256', header, 'buffer')
}

/**
 * @param name of the blob and where it is, for messages.
 * @throws `STORAGE_NOT_ENCRYPTED` if it is no encrypted blob, `STORAGE_CORRUPT` if it is damaged,
 *   `CHECKPOINT_INCOMPATIBLE` if it is of a newer format.
 */
export function decodeHeader(given: Uint8Array, name: string): BlobHeader {
  const bytes = Buffer.from(given.buffer, given.byteOffset, given.byteLength)
  if (PLAIN.equals(bytes.subarray(0, PLAIN.length))) {
    throw new MillraceError('STORAGE_NOT_ENCRYPTED', `${name} is not encrypted`, {
      details: { file: name },
    })
  }
  const corrupt = (problem: string): MillraceError => {
    const message = `${name}: the header of its encryption ${problem}`
    return new MillraceError('STORAGE_CORRUPT', message, { details: { file: name } })
  }
  if (!isSealed(bytes)) throw corrupt('is damaged or missing')
  if (bytes.length < HEADER_BYTES) throw corrupt('is cut off')
  if (crc32(bytes.subarray(0, CHECKSUM_AT)) !== bytes.readUInt32LE(CHECKSUM_AT)) {
    throw corrupt('does not match its checksum')
  }
  const version = bytes[VERSION_AT]
  if (version !== FORMAT_VERSION) {
    const message = `${name} is encrypted in format ${version}, not ${FORMAT_VERSION}`
    throw new MillraceError('CHECKPOINT_INCOMPATIBLE', message, {
      cure: 'use the Millrace that wrote it, or a newer one',
    })
  }
  const keyIdBytes = bytes[KEY_ID_BYTES_AT] ?? 0
  const wrappedBytes = bytes.readUInt16LE(WRAPPED_BYTES_AT)
  const keyId = bytes.toString('latin1', TEXT_AT, TEXT_AT + keyIdBytes)
  const isSound = isKeyId(keyId) && wrappedBytes <= WRAPPED_BYTES_MAX
  if (!isSound || (bytes[BLOCK_AT] ?? 0) > 24) throw corrupt('holds no sound values')
  const wrappedAt = TEXT_AT + keyIdBytes
  return {
    keyId,
    wrapped: bytes.subarray(wrappedAt, wrappedAt + wrappedBytes),
    salt: bytes.subarray(SALT_AT, SALT_AT + SALT_BYTES),
    blockBytes: 2 ** (bytes[BLOCK_AT] ?? 0),
  }
}
