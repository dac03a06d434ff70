/**
 * The keys of the simulated world, which a share of the seeds have, and what must hold of all that
 * is encrypted under them: no key stream is ever used twice, and what was cut off or has another
 * header is refused. What is random in production comes from the seed.
 */
import { crc32 } from 'node:zlib'
import { BlobCipher, plainLength, TAG_BYTES } from '../src/encryption/blob-cipher.ts'
import { decodeHeader, HEADER_BYTES, isSealed } from '../src/encryption/blob-header.ts'
import { EncryptedBlobStore } from '../src/encryption/encrypted-store.ts'
import { KeyRing } from '../src/encryption/key-ring.ts'
import { LocalKeys } from '../src/encryption/local-keys.ts'
import type { BlobStore } from '../src/storage/blob-store.ts'
import type { SubjectKeys } from '../src/storage/subject-keys.ts'
import type { Random } from '../src/util/random.ts'

/** Small, so that small files have several. */
const BLOCK_BYTES = 256
const KEY_BYTES = 32
/** So much of a key stream tells it from all others. */
const STREAM_BYTES = 16
/** One of so many seeds encrypts. */
const ENCRYPTED_OF = 5
const KEY_ID_AT = 48
/** Where jobs are told that the keys of the vault are. */
export const KEYS_OF_SUBJECTS = 'of the subjects'

export class SimKeys {
  /** Whether jobs of this seed encrypt what they keep. */
  readonly areUsed: boolean
  /** The newest first. */
  #keys: readonly (readonly [string, Uint8Array])[] = []
  readonly #random: Random
  /** Data keys, by how they are wrapped. */
  readonly #dataKeys = new Map<string, Uint8Array>()
  /** Beginnings of key streams, with what each was used for. */
  readonly #streams = new Map<string, string>()

  /** @param must subjects can only be erased where all else is encrypted, too. */
  constructor(random: Random, must = false) {
    this.#random = random
    this.areUsed = must || random.fork('use').int(ENCRYPTED_OF) === 0
    this.rotate()
  }

  /** From now on another key is the newest. */
  rotate(): void {
    const id = `key-${this.#keys.length + 1}`
    this.#keys = [[id, entropyOf(this.#random.fork(id))(KEY_BYTES)], ...this.#keys]
  }

  /** As one process or worker has them. */
  ring(random: Random): KeyRing {
    const entropy = entropyOf(random)
    const keys = new LocalKeys(new Map(this.#keys), entropy)
    const provider = {
      current: () => keys.current(),
      // Whoever may meet a newer key has it before anything is written under it.
      unwrap: (id: string, wrapped: Uint8Array) =>
        new LocalKeys(new Map(this.#keys), entropy).unwrap(id, wrapped),
      wrap: async (id: string, dataKey: Uint8Array) => {
        const wrapped = await keys.wrap(id, dataKey)
        this.#dataKeys.set(hex(wrapped), dataKey)
        return wrapped
      },
    }
    return new KeyRing(provider, { entropy, blockBytes: BLOCK_BYTES })
  }

  /** A store for people's commands, which read and write as the jobs do. */
  storeFor(store: BlobStore, random: Random, subjects?: SubjectKeys): BlobStore {
    return this.areUsed ? new EncryptedBlobStore(store, this.ring(random), subjects) : store
  }

  /** What a blob holds: the bytes themselves if they are not encrypted, or damaged. */
  plain(bytes: Uint8Array): Uint8Array {
    return isSealed(bytes) ? (this.#open(bytes) ?? bytes) : bytes
  }

  /** Throws an error that says what is wrong with a blob that was written. */
  check(bytes: Uint8Array): void {
    if (!isSealed(bytes)) return
    const plain = this.#open(bytes)
    if (plain === undefined) return // damaged meanwhile
    const salt = hex(bytes.subarray(16, KEY_ID_AT))
    const stored = BLOCK_BYTES + TAG_BYTES
    const last = Math.ceil((bytes.length - HEADER_BYTES) / stored) - 1
    for (let index = 0; index <= last; index++) {
      const sealed = bytes.subarray(HEADER_BYTES + index * stored).subarray(0, STREAM_BYTES)
      const known = plain.subarray(index * BLOCK_BYTES).subarray(0, STREAM_BYTES)
      if (known.length < STREAM_BYTES) continue
      const stream = hex(known.map((byte, at) => byte ^ (sealed[at] ?? 0)))
      const use = `${salt} ${index} ${hex(sealed)}`
      if ((this.#streams.get(stream) ?? use) !== use) throw new Error('a nonce is used twice')
      this.#streams.set(stream, use)
    }
    const cut = bytes.subarray(0, HEADER_BYTES + last * stored)
    if (last > 0 && this.#open(cut) !== undefined) throw new Error('a blob that is cut is read')
    if (this.#open(withOtherId(bytes)) !== undefined) throw new Error('a foreign header is taken')
  }

  #open(bytes: Uint8Array): Uint8Array | undefined {
    try {
      const headerBytes = bytes.subarray(0, HEADER_BYTES)
      const header = decodeHeader(headerBytes, 'a blob')
      const dataKey = this.#dataKeys.get(hex(header.wrapped))
      const plainBytes = plainLength(bytes.length, BLOCK_BYTES)
      if (dataKey === undefined || plainBytes === undefined) return undefined
      const cipher = new BlobCipher(dataKey, header.salt, headerBytes)
      const blocks: Uint8Array[] = []
      const stored = BLOCK_BYTES + TAG_BYTES
      const last = Math.max(0, Math.ceil(plainBytes / BLOCK_BYTES) - 1)
      for (let index = 0; index <= last; index++) {
        const at = HEADER_BYTES + index * stored
        const block = cipher.open(index, index === last, bytes.subarray(at, at + stored))
        if (block === undefined) return undefined
        blocks.push(block)
      }
      return Buffer.concat(blocks)
    } catch {
      return undefined
    }
  }
}

/** The same with the id of another key in its header, and a checksum that fits. */
function withOtherId(bytes: Uint8Array): Uint8Array {
  const forged = Buffer.from(bytes)
  forged[KEY_ID_AT] = (forged[KEY_ID_AT] ?? 0) ^ 1
  forged.writeUInt32LE(crc32(forged.subarray(0, HEADER_BYTES - 4)), HEADER_BYTES - 4)
  return forged
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

function entropyOf(random: Random): (bytes: number) => Uint8Array {
  return (bytes) => Uint8Array.from({ length: bytes }, () => random.int(256))
}
