/**
 * Signatures by a provider: which key is the newest is asked once, and what was found to be right
 * once is not asked again, for a chain is read again and again.
 */
import { Buffer } from 'node:buffer'
import { hash } from 'node:crypto'
import { isKeyId } from '../encryption/blob-header.ts'
import { isMillraceError, messageOf, MillraceError } from '../errors.ts'
import type { Signature, Signatures } from '../storage/signatures.ts'
import type { SignatureProvider } from './signature-provider.ts'

const SIGNATURE_BYTES_MAX = 1024
/** Of so many messages is remembered that their signatures are right. */
const VERIFIED_MAX = 1_000

export class SignatureRing implements Signatures {
  readonly #provider: SignatureProvider
  #keyId: Promise<string> | undefined
  readonly #verified = new Set<string>()

  constructor(provider: SignatureProvider) {
    this.#provider = provider
  }

  /** Id of the key that is signed with; throws as `sign`. */
  keyId(): Promise<string> {
    const keyId = (this.#keyId ??= this.#current())
    keyId.catch(() => (this.#keyId = undefined))
    return keyId
  }

  async sign(message: Uint8Array): Promise<Signature> {
    const keyId = await this.keyId()
    const value = await ask(keyId, () => this.#provider.sign(keyId, under(keyId, message)))
    if (value.length > 0 && value.length <= SIGNATURE_BYTES_MAX) {
      return { keyId, value: Buffer.from(value).toString('base64') }
    }
    const problem = `the key "${keyId}" gave a signature of ${value.length} bytes`
    throw new MillraceError('KEY_INVALID', problem, { details: { keyId } })
  }

  async verify(message: Uint8Array, { keyId, value }: Signature, name: string): Promise<void> {
    const signed = under(keyId, message)
    const id = hash('sha256', Buffer.concat([signed, Buffer.from(value)]), 'hex')
    if (this.#verified.has(id)) return
    let isRight: boolean
    try {
      const bytes = Buffer.from(value, 'base64')
      isRight = await ask(keyId, () => this.#provider.verify(keyId, signed, bytes))
    } catch (error) {
      throw isMillraceError(error) ? inFile(error, name) : error
    }
    if (!isRight) {
      const problem = `${name}: its signature under the key "${keyId}" is wrong`
      throw new MillraceError('SIGNATURE_INVALID', problem, { details: { name, keyId } })
    }
    const [oldest] = this.#verified
    if (this.#verified.size >= VERIFIED_MAX && oldest !== undefined) this.#verified.delete(oldest)
    this.#verified.add(id)
  }

  async #current(): Promise<string> {
    const keyId = await ask('', () => this.#provider.current())
    if (isKeyId(keyId)) return keyId
    throw new MillraceError('KEY_INVALID', 'the provider of signatures gave an id that is none')
  }
}

/** A signature is for its key, too, and for manifests only. */
function under(keyId: string, message: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`millrace signature 1\n${keyId}\n`), message])
}

function inFile({ code, message, cure, retryable, details }: MillraceError, name: string): Error {
  const options = { cure, retryable, details: { ...details, name } }
  return new MillraceError(code, `${name}: ${message}`, options)
}

async function ask<T>(keyId: string, question: () => Promise<T>): Promise<T> {
  try {
    return await question()
  } catch (cause) {
    if (isMillraceError(cause)) throw cause
    const what = keyId === '' ? 'the provider of signatures' : `the provider of key "${keyId}"`
    throw new MillraceError('KEY_UNAVAILABLE', `${what} failed: ${messageOf(cause)}`, { cause })
  }
}
