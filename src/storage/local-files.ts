/**
 * The file operations that the local store rests on, as a seam: production has the file system, the
 * crash-point tests one that knows what survives a loss of power. A folder is read and synced
 * through an open file, as POSIX has it.
 */
import type { Stats } from 'node:fs'
import { closeSync, constants, openSync, readSync } from 'node:fs'
import { link, mkdir, open, readdir, stat, unlink } from 'node:fs/promises'
import { join } from 'node:path'

export interface OpenFile {
  /** May write less than it was given. */
  write(bytes: Uint8Array, offset: number, length: number): Promise<{ bytesWritten: number }>
  /** May read less than there is; 0 at the end. */
  read(
    bytes: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ bytesRead: number }>
  stat(): Promise<Pick<Stats, 'size'>>
  /** `fsync`: contents of a file, names of a folder. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Errors carry the system's `code`. */
export interface FileOperations {
  /** A file or folder that is there, for reading and for `sync`. */
  open(path: string): Promise<OpenFile>
  /** A new file, for writing. `EEXIST` if the name is taken. */
  create(path: string): Promise<OpenFile>
  /** With the folders above it; resolves to the first that was made. */
  mkdir(path: string): Promise<string | undefined>
  /** `EEXIST` if the name is taken. */
  link(from: string, to: string): Promise<void>
  unlink(path: string): Promise<void>
  stat(path: string): Promise<Pick<Stats, 'size' | 'isFile'>>
  /** Fills as much of `bytes` as there is behind `position`; gives how much that was. */
  readSync?(path: string, bytes: Uint8Array, position: number): number
  /** All files below a folder, by path. */
  filesBelow(directory: string): Promise<readonly string[]>
}

const CREATE_FLAGS = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL

export const systemFiles: FileOperations = {
  open: (path) => open(path, 'r'),
  create: (path) => open(path, CREATE_FLAGS),
  mkdir: (path) => mkdir(path, { recursive: true }),
  link,
  unlink,
  stat: (path) => stat(path),
  readSync(path, bytes, position) {
    const file = openSync(path, 'r')
    try {
      let filled = 0
      while (filled < bytes.length) {
        const read = readSync(file, bytes, filled, bytes.length - filled, position + filled)
        if (read === 0) break
        filled += read
      }
      return filled
    } finally {
      closeSync(file)
    }
  },
  async filesBelow(directory) {
    const entries = await readdir(directory, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  },
}

/** For what is thrown away with the process: nobody waits for the disk to have it. */
export const unsyncedFiles: FileOperations = {
  ...systemFiles,
  open: async (path) => withoutSync(await systemFiles.open(path)),
  create: async (path) => withoutSync(await systemFiles.create(path)),
}

function withoutSync(file: OpenFile): OpenFile {
  return {
    write: (bytes, offset, length) => file.write(bytes, offset, length),
    read: (bytes, offset, length, position) => file.read(bytes, offset, length, position),
    stat: () => file.stat(),
    sync: () => Promise.resolve(),
    close: () => file.close(),
  }
}
