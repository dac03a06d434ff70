/**
 * The seam for local, throw-away files of one attempt: spilled deltas, overflowing outboxes, the
 * local database. Synchronous, never durable, discarded after a crash. The embedded host gives a
 * real folder, the simulator one in memory.
 */
import { crc32 } from 'node:zlib'
import { MillraceError } from '../errors.ts'

export interface ScratchFile {
  readonly lengthBytes: number
  /** Appends at the end; the bytes are taken over before it returns. */
  append(bytes: Uint8Array): void
  /** Exactly `lengthBytes` from `offsetBytes`. */
  read(offsetBytes: number, lengthBytes: number): Uint8Array
  /** Closes and deletes. */
  delete(): void
}

export interface Scratch {
  /** A real folder for native stores, created and empty; the simulator's is only a name. */
  readonly directory: string
  /** A new empty file; names are used once. */
  create(name: string): ScratchFile
  /** Deletes everything. */
  close(): void
}

/** What one append wrote, so that it is known again when it is read. */
export interface ScratchPiece {
  readonly offsetBytes: number
  readonly lengthBytes: number
  /** CRC-32. */
  readonly checksum: number
}

export function appendPiece(file: ScratchFile, bytes: Uint8Array): ScratchPiece {
  const piece = { offsetBytes: file.lengthBytes, lengthBytes: bytes.length, checksum: crc32(bytes) }
  file.append(bytes)
  return piece
}

/**
 * Reads what one append wrote. What lies on the local disk ends up in checkpoints and with other
 * tasks, so a disk that changes it must not go unnoticed.
 *
 * @throws `STORAGE_FAILED` if the bytes are not those that were written.
 */
export function readPiece(file: ScratchFile, piece: ScratchPiece): Uint8Array {
  const bytes = file.read(piece.offsetBytes, piece.lengthBytes)
  if (crc32(bytes) === piece.checksum) return bytes
  const message = `a spill file has other bytes at ${piece.offsetBytes} than were written to it`
  throw new MillraceError('STORAGE_FAILED', message, {
    cure: 'check the local disk; no checkpoint holds any of it, and a restart goes on from one',
    retryable: true,
  })
}
