/**
 * The data keys of one thread: the one that it writes under, made when the first blob is, and those
 * that it has asked its provider to unwrap. So a provider far away is asked once for each process
 * that wrote, not for each blob.
 */
import { Buffer } from 'node:buffer'
import { isMillraceError, messageOf, MillraceError } from '../errors.ts'
import { systemEntropy } from '../util/random.ts'
import { isKeyId, WRAPPED_BYTES_MAX } from './blob-header.ts'
import { KEY_BYTES, type KeyProvider } from './key-provider.ts'

/** Random bytes that nobody can foretell, except in the simulator. */
export type Entropy = (bytes: number) => Uint8Array

export interface DataKey {
  readonly keyId: string
  readonly wrapped: Uint8Array
  readonly plain: Uint8Array
}

export interface KeyRingOptions {
  readonly entropy?: Entropy
  /** Bytes encrypted at once, the same in all blobs of a storage; fewer in tests. */
  readonly blockBytes?: number
}

/** Deciphering a block for a look-up costs about what reading it does; larger ones gain little. */
const BLOCK_BYTES = 32 * 1024

export class KeyRing {
  readonly entropy: Entropy
  readonly blockBytes: number
  readonly #provider: KeyProvider
  #own: Promise<DataKey> | undefined
  readonly #unwrapped = new Map<string, Promise<Uint8Array>>()

  constructor(provider: KeyProvider, options: KeyRingOptions = {}) {
    this.#provider = provider
    this.entropy = options.entropy ?? systemEntropy
    this.blockBytes = options.blockBytes ?? BLOCK_BYTES
  }

  /**
   * The data key of what this thread writes.
   *
   * @throws what the provider throws; `KEY_UNAVAILABLE` if that is no error of Millrace.
   */
  dataKey(): Promise<DataKey> {
    const own = (this.#own ??= this.#make())
    own.catch(() => (this.#own = undefined))
    return own
  }

  /** A data key that is wrapped; throws as `dataKey`. */
  unwrap(keyId: string, wrapped: Uint8Array): Promise<Uint8Array> {
    const id = `${keyId} ${Buffer.from(wrapped).toString('base64')}`
    const known = this.#unwrapped.get(id)
    if (known !== undefined) return known
    const asked = this.#ask(keyId, async () => {
      const plain = await this.#provider.unwrap(keyId, wrapped)
      if (plain.length === KEY_BYTES) return plain
      const message = `what key "${keyId}" unwraps is no data key: it has ${plain.length} bytes`
      throw new MillraceError('DECRYPTION_FAILED', message, { details: { keyId } })
    })
    this.#unwrapped.set(id, asked)
    asked.catch(() => this.#unwrapped.delete(id))
    return asked
  }

  async #make(): Promise<DataKey> {
    const keyId = await this.#ask('', () => this.#provider.current())
    const plain = this.entropy(KEY_BYTES)
    const wrapped = await this.#ask(keyId, () => this.#provider.wrap(keyId, plain))
    if (!isKeyId(keyId) || wrapped.length > WRAPPED_BYTES_MAX) {
      const message = 'the key provider gave an id or a wrapped key that is too long'
      throw new MillraceError('KEY_INVALID', message)
    }
    const id = `${keyId} ${Buffer.from(wrapped).toString('base64')}`
    this.#unwrapped.set(id, Promise.resolve(plain))
    return { keyId, wrapped, plain }
  }

  async #ask<T>(keyId: string, question: () => Promise<T>): Promise<T> {
    try {
      return await question()
    } catch (cause) {
      if (isMillraceError(cause)) throw cause
      const what = keyId === '' ? 'the key provider' : `the provider of key "${keyId}"`
      throw new MillraceError('KEY_UNAVAILABLE', `${what} failed: ${messageOf(cause)}`, { cause })
    }
  }
}
