/**
 * How damage of a run file is reported: always `STORAGE_CORRUPT`, always with the file's name.
 */
import { type ErrorDetails, isMillraceError, MillraceError } from '../../errors.ts'
import type { BlobStore } from '../../storage/blob-store.ts'

export function corrupt(
  file: string,
  why: string,
  details: ErrorDetails = {},
  cause?: unknown,
): MillraceError {
  return new MillraceError('STORAGE_CORRUPT', `run ${file} is damaged: ${why}`, {
    details: { file, ...details },
    cause,
  })
}

/** The error with the file's name, if it is damage that does not yet say where. */
export function located(error: unknown, file: string): unknown {
  if (!isMillraceError(error) || error.code !== 'STORAGE_CORRUPT') return error
  if (error.details['file'] !== undefined) return error
  return new MillraceError('STORAGE_CORRUPT', `run ${file} is damaged: ${error.message}`, {
    details: { ...error.details, file },
    cure: error.cure,
    cause: error,
  })
}

/** Reads a range; a file that is too short for it is damaged. */
export async function readExactly(
  store: BlobStore,
  file: string,
  offset: number,
  lengthBytes: number,
  block?: number,
): Promise<Uint8Array> {
  const bytes = await store.read(file, offset, lengthBytes)
  if (bytes.length === lengthBytes) return bytes
  throw corrupt(file, `it ends within ${lengthBytes} bytes at ${offset}`, { block, offset })
}

/** What is wrong with the footer of a run; whoever reads the file names it. */
export function damagedFooter(why: string, cause?: unknown): MillraceError {
  return new MillraceError('STORAGE_CORRUPT', `the footer is damaged: ${why}`, { cause })
}
