/**
 * The folders of a store on the local disk: made as they are needed, and durable before anything in
 * them is promised. A folder lasts once the one that it lies in has been synced, up to one that was
 * there before; what another thread or a former process has made may not be synced yet.
 */
import { dirname, join, relative, sep } from 'node:path'
import { storageError, systemCode } from './local-errors.ts'
import type { FileOperations } from './local-files.ts'

/** What opening or syncing a folder gives that is not this user's, or of no disk. */
const NOT_OURS: ReadonlySet<string> = new Set([
  'EACCES',
  'EPERM',
  'EROFS',
  'EINVAL',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
])

export class LocalFolders {
  readonly #root: string
  readonly #system: FileOperations
  readonly #trace: (verb: 'mkdir' | 'fsync', path: string) => void
  /** Those that exist durably, or will when the promise resolves. */
  readonly #made = new Map<string, Promise<void>>()
  #aboveSynced: Promise<void> | undefined

  /**
   * @param root of the store, absolute.
   * @param trace told of each operation just before or after it is done.
   */
  constructor(
    root: string,
    system: FileOperations,
    trace: (verb: 'mkdir' | 'fsync', path: string) => void,
  ) {
    this.#root = root
    this.#system = system
    this.#trace = trace
  }

  /** Resolves when `directory`, the root or one below it, exists durably. */
  async make(directory: string): Promise<void> {
    let made = this.#made.get(directory)
    if (made === undefined) {
      made = this.#makeDurably(directory)
      this.#made.set(directory, made)
      made.catch(() => this.forget(directory))
    }
    await made
  }

  /** It may not exist any more, or not durably: makes it again next time. */
  forget(directory: string): void {
    this.#made.delete(directory)
  }

  /** What its names mean now survives a loss of power. */
  async sync(directory: string): Promise<void> {
    // Windows cannot sync a folder; its file systems journal names themselves.
    if (process.platform === 'win32') return
    this.#trace('fsync', directory)
    try {
      await syncOpened(this.#system, directory)
    } catch (cause) {
      throw storageError('sync', directory, cause)
    }
  }

  /**
   * Creates a folder and syncs each folder that has a new entry; those between the root and it in
   * any case, for another thread may have just made them and not synced yet.
   */
  async #makeDurably(directory: string): Promise<void> {
    try {
      const first = await this.#system.mkdir(directory)
      if (first !== undefined) this.#trace('mkdir', directory)
      const outside = first !== undefined && !first.startsWith(this.#root + sep)
      const top = outside ? dirname(first) : this.#root
      const below = relative(top, directory)
      const parts = below === '' ? [] : below.split(sep)
      await (this.#aboveSynced ??= this.#syncAbove(top))
      for (let depth = 0; depth < parts.length; depth++) {
        await this.sync(join(top, ...parts.slice(0, depth)))
      }
    } catch (cause) {
      // Folders above may be there now, not synced, and to the next call they are not new.
      this.#aboveSynced = undefined
      throw storageError('create', directory, cause)
    }
  }

  /**
   * The folders above may be another process's that died before it synced them. Of most nobody has
   * changed anything, and some this user may not open, or cannot be synced: those are let go.
   */
  async #syncAbove(top: string): Promise<void> {
    const above: string[] = []
    for (let folder = top; folder !== dirname(folder);) above.push((folder = dirname(folder)))
    await Promise.all(above.map((folder) => this.#syncIfOurs(folder)))
  }

  async #syncIfOurs(folder: string): Promise<void> {
    try {
      await this.sync(folder)
    } catch (error) {
      const { cause } = error instanceof Error ? error : {}
      if (!NOT_OURS.has(systemCode(cause))) throw error
    }
  }
}

/** Syncs a file or folder that is not open. */
export async function syncOpened(system: FileOperations, path: string): Promise<void> {
  const handle = await system.open(path)
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
