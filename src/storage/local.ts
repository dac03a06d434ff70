/**
 * Blobs as files of a folder. A blob is written under a temporary name in its own folder, synced,
 * and then linked to its name: `link` fails if the name is taken, so that nothing is overwritten
 * and nobody sees half a file; the folder is synced last, so that what has resolved survives a
 * loss of power. The order of these steps is pinned by `test/storage/trace.test.ts`.
 *
 *     write → fsync file → link → unlink temporary → fsync folder
 */
import { Buffer } from 'node:buffer'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { isMillraceError } from '../errors.ts'
import { assert } from '../util/assert.ts'
import { systemRandom, type Random } from '../util/random.ts'
import { checkBlobName, checkBlobPrefix, isBlobName, TEMPORARY_MARK } from './blob-name.ts'
import type { BlobInfo, BlobStore, BlobWriter, ReadSync } from './blob-store.ts'
import { storageError, systemCode } from './local-errors.ts'
import { LocalFolders, syncOpened } from './local-folders.ts'
import { systemFiles, type FileOperations, type OpenFile } from './local-files.ts'
import { LocalWriter, type Publish } from './local-writer.ts'
import { readerAtOnce } from './local-read.ts'
import { readRange } from './range.ts'

export interface LocalBlobStoreOptions {
  /** Told of each file operation just before it is done; temporary names end in `.tmp`. */
  readonly trace?: (operation: string) => void
  /** A named place where a fault may strike: `blob-written`, `blob-synced`, `blob-linked`. */
  readonly at?: (point: string) => void | Promise<void>
  /** Makes temporary names unlike those of other writers. */
  readonly random?: Random
  /** Default: those of the system. */
  readonly files?: FileOperations
}

const PUT_ATTEMPTS_MAX = 3

export class LocalBlobStore implements BlobStore {
  readonly location: string
  readonly plainLocation: string | undefined
  readonly readSync: ReadSync | undefined
  readonly #root: string
  readonly #options: LocalBlobStoreOptions
  readonly #random: Random
  readonly #system: FileOperations
  /** Temporary files of this store's living writers. */
  readonly #temporaries = new Set<string>()
  readonly #folders: LocalFolders
  #closed = false

  /** `directory` need not exist; it is created with the first blob. */
  constructor(directory: string, options: LocalBlobStoreOptions = {}, location = directory) {
    this.location = location
    this.#root = resolve(directory)
    this.plainLocation = options.files === undefined ? this.#root : undefined
    this.#options = options
    this.#random = options.random ?? systemRandom()
    this.#system = options.files ?? systemFiles
    this.#folders = new LocalFolders(this.#root, this.#system, (verb, path) => {
      const shown = this.#shown(path)
      options.trace?.(verb === 'fsync' ? `fsync ${shown}/` : `mkdir ${shown}`)
    })
    this.readSync = readerAtOnce(this.#system, location, (name) => this.#path(name))
  }

  async create(name: string): Promise<BlobWriter> {
    return this.#create(name)
  }

  async #create(name: string): Promise<LocalWriter> {
    const path = this.#path(name)
    const temporary = `${path}${TEMPORARY_MARK}${process.pid}-${this.#random.id()}`
    await this.#folders.make(dirname(path))
    const publish: Publish = {
      name,
      path,
      temporary,
      system: this.#system,
      trace: (verb, target = name) => this.#options.trace?.(`${verb} ${target}`),
      at: async (point) => this.#options.at?.(point),
      syncFolder: () => this.#folders.sync(dirname(path)),
      ended: () => this.#temporaries.delete(temporary),
    }
    publish.trace('create', `${name}.tmp`)
    try {
      const writer = new LocalWriter(await this.#system.create(temporary), publish)
      this.#temporaries.add(temporary)
      return writer
    } catch (cause) {
      // Somebody removed the folder: make it again next time.
      if (systemCode(cause) === 'ENOENT') this.#folders.forget(dirname(path))
      throw storageError('create', path, cause)
    }
  }

  async putIfAbsent(name: string, bytes: Uint8Array): Promise<boolean> {
    for (let attempt = 1; ; attempt++) {
      const writer = await this.#create(name)
      try {
        await writer.write(bytes)
        await writer.close()
        return true
      } catch (error) {
        // Once linked, others may have seen it: a put that then fails may or may not have happened.
        if (writer.linked) throw error
        await writer.abort()
        const code = isMillraceError(error) ? error.code : undefined
        if (code === 'STORAGE_CONFLICT') return false
        // Who begins has cleaned the folder meanwhile; who of the two leads, the put itself tells.
        if (code !== 'STORAGE_NOT_FOUND' || attempt === PUT_ATTEMPTS_MAX) throw error
      }
    }
  }

  async read(name: string, offsetBytes = 0, lengthBytes?: number): Promise<Uint8Array> {
    const path = this.#path(name)
    let file: OpenFile | undefined
    try {
      file = await this.#system.open(path)
      const { size } = await file.stat()
      const { start, end } = readRange(this.location, name, size, offsetBytes, lengthBytes)
      const bytes = Buffer.allocUnsafeSlow(end - start)
      let filled = 0
      while (filled < bytes.length) {
        const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled)
        if (bytesRead === 0) readRange(this.location, name, start + filled, start, bytes.length)
        filled += bytesRead
      }
      return bytes
    } catch (cause) {
      throw storageError('read', path, cause)
    } finally {
      await file?.close()
    }
  }

  async stat(name: string): Promise<BlobInfo> {
    const path = this.#path(name)
    try {
      const found = await this.#system.stat(path)
      if (!found.isFile()) throw Object.assign(new Error('not a file'), { code: 'ENOENT' })
      return { name, lengthBytes: found.size }
    } catch (cause) {
      throw storageError('look up', path, cause)
    }
  }

  async list(prefix: string): Promise<readonly BlobInfo[]> {
    checkBlobPrefix(prefix)
    assert(!this.#closed, 'the store is closed')
    const blobs: BlobInfo[] = []
    for (const path of await this.#files(join(this.#root, prefix))) {
      const name = this.#shown(path)
      if (!isBlobName(name)) continue
      try {
        blobs.push({ name, lengthBytes: (await this.#system.stat(path)).size })
      } catch (cause) {
        // Deleted since the folder was read.
        if (systemCode(cause) !== 'ENOENT') throw storageError('look up', path, cause)
      }
    }
    return blobs.sort((a, b) => (a.name < b.name ? -1 : 1))
  }

  async linkFrom(source: BlobStore, name: string, target: string): Promise<boolean> {
    if (!(source instanceof LocalBlobStore)) return false
    const path = this.#path(target)
    const sourcePath = source.#path(name)
    await this.#folders.make(dirname(path))
    this.#options.trace?.(`link ${sourcePath} ${target}`)
    try {
      // Who brought the file there may not have synced it.
      await syncOpened(this.#system, sourcePath)
      await this.#system.link(sourcePath, path)
    } catch (cause) {
      // Another file system, too many links, not our file, no links at all: it can be copied.
      if (['EXDEV', 'EMLINK', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP'].includes(systemCode(cause))) {
        return false
      }
      if (systemCode(cause) !== 'EEXIST') throw storageError('link', sourcePath, cause)
    }
    await this.#folders.sync(dirname(path))
    return true
  }

  async delete(name: string): Promise<void> {
    const path = this.#path(name)
    this.#options.trace?.(`unlink ${name}`)
    try {
      await this.#system.unlink(path)
    } catch (cause) {
      if (systemCode(cause) !== 'ENOENT') throw storageError('delete', path, cause)
    }
    // What was deleted first must be gone first, a manifest before the runs that it names: also if
    // it was another process that deleted it, and had no time to sync.
    await this.#settle(dirname(path))
  }

  async settle(prefix: string): Promise<void> {
    checkBlobPrefix(prefix)
    await this.#settle(this.#path(prefix.slice(0, -1)))
  }

  async #settle(directory: string): Promise<void> {
    try {
      await this.#folders.sync(directory)
    } catch (error) {
      // Nothing was ever there.
      if (!isMillraceError(error) || error.code !== 'STORAGE_NOT_FOUND') throw error
    }
  }

  /**
   * Deletes temporary files that no writer of this store is using: leftovers of a crash. Only for
   * the owner of the folder; another process still writing there would fail, and lose nothing else:
   * what it puts at once, it puts again.
   */
  async cleanTemporary(): Promise<number> {
    let cleaned = 0
    for (const path of await this.#files(this.#root)) {
      if (!path.includes(TEMPORARY_MARK) || this.#temporaries.has(path)) continue
      await this.#system.unlink(path).catch(() => undefined)
      cleaned++
    }
    return cleaned
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #path(name: string): string {
    checkBlobName(name)
    assert(!this.#closed, 'the store is closed')
    return join(this.#root, name)
  }

  async #files(directory: string): Promise<readonly string[]> {
    try {
      await this.#system.stat(directory)
    } catch (cause) {
      if (systemCode(cause) === 'ENOENT') return []
      throw storageError('list', directory, cause)
    }
    try {
      return await this.#system.filesBelow(directory)
    } catch (cause) {
      throw storageError('list', directory, cause)
    }
  }

  /** A path as a name: relative to the root, with slashes. */
  #shown(path: string): string {
    return relative(this.#root, path).split(sep).join('/') || '.'
  }
}
