/**
 * A blob store around another one, in which every blob is encrypted: its contents, not its name and
 * length. What is asked of it is what the store below can do: ranges are read block by block, also
 * synchronously, and blobs are linked, for they are bound to their header and not to their name.
 *
 * Damage and forgery are `STORAGE_CORRUPT`, as damage is in every store, so that what deals with it
 * deals with both; only the lack of the right key has codes of its own.
 */
import { Buffer } from 'node:buffer'
import { isMillraceError, MillraceError } from '../errors.ts'
import type { BlobInfo, BlobStore, BlobWriter, ReadSync } from '../storage/blob-store.ts'
import { readRange } from '../storage/range.ts'
import type { SubjectKeys } from '../storage/subject-keys.ts'
import { BlobCipher, blockCount, plainLength, TAG_BYTES } from './blob-cipher.ts'
import {
  type BlobHeader,
  decodeHeader,
  encodeHeader,
  HEADER_BYTES,
  SALT_BYTES,
} from './blob-header.ts'
import { EncryptedWriter, Sealer } from './encrypted-writer.ts'
import type { KeyRing } from './key-ring.ts'

/** Of so many blobs the keys are remembered. */
const OPENED_MAX = 10_000

/** A blob whose header has been read. */
interface Opened {
  readonly header: BlobHeader
  readonly cipher: BlobCipher
  readonly sealedBytes: number
}

/** The blocks that a range lies in. */
interface Blocks {
  readonly first: number
  readonly last: number
  /** Of all blocks of the blob. */
  readonly final: number
  /** Where they are stored. */
  readonly at: number
  readonly bytes: number
  /** The range. */
  readonly start: number
  readonly end: number
}

export class EncryptedBlobStore implements BlobStore {
  readonly location: string
  readonly readSync: ReadSync | undefined
  readonly subjects: SubjectKeys | undefined
  readonly #inner: BlobStore
  readonly #ring: KeyRing
  readonly #blockBytes: number
  /** By name, most lately opened last. */
  readonly #opened = new Map<string, Opened>()

  /**
   * Closes `inner` when it is closed.
   *
   * @param subjects their keys, for what is sealed in the blobs
   */
  constructor(inner: BlobStore, ring: KeyRing, subjects?: SubjectKeys) {
    this.subjects = subjects
    this.location = inner.location
    this.#inner = inner
    this.#ring = ring
    this.#blockBytes = ring.blockBytes
    const readSync = inner.readSync?.bind(inner)
    if (readSync !== undefined) {
      this.readSync = (name, offsetBytes, lengthBytes) => {
        return this.#readSync(readSync, name, offsetBytes, lengthBytes)
      }
    }
  }

  async keyId(): Promise<string> {
    return (await this.#ring.dataKey()).keyId
  }

  async create(name: string): Promise<BlobWriter> {
    const { header, sealer } = await this.#seals()
    return new EncryptedWriter(await this.#inner.create(name), sealer, header)
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    const { header, sealer } = await this.#seals()
    return this.#inner.putIfAbsent(name, Buffer.concat([header, sealer.seal(bytes, true)]))
  }

  async read(name: string, offsetBytes = 0, lengthBytes?: number): Promise<Uint8Array> {
    const known = this.#opened.get(name)
    if (known !== undefined) {
      try {
        return await this.#read(known, name, offsetBytes, lengthBytes)
      } catch (error) {
        if (!isCorrupt(error)) throw error
        // It may be another blob by now, under the name of one that was deleted.
        this.#opened.delete(name)
      }
    }
    return this.#read(await this.#open(name), name, offsetBytes, lengthBytes)
  }

  async stat(name: string): Promise<BlobInfo> {
    const { lengthBytes } = await this.#inner.stat(name)
    // Who will read at once asks for the length before: now is the time to ask for keys.
    const isKnown = this.readSync === undefined || this.#opened.has(name)
    if (!isKnown) await this.#open(name).catch(() => undefined)
    return { name, lengthBytes: this.#plainLength(lengthBytes) ?? 0 }
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    const found = await this.#inner.list(prefix)
    return found.map(({ name, lengthBytes }) => {
      return { name, lengthBytes: this.#plainLength(lengthBytes) ?? 0 }
    })
  }

  /** The blob keeps its key, which this store must have. */
  async linkFrom(source: BlobStore, name: string, target: string): Promise<boolean> {
    if (!(source instanceof EncryptedBlobStore)) return false
    if (source.#blockBytes !== this.#blockBytes) return false
    const { keyId, wrapped } = (await source.#open(name)).header
    const isOurs = await this.#ring.unwrap(keyId, wrapped).then(
      () => true,
      () => false,
    )
    if (!isOurs) return false
    return (await this.#inner.linkFrom?.(source.#inner, name, target)) ?? false
  }

  async delete(name: string): Promise<void> {
    this.#opened.delete(name)
    await this.#inner.delete(name)
  }

  async settle(prefix: string): Promise<void> {
    await this.#inner.settle?.(prefix)
  }

  async cleanTemporary(): Promise<number> {
    return (await this.#inner.cleanTemporary?.()) ?? 0
  }

  close(): Promise<void> {
    return this.#inner.close()
  }

  /** Id of the key that a blob is encrypted under. Throws as `read`. */
  async keyIdOf(name: string): Promise<string> {
    return (await this.#headerOf(name)).header.keyId
  }

  async #seals(): Promise<{ readonly header: Buffer; readonly sealer: Sealer }> {
    const { keyId, wrapped, plain } = await this.#ring.dataKey()
    const salt = this.#ring.entropy(SALT_BYTES)
    const blockBytes = this.#blockBytes
    const header = encodeHeader({ keyId, wrapped, salt, blockBytes })
    return { header, sealer: new Sealer(new BlobCipher(plain, salt, header), blockBytes) }
  }

  async #headerOf(
    name: string,
  ): Promise<{ readonly header: BlobHeader; readonly bytes: Uint8Array; readonly of: number }> {
    const { lengthBytes } = await this.#inner.stat(name)
    const bytes = await this.#inner.read(name, 0, Math.min(HEADER_BYTES, lengthBytes))
    const header = decodeHeader(bytes, `${this.location}: ${name}`)
    if (header.blockBytes !== this.#blockBytes) throw this.#corrupt(name, 'has other blocks')
    return { header, bytes, of: lengthBytes }
  }

  async #open(name: string): Promise<Opened> {
    const { header, bytes, of: sealedBytes } = await this.#headerOf(name)
    const dataKey = await this.#ring.unwrap(header.keyId, header.wrapped)
    const cipher = new BlobCipher(dataKey, header.salt, bytes)
    const opened = { header, cipher, sealedBytes }
    this.#opened.delete(name)
    this.#opened.set(name, opened)
    const [oldest] = this.#opened.keys()
    if (this.#opened.size > OPENED_MAX && oldest !== undefined) this.#opened.delete(oldest)
    return opened
  }

  async #read(
    opened: Opened,
    name: string,
    offsetBytes: number,
    lengthBytes: number | undefined,
  ): Promise<Uint8Array> {
    const blocks = this.#blocks(opened, name, offsetBytes, lengthBytes)
    const sealed = await this.#inner.read(name, blocks.at, blocks.bytes)
    return this.#unsealed(opened, name, blocks, sealed)
  }

  #readSync(inner: ReadSync, name: string, offsetBytes: number, lengthBytes: number): Uint8Array {
    const opened = this.#opened.get(name)
    if (opened === undefined) {
      const message = `${this.location}: the key of ${name} was not asked for before it was read`
      throw new MillraceError('STORAGE_FAILED', message, { details: { file: name } })
    }
    const blocks = this.#blocks(opened, name, offsetBytes, lengthBytes)
    return this.#unsealed(opened, name, blocks, inner(name, blocks.at, blocks.bytes))
  }

  /** Throws `STORAGE_CORRUPT` if the range is not within the blob. */
  #blocks(
    { sealedBytes }: Opened,
    name: string,
    offsetBytes: number,
    lengthBytes: number | undefined,
  ): Blocks {
    const plainBytes = this.#plainLength(sealedBytes)
    if (plainBytes === undefined) throw this.#corrupt(name, 'was cut off')
    const range = readRange(this.location, name, plainBytes, offsetBytes, lengthBytes)
    const size = this.#blockBytes
    const final = blockCount(plainBytes, size) - 1
    const first = Math.min(final, Math.floor(range.start / size))
    const last = Math.max(first, Math.min(final, Math.ceil(range.end / size) - 1))
    const at = HEADER_BYTES + first * (size + TAG_BYTES)
    const end = Math.min(sealedBytes, HEADER_BYTES + (last + 1) * (size + TAG_BYTES))
    return { first, last, final, at, bytes: end - at, ...range }
  }

  #unsealed(opened: Opened, name: string, blocks: Blocks, sealed: Uint8Array): Uint8Array {
    const { first, last, final, start, end } = blocks
    const size = this.#blockBytes
    const out = Buffer.allocUnsafeSlow(end - start)
    for (let index = first; index <= last; index++) {
      const at = (index - first) * (size + TAG_BYTES)
      const block = sealed.subarray(at, at + size + TAG_BYTES)
      const plain = opened.cipher.open(index, index === final, block)
      if (plain === undefined) {
        throw this.#corrupt(name, `is damaged or was tampered with: block ${index} of ${final + 1}`)
      }
      const offset = index * size
      const from = Math.max(0, start - offset)
      out.set(plain.subarray(from, Math.max(from, end - offset)), offset + from - start)
    }
    return out
  }

  #plainLength(sealedBytes: number): number | undefined {
    return plainLength(sealedBytes, this.#blockBytes)
  }

  #corrupt(name: string, problem: string): MillraceError {
    const message = `${this.location}: ${name} ${problem}`
    return new MillraceError('STORAGE_CORRUPT', message, { details: { file: name } })
  }
}

function isCorrupt(error: unknown): boolean {
  return isMillraceError(error) && error.code === 'STORAGE_CORRUPT'
}
