/**
 * Who has asked a job to change what, as lines of JSON in `audit.jsonl` of the job's folder, for
 * the owner's eyes only. Lines are only ever appended, and are on the disk before the call returns;
 * a file that is full makes room for a new one, and the oldest of those goes.
 */
import { constants } from 'node:fs'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError, messageOf } from '../../errors.ts'

const AUDIT_FILE_NAME = 'audit.jsonl'
/** Besides the one that is written to. */
const OLDER_FILES_MAX = 7
const NEWLINE = 10

export interface AuditEntry {
  /** ISO 8601, UTC. */
  readonly time: string
  /** The same for the beginning and the outcome of a request. */
  readonly id: string
  /** `owner`: of the process's user, through the socket; `nobody`: without a token. */
  readonly role: string
  /** The first digits of the hash of the token, by which it is known without being told. */
  readonly token?: string | undefined
  readonly via: 'socket' | 'http'
  /** The address of who was denied. */
  readonly from?: string | undefined
  readonly request: string
  readonly params: Readonly<Record<string, unknown>>
  /** A request that began and has no outcome was cut off by the end of the process. */
  readonly outcome: 'begun' | 'done' | 'failed' | 'denied'
  /** Of the error. */
  readonly code?: string | undefined
  /** Of HTTP, and why it was denied. */
  readonly status?: number | undefined
  readonly reason?: string | undefined
}

export class AuditLog {
  readonly #folder: string
  readonly #bytesMax: number
  /** The last line that was asked for; lines are written one after the other. */
  #last: Promise<void> = Promise.resolve()

  /** @param bytesMax of one file */
  constructor(folder: string, bytesMax: number) {
    this.#folder = folder
    this.#bytesMax = bytesMax
  }

  /** Throws `STORAGE_FAILED` if the line cannot be written. */
  append(entry: AuditEntry): Promise<void> {
    const written = this.#last.then(() => this.#write(Buffer.from(`${JSON.stringify(entry)}\n`)))
    this.#last = written.catch(() => undefined)
    return written
  }

  /** Resolves when all that was asked for is written. */
  async close(): Promise<void> {
    await this.#last
  }

  async #write(line: Buffer): Promise<void> {
    const path = join(this.#folder, AUDIT_FILE_NAME)
    try {
      let file = await openForAppend(path)
      try {
        const { size } = await file.stat()
        if (size > 0 && size + line.length > this.#bytesMax) {
          await file.close()
          await this.#makeRoom()
          file = await openForAppend(path)
        }
        // A line that was torn by a crash stays as it is, and the next is not lost with it.
        const parts = (await isTorn(file)) ? [Buffer.of(NEWLINE), line] : [line]
        await file.appendFile(Buffer.concat(parts))
        await file.datasync()
      } finally {
        await file.close()
      }
    } catch (error) {
      const message = `the audit log ${path} cannot be written: ${messageOf(error)}`
      throw new MillraceError('STORAGE_FAILED', message, { cause: error, details: { file: path } })
    }
  }

  /** `audit.jsonl` becomes `audit.1.jsonl`, and so on. */
  async #makeRoom(): Promise<void> {
    const place = (age: number): string => join(this.#folder, `audit.${age}.jsonl`)
    await rm(place(OLDER_FILES_MAX), { force: true })
    for (let age = OLDER_FILES_MAX - 1; age >= 1; age--) {
      await rename(place(age), place(age + 1)).catch(() => undefined)
    }
    await rename(join(this.#folder, AUDIT_FILE_NAME), place(1))
  }
}

/** Follows no link, and takes from others what a file that was there before may have given them. */
async function openForAppend(path: string): Promise<FileHandle> {
  // Windows has no O_NOFOLLOW; or'ing what is undefined changes nothing.
  const { O_APPEND, O_CREAT, O_RDWR, O_NOFOLLOW } = constants
  const file = await open(path, O_APPEND | O_CREAT | O_RDWR | O_NOFOLLOW, 0o600)
  try {
    const { mode } = await file.stat()
    if (process.platform !== 'win32' && (mode & 0o077) !== 0) await file.chmod(0o600)
    return file
  } catch (error) {
    await file.close()
    throw error
  }
}

async function isTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat()
  if (size === 0) return false
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== NEWLINE
}
