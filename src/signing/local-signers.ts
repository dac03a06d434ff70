/**
 * Keys in memory that sign, as they stand in a variable or a file. A line `id base64` or only the
 * key is for HMAC-SHA-256: whoever can verify can also sign. A block of PEM is for Ed25519 and goes
 * by the fingerprint of its public half: a private one signs, a public one only verifies. The first
 * one is the newest.
 */
import { Buffer } from 'node:buffer'
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  hash,
  hkdfSync,
  type KeyObject,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto'
import { KEY_BYTES } from '../encryption/key-provider.ts'
import { parseKeys } from '../encryption/local-keys.ts'
import { MillraceError } from '../errors.ts'
import type { SignatureProvider } from './signature-provider.ts'

/** So that a key that someone also encrypts under is another one here. */
const HMAC_INFO = 'millrace signature 1'
const FINGERPRINT_DIGITS = 16
const PEM = /-----BEGIN ([A-Z ]+)-----[^-]*-----END \1-----/g

/** One key. */
export interface Signer {
  readonly id: string
  /** Absent: it only verifies. */
  readonly sign?: (message: Uint8Array) => Uint8Array
  readonly verify: (message: Uint8Array, signature: Uint8Array) => boolean
}

export class LocalSigners implements SignatureProvider {
  readonly #signers: readonly Signer[]

  /** @param signers the newest first */
  constructor(signers: readonly Signer[]) {
    this.#signers = signers
  }

  async current(): Promise<string> {
    const [newest] = this.#signers
    if (newest?.sign !== undefined) return newest.id
    const message = 'the first key of signing.keys is public: it can verify, but not sign'
    throw new MillraceError('KEY_NOT_FOUND', message, {
      cure: 'put the private key in front of the public ones',
    })
  }

  async sign(keyId: string, message: Uint8Array): Promise<Uint8Array> {
    return this.#signer(keyId).sign?.(message) ?? new Uint8Array(0)
  }

  async verify(keyId: string, message: Uint8Array, signature: Uint8Array): Promise<boolean> {
    return this.#signer(keyId).verify(message, signature)
  }

  #signer(keyId: string): Signer {
    const signer = this.#signers.find(({ id }) => id === keyId)
    if (signer !== undefined) return signer
    const known = this.#signers.map(({ id }) => `"${id}"`).join(', ')
    throw new MillraceError(
      'KEY_NOT_FOUND',
      `there is no key "${keyId}" to verify with: ${known}`,
      {
        cure: 'if it was a key of yours, add it below the newest one; else it was somebody else',
        details: { keyId },
      },
    )
  }
}

/**
 * Keys as text. Empty lines and those that begin with `#` are passed over.
 *
 * @param source names the place for messages; the text itself is never in one.
 * @throws `KEY_NOT_FOUND` if there is no key, `KEY_INVALID` if something is none.
 */
export function parseSigners(text: string, source: string): readonly Signer[] {
  const signers: Signer[] = []
  let end = 0
  for (const { 0: block, index } of text.matchAll(PEM)) {
    signers.push(...hmacSigners(text.slice(end, index), source), pemSigner(block, source))
    end = index + block.length
  }
  signers.push(...hmacSigners(text.slice(end), source))
  if (signers.length === 0) throw new MillraceError('KEY_NOT_FOUND', `${source} holds no key`)
  const twice = signers.find(({ id }, at) => signers.findIndex((other) => other.id === id) !== at)
  if (twice === undefined) return signers
  throw new MillraceError('KEY_INVALID', `${source}: the key "${twice.id}" is there twice`)
}

/** What stands between blocks of PEM; often nothing. */
function hmacSigners(text: string, source: string): readonly Signer[] {
  const isEmpty = text.split(/\r?\n|,/).every((line) => /^\s*(#|$)/.test(line))
  return isEmpty ? [] : [...parseKeys(text, source)].map(([id, key]) => hmacSigner(id, key))
}

/** @param key 32 bytes */
export function hmacSigner(id: string, key: Uint8Array): Signer {
  const derived = Buffer.from(hkdfSync('sha256', key, '', HMAC_INFO, KEY_BYTES))
  const mac = (message: Uint8Array) => createHmac('sha256', derived).update(message).digest()
  return {
    id,
    sign: mac,
    verify(message, signature) {
      const expected = mac(message)
      return signature.length === expected.length && timingSafeEqual(expected, signature)
    },
  }
}

function pemSigner(block: string, source: string): Signer {
  let secret: KeyObject | undefined
  let shared: KeyObject
  try {
    secret = block.includes('PRIVATE KEY-----') ? createPrivateKey(block) : undefined
    shared = secret === undefined ? createPublicKey(block) : createPublicKey(secret)
  } catch {
    // Its message may tell of what was read.
    throw new MillraceError('KEY_INVALID', `${source}: a block of PEM cannot be read`, { cure })
  }
  if (shared.asymmetricKeyType !== 'ed25519') {
    const message = `${source}: a key for ${shared.asymmetricKeyType ?? 'something else'}`
    throw new MillraceError('KEY_INVALID', message, { cure })
  }
  const encoded = shared.export({ type: 'spki', format: 'der' })
  return {
    id: hash('sha256', encoded, 'hex').slice(0, FINGERPRINT_DIGITS),
    ...(secret === undefined ? {} : { sign: (message: Uint8Array) => sign(null, message, secret) }),
    verify: (message, signature) => verify(null, message, shared, signature),
  }
}

const cure = 'give an Ed25519 key, such as `openssl genpkey -algorithm ed25519` makes'
