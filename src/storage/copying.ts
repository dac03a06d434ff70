/**
 * A store far away with copies nearby: what is written under a prefix is kept on the local disk as
 * well, and read there as long as the copy is sound; what is read is copied when that is over.
 * All else, and every decision about what exists, is the far store's.
 */
import type { BlobInfo, BlobStore, BlobWriter, ReadSync } from './blob-store.ts'
import type { CopyWriter, LocalCopies } from './local-copies.ts'
import type { SubjectKeys } from './subject-keys.ts'

const PIECE_BYTES = 1024 * 1024

export class CopyingStore implements BlobStore {
  readonly location: string
  /** Where the storage is as fast as a disk, but not where only the copies are: one may be lost. */
  readonly readSync: ReadSync | undefined
  readonly keyId?: () => Promise<string>
  readonly hashesBlocks: boolean
  readonly #far: BlobStore
  readonly #copies: LocalCopies
  /** Blobs whose names start so are copied. */
  readonly #prefix: string
  /** Copies under way that nobody waits for. */
  readonly #underWay = new Set<Promise<void>>()
  /** Blobs that were read from afar: to be fetched when it is known that they will be needed. */
  readonly #wanted = new Set<string>()
  #isFetching = false
  #isClosed = false

  constructor(far: BlobStore, copies: LocalCopies, prefix: string) {
    this.location = far.location
    this.readSync = far.readSync?.bind(far)
    this.hashesBlocks = far.hashesBlocks === true
    if (far.keyId !== undefined) this.keyId = far.keyId.bind(far)
    this.#far = far
    this.#copies = copies
    this.#prefix = prefix
  }

  get subjects(): SubjectKeys | undefined {
    return this.#far.subjects
  }

  async create(name: string): Promise<BlobWriter> {
    const writer = await this.#far.create(name)
    const copy = name.startsWith(this.#prefix) ? await this.#copies.begin(name) : undefined
    return copy === undefined ? writer : this.#both(writer, copy)
  }

  putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    return this.#far.putIfAbsent(name, bytes)
  }

  async read(name: string, offsetBytes = 0, lengthBytes?: number): Promise<Uint8Array> {
    if (name.startsWith(this.#prefix)) {
      const copied = await this.#copies.read(name, offsetBytes, lengthBytes)
      if (copied !== undefined) return copied
      if (this.#copies.lacks(name)) this.#wanted.add(name)
    }
    return this.#far.read(name, offsetBytes, lengthBytes)
  }

  stat(name: string): Promise<BlobInfo> {
    return this.#far.stat(name)
  }

  list(prefix: string): Promise<readonly BlobInfo[]> {
    return this.#far.list(prefix)
  }

  async delete(name: string): Promise<void> {
    await this.#far.delete(name)
    if (this.#copies.has(name)) await this.#copies.forget(name)
  }

  async settle(prefix: string): Promise<void> {
    await this.#far.settle?.(prefix)
  }

  async cleanTemporary(): Promise<number> {
    return (await this.#far.cleanTemporary?.()) ?? 0
  }

  /**
   * Deletes all copies but these, beside whatever goes on, and makes those of them that were read
   * from afar. Not while they are read: a restore waits for each byte that comes twice.
   */
  retain(wanted: ReadonlySet<string>): void {
    if (this.#isClosed) return
    this.#beside(this.#copies.retain(wanted))
    for (const name of this.#wanted) {
      if (!wanted.has(name) || this.#copies.has(name)) this.#wanted.delete(name)
    }
    if (this.#isFetching) return
    this.#isFetching = true
    this.#beside(this.#fetchAll().finally(() => (this.#isFetching = false)))
  }

  /** Resolves when no copy is under way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#wanted.clear()
    await this.settled()
    await this.#copies.close()
    await this.#far.close()
  }

  #both(writer: BlobWriter, copy: CopyWriter): BlobWriter {
    return {
      write: async (chunk) => {
        await Promise.all([writer.write(chunk), copy.write(chunk)])
      },
      close: async () => {
        try {
          await writer.close()
        } catch (error) {
          await copy.drop() // whether it is there is for the reader to find out
          throw error
        }
        this.#beside(copy.finish())
      },
      abort: async () => {
        await Promise.all([writer.abort(), copy.drop()])
      },
    }
  }

  /** One after the other; what is read meanwhile waits until it is known to be needed. */
  async #fetchAll(): Promise<void> {
    const names = [...this.#wanted]
    for (const name of names) {
      await this.#fetch(name)
      this.#wanted.delete(name)
    }
  }

  async #fetch(name: string): Promise<void> {
    let copy: CopyWriter | undefined
    try {
      const { lengthBytes } = await this.#far.stat(name)
      copy = await this.#copies.begin(name, lengthBytes)
      for (let from = 0; copy !== undefined && from < lengthBytes; from += PIECE_BYTES) {
        if (this.#isClosed) return await copy.drop()
        await copy.write(
          await this.#far.read(name, from, Math.min(PIECE_BYTES, lengthBytes - from)),
        )
      }
      await copy?.finish()
    } catch {
      await copy?.drop() // who needs it reads it from afar, and is told what is wrong there
    }
  }

  #beside(work: Promise<void>): void {
    this.#underWay.add(work)
    void work.finally(() => this.#underWay.delete(work))
  }
}
