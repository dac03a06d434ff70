/**
 * A store of which some blobs are still elsewhere: they are read there under other names until they
 * are here, or when a copy that was no good has gone again. Blobs never change, so it does not
 * matter which of the two is read.
 */
import { hasCode } from '../errors.ts'
import type { BlobInfo, BlobStore, BlobWriter, ReadSync } from './blob-store.ts'
import type { SubjectKeys } from './subject-keys.ts'

export class OverlayStore implements BlobStore {
  readonly location: string
  readonly readSync: ReadSync | undefined
  readonly hashesBlocks: boolean
  readonly #own: BlobStore
  readonly #elsewhere: BlobStore
  /** Names there by names here. */
  readonly #names: ReadonlyMap<string, string>

  /** Closes both stores when it is closed. */
  constructor(own: BlobStore, elsewhere: BlobStore, names: ReadonlyMap<string, string>) {
    this.location = own.location
    this.hashesBlocks = own.hashesBlocks === true
    this.#own = own
    this.#elsewhere = elsewhere
    this.#names = names
    // What comes to lie here has keys of its own, for which nobody can ask while a record waits.
    if (own.keyId !== undefined) return
    const [here, there] = [own.readSync?.bind(own), elsewhere.readSync?.bind(elsewhere)]
    if (here === undefined || there === undefined) return
    this.readSync = (name, offsetBytes, lengthBytes) => {
      return this.#findSync(name, here, there, offsetBytes, lengthBytes)
    }
  }

  get subjects(): SubjectKeys | undefined {
    return this.#own.subjects
  }

  create(name: string): Promise<BlobWriter> {
    return this.#own.create(name)
  }

  putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#own.putIfAbsent(name, bytes)
  }

  read(name: string, offsetBytes?: number, lengthBytes?: number): Promise<Uint8Array> {
    return this.#find(name, (store, there) => store.read(there, offsetBytes, lengthBytes))
  }

  async stat(name: string): Promise<BlobInfo> {
    const { lengthBytes } = await this.#find(name, (store, there) => store.stat(there))
    return { name, lengthBytes }
  }

  list(prefix: string): Promise<readonly BlobInfo[]> {
    return this.#own.list(prefix)
  }

  delete(name: string): Promise<void> {
    return this.#own.delete(name)
  }

  async close(): Promise<void> {
    await this.#own.close()
    await this.#elsewhere.close()
  }

  /** As `#find`. */
  #findSync(
    name: string,
    here: ReadSync,
    elsewhere: ReadSync,
    offsetBytes: number,
    lengthBytes: number,
  ): Uint8Array {
    const there = this.#names.get(name)
    const own = (): Uint8Array => here(name, offsetBytes, lengthBytes)
    if (there === undefined) return own()
    try {
      return own()
    } catch (error) {
      if (!hasCode(error, 'STORAGE_NOT_FOUND')) throw error
    }
    try {
      return elsewhere(there, offsetBytes, lengthBytes)
    } catch (error) {
      if (hasCode(error, 'STORAGE_NOT_FOUND')) return own()
      throw error
    }
  }

  async #find<T>(name: string, look: (store: BlobStore, name: string) => Promise<T>): Promise<T> {
    const there = this.#names.get(name)
    if (there === undefined) return look(this.#own, name)
    try {
      return await look(this.#own, name)
    } catch (error) {
      if (!hasCode(error, 'STORAGE_NOT_FOUND')) throw error
    }
    try {
      return await look(this.#elsewhere, there)
    } catch (error) {
      // It may have come, and gone there, since we looked.
      return await look(this.#own, name).catch(() => {
        throw error
      })
    }
  }
}
