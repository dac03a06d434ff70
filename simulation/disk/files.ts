/**
 * The file operations of a process on a simulated disk. When each of them happens, whether it
 * fails, and what it does by halves, is for the `Performer` to say.
 */
import type { FileOperations, OpenFile } from '../../src/storage/local-files.ts'
import { type Disk, type FileId, systemError } from './disk.ts'

export type FileOperation =
  | 'open'
  | 'create'
  | 'mkdir'
  | 'link'
  | 'unlink'
  | 'stat'
  | 'list'
  | 'write'
  | 'read'
  | 'sync'
  | 'sync-folder'

export interface Performer {
  /** Lets the operation happen, some time, or not. */
  readonly perform: <T>(operation: FileOperation, path: string, effect: () => T) => Promise<T>
  /** The same for one that its caller waits for. */
  readonly performNow?: <T>(operation: FileOperation, path: string, effect: () => T) => T
  /** So much of a read or write is done at once: from 1 to `lengthBytes`. */
  readonly part?: (operation: 'read' | 'write', lengthBytes: number) => number
  /** What is read in place of these bytes. */
  readonly read?: (bytes: Uint8Array) => Uint8Array
  /** What a write does in place of appending. */
  readonly write?: (file: FileId, bytes: Uint8Array) => void
  /** Whether a sync is only said to be done; the path of a folder ends with a slash. */
  readonly skipsSync?: (path: string) => boolean
}

export function filesOn(disk: Disk, performer: Performer): FileOperations {
  const { perform, performNow } = performer
  return {
    open: (path) => perform('open', path, () => opened(disk, performer, path)),
    create: (path) =>
      perform('create', path, () => fileOf(disk, performer, path, disk.create(path))),
    mkdir: (path) => perform('mkdir', path, () => disk.mkdir(path)),
    link: (from, to) => perform('link', to, () => disk.link(from, to)),
    unlink: (path) => perform('unlink', path, () => disk.unlink(path)),
    stat: (path) => perform('stat', path, () => statOf(disk, bare(path))),
    filesBelow: (path) => perform('list', path, () => disk.filesBelow(bare(path))),
    ...(performNow === undefined
      ? {}
      : {
          readSync: (path, bytes, position) =>
            performNow('read', path, () => {
              const { all } = disk.contents(disk.find(path))
              return fill(performer, all.subarray(position, position + bytes.length), bytes, 0)
            }),
        }),
  }
}

function opened(disk: Disk, performer: Performer, path: string): OpenFile {
  if (!disk.isFolder(path)) return fileOf(disk, performer, path, disk.find(path))
  const sync = () =>
    performer.perform('sync-folder', path, () => {
      if (performer.skipsSync?.(`${path}/`) !== true) disk.apply({ kind: 'sync-folder', path })
    })
  const none = () => Promise.reject(systemError('EISDIR', path))
  return { read: none, write: none, stat: none, sync, close: async () => undefined }
}

function fileOf(disk: Disk, performer: Performer, path: string, file: FileId): OpenFile {
  const { perform, part = (_operation, lengthBytes) => lengthBytes } = performer
  return {
    write: (bytes, offset, length) =>
      perform('write', path, () => {
        const bytesWritten = length === 0 ? 0 : part('write', length)
        const written = new Uint8Array(bytes.subarray(offset, offset + bytesWritten))
        if (performer.write !== undefined) performer.write(file, written)
        else disk.apply({ kind: 'write', file, bytes: written })
        return { bytesWritten }
      }),
    read: (bytes, offset, length, position) =>
      perform('read', path, () => {
        const found = disk.contents(file).all.subarray(position, position + length)
        const bytesRead = found.length === 0 ? 0 : part('read', found.length)
        return { bytesRead: fill(performer, found.subarray(0, bytesRead), bytes, offset) }
      }),
    stat: () => perform('stat', path, () => ({ size: disk.contents(file).all.length })),
    sync: () =>
      perform('sync', path, () => {
        if (performer.skipsSync?.(path) !== true) disk.apply({ kind: 'sync-file', file })
      }),
    close: async () => undefined,
  }
}

function fill(performer: Performer, found: Uint8Array, bytes: Uint8Array, offset: number): number {
  bytes.set(performer.read?.(found) ?? found, offset)
  return found.length
}

function statOf(disk: Disk, path: string): { size: number; isFile: () => boolean } {
  if (disk.isFolder(path)) return { size: 0, isFile: () => false }
  return { size: disk.contents(disk.find(path)).all.length, isFile: () => true }
}

/** Without a slash at the end. */
const bare = (path: string) => path.replace(/(?<=.)\/$/, '')
