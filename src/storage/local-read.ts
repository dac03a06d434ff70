/** Reads of the local store that wait: for the rows of a state that is not loaded yet. */
import { Buffer } from 'node:buffer'
import type { ReadSync } from './blob-store.ts'
import { storageError } from './local-errors.ts'
import type { FileOperations } from './local-files.ts'
import { readRange } from './range.ts'

/** Undefined where the file operations have none; `pathOf` gives the file of a blob. */
export function readerAtOnce(
  files: FileOperations,
  location: string,
  pathOf: (name: string) => string,
): ReadSync | undefined {
  if (files.readSync === undefined) return undefined
  return (name, offsetBytes, lengthBytes) => {
    const path = pathOf(name)
    try {
      const bytes = Buffer.allocUnsafeSlow(lengthBytes)
      const end = offsetBytes + (files.readSync?.(path, bytes, offsetBytes) ?? 0)
      readRange(location, name, end, offsetBytes, lengthBytes)
      return bytes
    } catch (cause) {
      throw storageError('read', path, cause)
    }
  }
}
