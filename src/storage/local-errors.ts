/**
 * What an error of the file system means to a user: which code, whether to try again, what to do.
 */
import { MillraceError, messageOf } from '../errors.ts'

/** The system's code of an error, such as `ENOENT`; empty if there is none. */
export function systemCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : ''
  return typeof code === 'string' ? code : ''
}

/** What to do about an error of the file system; undefined if there is no more to say. */
export function systemCure(error: unknown): string | undefined {
  return CURES[systemCode(error)]
}

const CURES: Readonly<Record<string, string>> = {
  EACCES: 'give this user the right to read and write there',
  EDQUOT: 'the quota is used up: make room; nothing half-written is visible',
  EIO: 'the disk reports errors: look into the log of the system, and verify the checkpoints',
  EMFILE: 'too many files are open in this process: raise its limit (ulimit -n)',
  ENFILE: 'too many files are open on this machine: raise its limit',
  ENOSPC: 'the disk is full: make room; nothing half-written is visible',
  ENOTDIR: 'a part of the path is a file: choose another folder',
  ENOTSUP: 'use a file system with hard links: a blob is published by link()',
  EOPNOTSUPP: 'use a file system with hard links: a blob is published by link()',
  EPERM: 'use a folder in which this user may create and link files',
  EROFS: 'the file system is read-only: choose another folder',
}

/** Worth another attempt without anybody doing something. */
const LASTING = new Set(['EACCES', 'ENOTDIR', 'ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EROFS'])

/** `STORAGE_NOT_FOUND` for a missing file, else `STORAGE_FAILED` with the system's reason. */
export function storageError(action: string, path: string, cause: unknown): MillraceError {
  if (cause instanceof MillraceError) return cause
  const code = systemCode(cause)
  const details = { file: path, systemCode: code }
  if (code === 'ENOENT') {
    return new MillraceError('STORAGE_NOT_FOUND', `${path} does not exist`, { cause, details })
  }
  const cure = systemCure(cause)
  return new MillraceError('STORAGE_FAILED', `cannot ${action} ${path}: ${messageOf(cause)}`, {
    cause,
    details,
    retryable: !LASTING.has(code),
    ...(cure === undefined ? {} : { cure }),
  })
}
