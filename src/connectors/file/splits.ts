/**
 * Splits of input files: byte ranges of those whose records end at newlines, whole files else. A
 * split owns the records that begin in its range, so neighbours agree without talking. It carries
 * what the file was when it was found: its size, and checksums of its first and last bytes; a file
 * that was truncated or replaced since is an error, one that has grown is read to its former end.
 */
import { Buffer } from 'node:buffer'
import type { FileHandle } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import { MillraceError } from '../../errors.ts'
import type { Split } from '../../operators/source.ts'
import { isCompressed, openInput } from './bytes.ts'
import { fileFailed, inputChanged } from './errors.ts'

const CHECKED_BYTES = 4_096

export interface FileSplit {
  readonly path: string
  readonly startOffset: number
  /** Records that begin here or later belong to others; Infinity for a compressed file. */
  readonly endOffset: number
  readonly identity: FileIdentity
}

export interface FileIdentity {
  readonly sizeBytes: number
  /** CRC-32 of the first 4 KiB, and of the last 4 KiB before `sizeBytes`. */
  readonly headCrc32: number
  readonly tailCrc32: number
}

/** The splits of one file as it is now; none if it is empty. */
export async function splitsOfFile(
  path: string,
  splitBytes: number | undefined,
): Promise<readonly Split[]> {
  const handle = await openInput(path)
  try {
    const info = await handle.stat()
    if (info.isDirectory()) throw Object.assign(new Error('is a directory'), { code: 'EISDIR' })
    if (info.size === 0) return []
    const identity = await identityOf(handle, info.size)
    const step = splitBytes === undefined || isCompressed(path) ? info.size : splitBytes
    const splits: Split[] = []
    for (let startOffset = 0; startOffset < info.size; startOffset += step) {
      const endOffset = Math.min(startOffset + step, info.size)
      splits.push(encodeSplit({ path, startOffset, endOffset, identity }))
    }
    return splits
  } catch (error) {
    throw fileFailed('reading', path, error)
  } finally {
    await handle.close()
  }
}

function encodeSplit(split: FileSplit): Split {
  const { path, startOffset, endOffset, identity } = split
  return {
    id: `${path}#${startOffset}`,
    properties: { path, startOffset, endOffset, ...identity },
  }
}

function isPlace(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** What `splitsOfFile` put into a split, after it has been in a checkpoint. */
export function decodeSplit(split: Split): FileSplit {
  const { path, startOffset, endOffset, sizeBytes, headCrc32, tailCrc32 } = split.properties ?? {}
  const isSplit =
    typeof path === 'string' &&
    isPlace(startOffset) &&
    isPlace(endOffset) &&
    isPlace(sizeBytes) &&
    typeof headCrc32 === 'number' &&
    typeof tailCrc32 === 'number' &&
    startOffset <= sizeBytes
  if (!isSplit) {
    throw new MillraceError('CHECKPOINT_INCOMPATIBLE', `${split.id} is no split of a file source`)
  }
  return {
    path,
    startOffset,
    endOffset: isCompressed(path) ? Infinity : endOffset,
    identity: { sizeBytes, headCrc32, tailCrc32 },
  }
}

/** Throws `CONNECTOR_INPUT_CHANGED` unless the open file still begins with what was found. */
export async function verifyIdentity(
  path: string,
  handle: FileHandle,
  identity: FileIdentity,
): Promise<void> {
  try {
    const { size } = await handle.stat()
    if (size < identity.sizeBytes) {
      throw inputChanged(
        path,
        `has ${size} bytes, but had ${identity.sizeBytes} when it was found: it was truncated`,
      )
    }
    const now = await identityOf(handle, identity.sizeBytes)
    if (now.headCrc32 !== identity.headCrc32 || now.tailCrc32 !== identity.tailCrc32) {
      throw inputChanged(path, 'has other content than when it was found: it was replaced')
    }
  } catch (error) {
    throw fileFailed('reading', path, error)
  }
}

async function identityOf(handle: FileHandle, sizeBytes: number): Promise<FileIdentity> {
  const length = Math.min(CHECKED_BYTES, sizeBytes)
  return {
    sizeBytes,
    headCrc32: await crc32Of(handle, 0, length),
    tailCrc32: await crc32Of(handle, sizeBytes - length, length),
  }
}

async function crc32Of(handle: FileHandle, offset: number, length: number): Promise<number> {
  const { bytesRead, buffer } = await handle.read(Buffer.alloc(length), 0, length, offset)
  return crc32(buffer.subarray(0, bytesRead))
}
