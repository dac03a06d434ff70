/**
 * A disk in memory that knows what survives a loss of power, under the local store: it keeps every
 * file operation in a log, from which `lostPower` works out the disks that a crash may leave.
 *
 * The rules are POSIX's at their weakest. What was written to a file lasts once the file has been
 * synced, and a name once its folder has been synced after it. Before that, each write and each
 * change of a name may have reached the disk or not, whatever the order; a write may also be torn.
 * A single change of a name is atomic.
 */
import { dirname, join } from 'node:path'
import type { FileOperations, OpenFile } from '../../src/storage/local-files.ts'

/** A file; several names may mean the same. */
export interface Inode {
  bytes: Uint8Array
}

export type Operation =
  | { readonly kind: 'mkdir'; readonly path: string }
  | { readonly kind: 'name'; readonly path: string; readonly inode: Inode }
  | { readonly kind: 'unname'; readonly path: string }
  | { readonly kind: 'write'; readonly inode: Inode; readonly bytes: Uint8Array }
  | { readonly kind: 'sync-file'; readonly inode: Inode }
  | { readonly kind: 'sync-folder'; readonly path: string }
  /** Something was promised to somebody: from here on it must be there. */
  | { readonly kind: 'promise'; readonly what: string }

/** Whole files by absolute path. */
export type Image = ReadonlyMap<string, Uint8Array>

export interface CrashDiskOptions {
  /** A disk that lies: it takes these for done without doing them. */
  readonly ignores?: 'sync-file' | 'sync-folder'
}

export class CrashDisk {
  readonly log: Operation[] = []
  /** What was there durably when the log began. */
  readonly initial: Image
  readonly #files = new Map<string, Inode>()
  readonly #folders = new Set<string>(['/'])
  readonly #options: CrashDiskOptions

  constructor(initial: Image = new Map(), options: CrashDiskOptions = {}) {
    this.initial = new Map(initial)
    this.#options = options
    for (const [path, bytes] of initial) {
      this.#files.set(path, { bytes })
      for (let folder = dirname(path); folder !== '/'; folder = dirname(folder)) {
        this.#folders.add(folder)
      }
    }
  }

  promise(what: string): void {
    this.log.push({ kind: 'promise', what })
  }

  /** The files as a process sees them, synced or not. */
  get image(): Image {
    return new Map([...this.#files].map(([path, { bytes }]) => [path, bytes]))
  }

  /** Those of a process. `turn` is awaited before each: it lets a test choose who is next. */
  operations(turn: () => Promise<void> = async () => undefined): FileOperations {
    return {
      open: async (path) => (await turn(), this.#open(path, turn)),
      create: async (path) => (await turn(), this.#create(path, turn)),
      mkdir: async (path) => (await turn(), this.#mkdir(path)),
      link: async (from, to) => (await turn(), this.#link(from, to)),
      unlink: async (path) => (await turn(), this.#unlink(path)),
      stat: async (path) => (await turn(), this.#stat(path)),
      filesBelow: async (path) => {
        await turn()
        return [...this.#files.keys()].filter((name) => name.startsWith(`${bare(path)}/`))
      },
    }
  }

  #open(path: string, turn: () => Promise<void>): OpenFile {
    const inode = this.#files.get(path)
    if (inode !== undefined) return this.#file(inode, turn)
    if (!this.#folders.has(path)) throw systemError('ENOENT', path)
    const sync = async () => {
      await turn()
      if (this.#options.ignores !== 'sync-folder') this.log.push({ kind: 'sync-folder', path })
    }
    const none = () => Promise.reject(systemError('EISDIR', path))
    return { read: none, write: none, stat: none, sync, close: async () => undefined }
  }

  #create(path: string, turn: () => Promise<void>): OpenFile {
    this.#requireFree(path)
    const inode: Inode = { bytes: new Uint8Array(0) }
    this.#files.set(path, inode)
    this.log.push({ kind: 'name', path, inode })
    return this.#file(inode, turn)
  }

  #file(inode: Inode, turn: () => Promise<void>): OpenFile {
    return {
      write: async (bytes, offset, length) => {
        await turn()
        const written = new Uint8Array(bytes.subarray(offset, offset + length))
        inode.bytes = Buffer.concat([inode.bytes, written])
        this.log.push({ kind: 'write', inode, bytes: written })
        return { bytesWritten: length }
      },
      read: async (bytes, offset, length, position) => {
        await turn()
        const found = inode.bytes.subarray(position, position + length)
        bytes.set(found, offset)
        return { bytesRead: found.length }
      },
      stat: async () => ({ size: inode.bytes.length }),
      sync: async () => {
        await turn()
        if (this.#options.ignores !== 'sync-file') this.log.push({ kind: 'sync-file', inode })
      },
      close: async () => undefined,
    }
  }

  #mkdir(path: string): string | undefined {
    let first: string | undefined
    const missing: string[] = []
    for (let folder = path; !this.#folders.has(folder); folder = dirname(folder)) {
      missing.unshift(folder)
    }
    for (const folder of missing) {
      first ??= folder
      this.#folders.add(folder)
      this.log.push({ kind: 'mkdir', path: folder })
    }
    return first
  }

  #link(from: string, to: string): void {
    const inode = this.#files.get(from)
    if (inode === undefined) throw systemError('ENOENT', from)
    this.#requireFree(to)
    this.#files.set(to, inode)
    this.log.push({ kind: 'name', path: to, inode })
  }

  #unlink(path: string): void {
    if (!this.#files.delete(path)) throw systemError('ENOENT', path)
    this.log.push({ kind: 'unname', path })
  }

  #stat(given: string): { size: number; isFile: () => boolean } {
    const path = bare(given)
    const inode = this.#files.get(path)
    if (inode !== undefined) return { size: inode.bytes.length, isFile: () => true }
    if (!this.#folders.has(path)) throw systemError('ENOENT', path)
    return { size: 0, isFile: () => false }
  }

  #requireFree(path: string): void {
    if (!this.#folders.has(dirname(path))) throw systemError('ENOENT', path)
    if (this.#files.has(path) || this.#folders.has(path)) throw systemError('EEXIST', path)
  }
}

/** Without a slash at the end. */
const bare = (path: string) => path.replace(/(?<=.)\/$/, '')

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code })
}

/** Where a store of a location lies on this disk. */
export const placeOf = (location: string) => join('/disk', location)
