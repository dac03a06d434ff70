/** The file `state.lock.json` beside the module of a job. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import {
  EMPTY_LOCK,
  formatStateLock,
  type LockedJob,
  parseStateLock,
  STATE_LOCK_NAME,
  type StateLock,
} from '../checkpoint/state-lock.ts'
import type { Invocation } from './command.ts'
import { jobModuleUrl } from './given-options.ts'
import type { Terminal } from './terminal.ts'

export interface StateLockFile {
  readonly path: string
  /** Undefined if there is no file. */
  readonly lock: StateLock | undefined
}

/** Throws `CONFIG_INVALID` if the file is no lock. */
export function readStateLock(invocation: Invocation, terminal: Terminal): StateLockFile {
  const path = fileURLToPath(new URL(STATE_LOCK_NAME, jobModuleUrl(invocation, terminal)))
  if (!existsSync(path)) return { path, lock: undefined }
  return { path, lock: parseStateLock(readFileSync(path, 'utf8'), path) }
}

/** Puts what a job keeps in the place of what was locked of it; other jobs stay as they are. */
export function writeStateLock(file: StateLockFile, jobName: string, job: LockedJob): void {
  const { formatVersion, jobs } = file.lock ?? EMPTY_LOCK
  writeFileSync(file.path, formatStateLock({ formatVersion, jobs: { ...jobs, [jobName]: job } }))
}
