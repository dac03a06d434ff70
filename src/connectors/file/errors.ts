/** What goes wrong with files, as coded errors that name the file and the system's own code. */
import { isMillraceError, MillraceError } from '../../errors.ts'

/** Errors of the file system that no later try can cure. */
const LASTING = new Set(['EACCES', 'EPERM', 'EISDIR', 'ENOTDIR', 'ENAMETOOLONG', 'EROFS', 'ELOOP'])

const CURES: Readonly<Record<string, string>> = {
  EACCES: 'give the process the right to read and write there',
  EISDIR: 'give a file: a folder is in its place',
  ENOTDIR: 'check the path: a part of it is a file, not a folder',
  EPERM: 'give the process the right to read and write there',
  ENOSPC: 'make room on the disk; the job goes on from its last checkpoint',
  EDQUOT: 'make room on the disk; the job goes on from its last checkpoint',
  EMFILE: 'raise the limit of open files (ulimit -n)',
}

/** The system's code of an error (`ENOENT`), if it has one. */
export function errnoOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** `CONNECTOR_FAILED` for what the file system refused; coded errors pass unchanged. */
export function fileFailed(doing: string, file: string, error: unknown): MillraceError {
  if (isMillraceError(error)) return error
  const errno = errnoOf(error) ?? 'an unknown error'
  const cure = CURES[errno]
  return new MillraceError('CONNECTOR_FAILED', `${doing} ${file} failed with ${errno}`, {
    cause: error,
    details: { file, errno },
    retryable: !LASTING.has(errno),
    ...(cure === undefined ? {} : { cure }),
  })
}

/** As `fileFailed`, for reading input: a file that is not there has a code of its own. */
export function inputFailed(doing: string, file: string, error: unknown): MillraceError {
  if (errnoOf(error) !== 'ENOENT') return fileFailed(doing, file, error)
  return new MillraceError('CONNECTOR_INPUT_MISSING', `the input ${file} does not exist`, {
    cause: error,
    details: { file },
  })
}

export function inputChanged(file: string, how: string): MillraceError {
  return new MillraceError('CONNECTOR_INPUT_CHANGED', `the input ${file} ${how}`, {
    details: { file },
  })
}
